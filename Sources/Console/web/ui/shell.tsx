// The frame around every page: where one is, where one can go, whether the page is live.

import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import { useApp } from '../app';
import { nothing } from '../data/decode';
import type { User } from '../data/types';
import { Link, useLocation } from '../router';
import { Icon, Logo } from './icons';
import type { IconName } from './icons';
import { Button } from './parts';

export function Shell({ user, children }: { user: User; children: ReactNode }) {
  const { settings } = useApp();
  const links: { to: string; icon: IconName; label: string }[] = [
    { to: '/deployments', icon: 'server', label: 'Deployments' },
    { to: '/ssh-keys', icon: 'key', label: 'SSH keys' },
    { to: '/account', icon: 'user', label: 'Account' },
    ...(settings.hasControlRoom ? [{ to: '/control', icon: 'sliders' as const, label: 'Control room' }] : []),
  ];
  const { path } = useLocation();
  return (
    <>
      <a className="skip-link" href="#main">Skip to the content</a>
      <header className="bar">
        <div className="bar-inner">
          <Link to="/deployments" className="brand" aria-label="Hothouse, deployments"><Logo /><span>Hothouse</span></Link>
          <nav aria-label="Main">
            {links.map(({ to, icon, label }) => (
              <Link key={to} to={to} aria-current={path.startsWith(to) ? 'page' : undefined}>
                <Icon name={icon} /><span>{label}</span>
              </Link>
            ))}
          </nav>
          <div className="bar-end">
            <ConnectionPill />
            <ThemeButton />
          </div>
        </div>
      </header>
      {!user.emailVerified && <VerifyBanner user={user} />}
      <main id="main" tabIndex={-1}>{children}</main>
    </>
  );
}

function VerifyBanner({ user }: { user: User }) {
  const { http, toasts } = useApp();
  const [isBusy, setBusy] = useState(false);
  const resend = async () => {
    setBusy(true);
    try {
      await http.post('/auth/resend-verification', nothing, { body: { email: user.email } });
      toasts.done(`If the mail has not come, one more is on its way to ${user.email}.`);
    } catch (error) {
      toasts.trouble(error);
    }
    setBusy(false);
  };
  return (
    <div className="banner" role="region" aria-label="Confirm your address">
      <Icon name="mail" />
      <p>Confirm <strong>{user.email}</strong> to deploy. The code is in the mail that we sent.</p>
      <div className="row">
        <Link to={`/verify?email=${encodeURIComponent(user.email)}`} className="button outline">Enter the code</Link>
        <Button look="ghost" isBusy={isBusy} onClick={resend}>Send it again</Button>
      </div>
    </div>
  );
}

/** Live, reconnecting in n s, or offline. */
export function ConnectionPill() {
  const { socket } = useApp();
  const state = useSyncExternalStore((listener) => socket.onState(listener), () => socket.state);
  const [, tick] = useState(0);
  const isWaiting = state.kind === 'waiting';
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [isWaiting]);
  const seconds = state.kind === 'waiting' ? Math.max(1, Math.ceil((state.until - Date.now()) / 1000)) : 0;
  const words: Record<typeof state.kind, [tone: string, word: string]> = {
    off: ['idle', 'Not connected'],
    connecting: ['wait', 'Connecting'],
    live: ['live', 'Live'],
    waiting: ['wait', 'Reconnecting'],
    offline: ['off', 'Offline'],
    stopped: ['off', 'Disconnected'],
  };
  const [tone, word] = words[state.kind];
  return (
    <div className={`pill pill-${tone}`} data-connection={state.kind}>
      <span className="dot" aria-hidden="true" />
      <span role="status">{word}</span>
      {state.kind === 'waiting' && (
        <>
          <span aria-hidden="true">in {seconds} s</span>
          <button type="button" className="pill-action" onClick={() => socket.retryNow()}>Now<span className="sr">, reconnect</span></button>
        </>
      )}
      {state.kind === 'stopped' && (
        <button type="button" className="pill-action" onClick={() => socket.start()}>Reconnect</button>
      )}
    </div>
  );
}

export function ThemeButton() {
  const [theme, setTheme] = useState(() => document.documentElement.dataset['theme'] ?? '');
  const isDark = theme === '' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  const toggle = () => {
    const next = isDark ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    try {
      localStorage.setItem('hothouse.theme', next);
    } catch {
      // A browser that keeps nothing for this site: the choice lasts until the page is closed.
    }
    setTheme(next);
  };
  return (
    <button type="button" className="icon-button" aria-label={isDark ? 'Light colours' : 'Dark colours'} onClick={toggle}>
      <Icon name={isDark ? 'sun' : 'moon'} />
    </button>
  );
}

/** The frame of the pages for those who are not signed in. */
export function Doorway({ children }: { children: ReactNode }) {
  return (
    <>
      <header className="doorway-bar"><ThemeButton /></header>
      <main id="main" className="doorway" tabIndex={-1}>
        <div className="doorway-brand"><Logo /><span>Hothouse</span></div>
        {children}
      </main>
    </>
  );
}
