// Register, confirm the address, sign in.

import { useRef, useState } from 'react';
import type { FormEvent, ReactNode } from 'react';
import { useApp, useQuery } from '../app';
import { mails, nothing } from '../data/decode';
import { ApiError } from '../data/http';
import type { FieldError } from '../data/http';
import { meKey } from '../data/session';
import type { Mail } from '../data/types';
import { Link, nextPath, useLocation, usePage } from '../router';
import { Icon } from '../ui/icons';
import { Button, TextField, fieldMessage, useErrorFocus } from '../ui/parts';
import { Doorway } from '../ui/shell';

/** A form that sends one request at a time and shows what was wrong with it. */
function useForm(send: () => Promise<void>) {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string>();
  const [errors, setErrors] = useState<FieldError[]>([]);
  useErrorFocus(form, errors);
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setTrouble(undefined);
    setErrors([]);
    try {
      await send();
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : [];
      setErrors(fields);
      const wait = error instanceof ApiError && error.retryAfter !== null ? ` Try again in ${error.retryAfter} s.` : '';
      if (fields.length === 0) setTrouble((error instanceof Error ? error.message : String(error)) + wait);
    }
    setBusy(false);
  };
  return { form, isBusy, trouble, errors, onSubmit };
}

function FormTrouble({ text }: { text: string | undefined }) {
  return <div role="alert">{text && <p className="form-trouble"><Icon name="warn" size={16} />{text}</p>}</div>;
}

export function SignIn() {
  const { session, settings, router } = useApp();
  const { query } = useLocation();
  const heading = usePage('Sign in');
  const [email, setEmail] = useState(query.get('email') ?? '');
  const [password, setPassword] = useState('');
  const next = nextPath(query);
  const { form, isBusy, trouble, errors, onSubmit } = useForm(async () => {
    await session.signIn(email, password);
    router.go(next, 'replace');
  });
  const { demo } = settings;
  return (
    <Doorway>
      <div className="card door">
        <h1 ref={heading} tabIndex={-1}>Sign in</h1>
        {session.hasExpired && <p className="note" role="status">Your session has ended. Sign in to go on where you were.</p>}
        <form ref={form} onSubmit={onSubmit} noValidate>
          <FormTrouble text={trouble} />
          <TextField label="E-mail" type="email" name="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.target.value)} error={fieldMessage(errors, '/email')} />
          <TextField label="Password" type="password" name="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} error={fieldMessage(errors, '/password')} />
          <Button type="submit" look="primary" className="wide" isBusy={isBusy}>Sign in</Button>
        </form>
        {demo && (
          <div className="demo">
            <p>A demo account is ready on this server.</p>
            <Button onClick={() => { setEmail(demo.email); setPassword(demo.password); }}>Fill in the demo account</Button>
          </div>
        )}
        <p className="door-foot">No account yet? <Link to="/register">Register</Link></p>
      </div>
    </Doorway>
  );
}

export function Register() {
  const { http, router } = useApp();
  const heading = usePage('Register');
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { form, isBusy, trouble, errors, onSubmit } = useForm(async () => {
    await http.post('/auth/register', nothing, { body: { email, password, name }, needsSession: false });
    router.go(`/verify?email=${encodeURIComponent(email)}`);
  });
  return (
    <Doorway>
      <div className="card door">
        <h1 ref={heading} tabIndex={-1}>Register</h1>
        <form ref={form} onSubmit={onSubmit} noValidate>
          <FormTrouble text={trouble} />
          <TextField label="Name" name="name" autoComplete="name" required value={name} onChange={(event) => setName(event.target.value)} error={fieldMessage(errors, '/name')} />
          <TextField label="E-mail" type="email" name="email" autoComplete="email" required value={email} onChange={(event) => setEmail(event.target.value)} error={fieldMessage(errors, '/email')} />
          <TextField label="Password" type="password" name="password" autoComplete="new-password" required hint="8 characters or more, and not one that others would try first." value={password} onChange={(event) => setPassword(event.target.value)} error={fieldMessage(errors, '/password')} />
          <Button type="submit" look="primary" className="wide" isBusy={isBusy}>Register</Button>
        </form>
        <p className="door-foot">You have an account? <Link to="/sign-in">Sign in</Link></p>
      </div>
    </Doorway>
  );
}

