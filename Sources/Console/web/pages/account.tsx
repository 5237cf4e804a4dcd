// The signed-in user.

import { useState } from 'react';
import { useApp } from '../app';
import type { User } from '../data/types';
import { Link, usePage } from '../router';
import { Icon } from '../ui/icons';
import { Button, CopyButton, Empty } from '../ui/parts';

export function Account({ user }: { user: User }) {
  const { session, toasts } = useApp();
  const heading = usePage('Account');
  const [isBusy, setBusy] = useState(false);
  const signOut = async () => {
    setBusy(true);
    try {
      await session.signOut();
    } catch (error) {
      toasts.trouble(error);
      setBusy(false);
    }
  };
  return (
    <div className="page narrow">
      <h1 ref={heading} tabIndex={-1}>Account</h1>
      <section className="card account">
        <span className="avatar" aria-hidden="true">{user.name.trim().charAt(0).toUpperCase()}</span>
        <dl className="facts-list">
          <div><dt>Name</dt><dd>{user.name}</dd></div>
          <div><dt>E-mail</dt><dd>{user.email}</dd></div>
          <div>
            <dt>Address</dt>
            <dd>{user.emailVerified
              ? <span className="badge status-active"><Icon name="check" size={14} />Confirmed</span>
              : <><span className="badge status-deleting">Not confirmed</span> <Link to={`/verify?email=${encodeURIComponent(user.email)}`}>Enter the code</Link></>}
            </dd>
          </div>
          <div><dt>Id</dt><dd className="id"><code>{user.id}</code><CopyButton text={user.id} label="your id" /></dd></div>
        </dl>
      </section>
      <section className="card">
        <h2>Sign out</h2>
        <p className="muted">Ends this session in all tabs of this browser. Your virtual machines go on.</p>
        <Button icon="out" isBusy={isBusy} onClick={() => void signOut()}>Sign out</Button>
      </section>
    </div>
  );
}

export function NotFound() {
  const heading = usePage('Not found');
  return (
    <div className="page">
      <h1 ref={heading} tabIndex={-1} className="sr">Not found</h1>
      <Empty icon="globe" title="There is nothing at this address">
        <Link to="/deployments" className="button outline">To the deployments</Link>
      </Empty>
    </div>
  );
}