/** Confirms an address with the code from the mail; also for those who are signed in already. */
export function Verify({ isSignedIn }: { isSignedIn: boolean }) {
  const { http, cache, router, toasts, settings } = useApp();
  const { query } = useLocation();
  const heading = usePage('Confirm your address');
  const email = query.get('email') ?? '';
  const [token, setToken] = useState(query.get('token') ?? '');
  const [isResending, setResending] = useState(false);
  const { form, isBusy, trouble, errors, onSubmit } = useForm(async () => {
    await http.post('/auth/verify-email', nothing, { body: { token: token.trim() }, needsSession: false });
    toasts.done('Your address is confirmed.');
    if (isSignedIn) await cache.invalidate(meKey);
    router.go(isSignedIn ? '/deployments' : `/sign-in?email=${encodeURIComponent(email)}`, 'replace');
  });
  const resend = async () => {
    setResending(true);
    try {
      await http.post('/auth/resend-verification', nothing, { body: { email }, needsSession: false });
      toasts.done(`If ${email} waits to be confirmed, one more mail is on its way.`);
      await cache.invalidate(['mail', email]);
    } catch (error) {
      toasts.trouble(error);
    }
    setResending(false);
  };
  return (
    <Doorway>
      <div className="card door">
        <h1 ref={heading} tabIndex={-1}>Confirm your address</h1>
        <p>{email ? <>We sent a mail to <strong>{email}</strong>.</> : 'We sent you a mail.'} Paste the code that is in it; it works once, for 24 hours.</p>
        <form ref={form} onSubmit={onSubmit} noValidate>
          <FormTrouble text={trouble} />
          <TextField label="Code" name="token" autoComplete="one-time-code" spellCheck={false} required value={token} onChange={(event) => setToken(event.target.value)} error={fieldMessage(errors, '/token')} />
          <Button type="submit" look="primary" className="wide" isBusy={isBusy}>Confirm</Button>
        </form>
        {email && <p className="door-foot">No mail? <button type="button" className="link" aria-disabled={isResending} onClick={() => { if (!isResending) void resend(); }}>Send it again</button></p>}
        {settings.hasControlRoom && email && <SimulatedMail email={email} onToken={setToken} />}
        <p className="door-foot"><Link to={isSignedIn ? '/deployments' : '/sign-in'}>{isSignedIn ? 'Later' : 'Sign in'}</Link></p>
      </div>
    </Doorway>
  );
}

/** With a fake cloud no mail is really sent: here is the outbox. */
function SimulatedMail({ email, onToken }: { email: string; onToken(token: string): void }) {
  const { http } = useApp();
  const { data, refetch, isFetching } = useQuery<Mail[]>(['mail', email], {
    fetch: () => http.get(`/_hothouse/mail?to=${encodeURIComponent(email)}`, mails, { needsSession: false }),
  });
  let content: ReactNode = <p>Nothing yet.</p>;
  const newest = data?.[0];
  if (newest) {
    content = (
      <>
        <p><strong>{newest.subject}</strong></p>
        {newest.token
          ? <Button icon="mail" onClick={() => onToken(newest.token ?? '')}>Use the code from the mail</Button>
          : <p className="hint">{newest.text}</p>}
      </>
    );
  }
  return (
    <section className="demo" aria-label="Simulated mail">
      <p>This portal is simulated: its mail stays here.</p>
      {content}
      <Button look="ghost" icon="retry" isBusy={isFetching} onClick={() => void refetch()}>Look again</Button>
    </section>
  );
}
