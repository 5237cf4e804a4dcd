// The control room of a portal with a fake cloud: its clock, what goes wrong in it, its mail, its calls, its time line.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { FormEvent } from 'react';
import { useApp, useQuery } from '../app';
import { mails, nothing } from '../data/decode';
import { ApiError } from '../data/http';
import type { Mail, User } from '../data/types';
import { usePage } from '../router';
import { TimelineChart } from '../timeline/chart';
import { stamp, told } from '../timeline/model';
import { Icon } from '../ui/icons';
import { Button, ConfirmDialog, ErrorPanel, Field, Skeleton, TextField, useServerTime } from '../ui/parts';
import { clockTime, exactTime } from '../ui/words';
import * as api from './api';
import { useTrace } from './trace';

const clockKey = ['control', 'clock'] as const;
const faultsKey = ['control', 'faults'] as const;
const callsKey = ['control', 'calls'] as const;
const storyKey = ['control', 'story'] as const;

/** What a refused call said, with each mistake that it names. */
function troubleText(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  return [error.message, ...error.fields.map((field) => field.message)].join(' ');
}

export default function ControlRoom({ user }: { user: User }) {
  const { cache } = useApp();
  const heading = usePage('Control room');
  const newest = useRef<ReturnType<typeof setTimeout>>();
  // The journal and the counters follow the calls, at most once a second.
  const onCall = useCallback(() => {
    newest.current ??= setTimeout(() => {
      newest.current = undefined;
      void cache.invalidate(callsKey);
      void cache.invalidate(faultsKey);
    }, 1000);
  }, [cache]);
  useEffect(() => () => clearTimeout(newest.current), []);
  const { lines, isLive } = useTrace(onCall);
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>Control room</h1>
          <p className="sub">The world behind this portal is simulated. Here is where it is steered.</p>
        </div>
      </div>
      <ClockPanel />
      <section className="card" aria-labelledby="timeline">
        <div className="card-head">
          <h2 id="timeline">Time line</h2>
          <span className="muted">{isLive ? `${lines.length} events, live` : 'not connected'}</span>
        </div>
        <TimelineChart lines={lines} isLive />
        <details className="last-lines">
          <summary>The last events in words</summary>
          <ol>{lines.slice(-100).reverse().map((line) => <li key={line.n}><time>{stamp(line.t)}</time> <strong>{line.actor}</strong> {told(line)}</li>)}</ol>
        </details>
      </section>
      <div className="control-grid">
        <FaultsPanel />
        <div className="stack">
          <SocketsPanel user={user} />
          <StoryPanel />
          <MailPanel />
        </div>
      </div>
      <CallsPanel />
    </div>
  );
}

/** Large and plain: the world's time, and how it goes. */
function ClockPanel() {
  const { http, cache, clock, toasts } = useApp();
  const { data, error, isFetching, refetch } = useQuery<api.Clock>(clockKey, { fetch: () => http.get('/_hothouse/clock', api.clock) });
  const [isBusy, setBusy] = useState('');
  const now = useServerTime();
  useEffect(() => {
    if (data) clock.set(Date.parse(data.now), data.isPaused ? 0 : data.speed);
  }, [clock, data]);
  const act = async (name: string, body: object) => {
    setBusy(name);
    try {
      cache.set(clockKey, await http.post('/_hothouse/clock', api.clock, { body }));
    } catch (failure) {
      toasts.trouble(new Error(troubleText(failure)));
      void refetch();
    }
    setBusy('');
  };
  const isPaused = data?.isPaused ?? false;
  const time = new Date(now).toISOString();
  return (
    <section className={`card clock${isPaused ? ' paused' : ''}`} aria-labelledby="clock">
      <h2 id="clock" className="sr">Clock</h2>
      {error !== undefined && <ErrorPanel error={error} isBusy={isFetching} onRetry={() => void refetch()} />}
      <div className="clock-face">
        <time dateTime={time} title={exactTime(time)}>{clockTime(time)}</time>
        <span className="muted" role="status">{data ? (isPaused ? 'paused' : `running, ${data.speed} s in one of yours`) : ' '}</span>
      </div>
      <div className="clock-tools">
        <div className="row" role="group" aria-label="Pause and step">
          <Button look="primary" icon={isPaused ? 'play' : 'pause'} isBusy={isBusy === 'run'} onClick={() => void act('run', { action: isPaused ? 'resume' : 'pause' })}>{isPaused ? 'Resume' : 'Pause'}</Button>
          {['1s', '10s', '1m', '10m'].map((by) => (
            <Button key={by} icon="step" disabled={!isPaused} isBusy={isBusy === by} aria-label={`Step ${by}`} onClick={() => void act(by, { action: 'step', by })}>{by}</Button>
          ))}
        </div>
        <div className="row" role="group" aria-label="Speed">
          {[1, 5, 20, 100].map((speed) => (
            <Button key={speed} aria-pressed={data?.speed === speed} aria-label={`Speed ${speed}`} isBusy={isBusy === `${speed}`} onClick={() => void act(`${speed}`, { action: 'speed', speed })}>{speed}×</Button>
          ))}
        </div>
      </div>
    </section>
  );
}

function FaultsPanel() {
  const { http, cache, toasts } = useApp();
  const { data, error, isFetching, refetch } = useQuery<api.Fault[]>(faultsKey, { fetch: () => http.get('/_hothouse/faults', api.faults) });
  const [isOpen, setOpen] = useState(false);
  // Switches are where they were put at once, and go back where the cloud does not agree.
  const arm = async (rule: { id: string } & Record<string, unknown>) => {
    const ahead: api.Fault = { id: rule.id, rule, isLive: true, matched: 0, fired: 0 };
    const takeBack = cache.update<api.Fault[]>(faultsKey, (known) =>
      known.some((one) => one.id === rule.id) ? known : [...known, ahead]);
    try {
      await http.post('/_hothouse/faults', api.fault, { body: rule });
      return true;
    } catch (failure) {
      takeBack();
      toasts.trouble(new Error(troubleText(failure)));
      return false;
    }
  };
  const disarm = async (id: string) => {
    const takeBack = cache.update<api.Fault[]>(faultsKey, (known) => known.filter((one) => one.id !== id));
    try {
      await http.delete(`/_hothouse/faults/${encodeURIComponent(id)}`, nothing);
    } catch (failure) {
      takeBack();
      toasts.trouble(new Error(troubleText(failure)));
    }
  };
  const others = data?.filter((one) => !api.presets.some(({ rule }) => rule.id === one.id)) ?? [];
  return (
    <section className="card" aria-labelledby="faults">
      <h2 id="faults">What goes wrong</h2>
      {error !== undefined && <ErrorPanel error={error} isBusy={isFetching} onRetry={() => void refetch()} />}
      {data === undefined && error === undefined && <Skeleton lines={4} label="Loading the faults" />}
      {data && (
        <ul className="switches">
          {api.presets.map(({ title, about, rule }) => {
            const armed = data.find((one) => one.id === rule.id);
            return (
              <li key={rule.id}>
                <Switch title={title} about={about} armed={armed} onChange={(isOn) => void (isOn ? arm(rule) : disarm(rule.id))} />
              </li>
            );
          })}
          {others.map((one) => (
            <li key={one.id}>
              <Switch title={one.id} about={JSON.stringify(one.rule)} armed={one} onChange={() => void disarm(one.id)} />
            </li>
          ))}
        </ul>
      )}
      {isOpen
        ? <FaultForm onArm={async (rule) => { if (await arm(rule)) setOpen(false); }} onCancel={() => setOpen(false)} />
        : <Button icon="plus" onClick={() => setOpen(true)}>Another rule</Button>}
    </section>
  );
}

function Switch({ title, about, armed, onChange }: {
  title: string;
  about: string;
  armed: api.Fault | undefined;
  onChange(isOn: boolean): void;
}) {
  return (
    <label className="switch">
      <input type="checkbox" role="switch" checked={armed !== undefined} onChange={(event) => onChange(event.target.checked)} />
      <span className="switch-text">
        <span>{title}</span>
        <span className="muted">{about}</span>
      </span>
      {armed && <span className="badge status-error">fired {armed.fired}×</span>}
    </label>
  );
}

/** A rule of the scenario language from a few fields. */
function FaultForm({ onArm, onCancel }: { onArm(rule: { id: string } & Record<string, unknown>): Promise<void>; onCancel(): void }) {
  const [id, setId] = useState('my-rule');
  const [op, setOp] = useState('heat.stack.create');
  const [what, setWhat] = useState('500');
  const [often, setOften] = useState('always');
  const [isBusy, setBusy] = useState(false);
  const happenings: Record<string, [label: string, rule: object]> = {
    '500': ['500, nothing done', { answer: { status: 500 } }],
    '500-applied': ['500, but done', { effect: 'applied', answer: { status: 500 } }],
    '429': ['429, try again in 10 s', { answer: { status: 429, retryAfter: '10s' } }],
    'reset': ['connection reset before the answer, but done', { effect: 'applied', answer: { reset: 'before-answer' } }],
    'hang': ['no answer for two minutes', { answer: { hang: '2m' } }],
    'garbage': ['an answer of nonsense', { answer: { status: 200, garbage: 200 } }],
    'slow': ['10 s more', { delay: '10s' }],
  };
  const rates: Record<string, [label: string, when: object | null]> = {
    always: ['always', null], first: ['the first 3 times', { first: 3 }], chance: ['one time in four', { chance: '25%' }],
    minute: ['for a minute', { window: { for: '1m' } }],
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const when = rates[often]?.[1];
    await onArm({ id, op, ...happenings[what]?.[1], ...(when ? { when } : {}) });
    setBusy(false);
  };
  return (
    <form className="nested" onSubmit={(event) => void submit(event)}>
      <TextField label="Name of the rule" value={id} autoComplete="off" onChange={(event) => setId(event.target.value)} />
      <Field label="Calls">{(control) => <select {...control} className="input" value={op} onChange={(event) => setOp(event.target.value)}>{api.operations.map((one) => <option key={one}>{one}</option>)}</select>}</Field>
      <Field label="What happens">{(control) => <select {...control} className="input" value={what} onChange={(event) => setWhat(event.target.value)}>{Object.entries(happenings).map(([key, [label]]) => <option key={key} value={key}>{label}</option>)}</select>}</Field>
      <Field label="How often">{(control) => <select {...control} className="input" value={often} onChange={(event) => setOften(event.target.value)}>{Object.entries(rates).map(([key, [label]]) => <option key={key} value={key}>{label}</option>)}</select>}</Field>
      <div className="row">
        <Button type="submit" look="primary" icon="bolt" isBusy={isBusy}>Arm it</Button>
        <Button look="ghost" onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}

function SocketsPanel({ user }: { user: User }) {
  const { http, toasts } = useApp();
  const [how, setHow] = useState('reset');
  const drop = async (body: object) => {
    try {
      const count = await http.post('/_hothouse/sockets/drop', api.dropped, { body: { ...body, how } });
      toasts.done(count === 1 ? 'One socket is dropped.' : `${count} sockets are dropped.`);
    } catch (error) {
      toasts.trouble(error);
    }
  };
  return (
    <section className="card" aria-labelledby="sockets">
      <h2 id="sockets">Sockets</h2>
      <div className="stack spaced">
        <Field label="How they are lost">
          {(control) => (
            <select {...control} className="input" value={how} onChange={(event) => setHow(event.target.value)}>
              <option value="reset">Reset, without a word</option>
              <option value="close">Closed by the server</option>
              <option value="half-open">Half open: nothing comes through</option>
            </select>
          )}
        </Field>
        <div className="row">
          <Button icon="plug" onClick={() => void drop({ user: user.email })}>Drop mine</Button>
          <Button icon="plug" onClick={() => void drop({})}>Drop all</Button>
        </div>
      </div>
    </section>
  );
}

function StoryPanel() {
  const { http, cache, toasts } = useApp();
  const { data, error, isFetching, refetch } = useQuery<api.Story>(storyKey, { fetch: () => http.get('/_hothouse/scenario', api.story) });
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const begin = async (work: () => Promise<api.Story>, said: string) => {
    setBusy(true);
    try {
      cache.set(storyKey, await work());
      toasts.done(said);
      void cache.invalidate(['control']);
    } catch (failure) {
      toasts.trouble(new Error(troubleText(failure)));
    }
    setBusy(false);
    setAsking(false);
  };
  const load = async (file: File | undefined) => {
    if (!file) return;
    const source = await file.text();
    await begin(() => http.put('/_hothouse/scenario', api.story, { text: source }), `${file.name} is played.`);
  };
  return (
    <section className="card" aria-labelledby="story">
      <h2 id="story">Scenario</h2>
      {error !== undefined && <ErrorPanel error={error} isBusy={isFetching} onRetry={() => void refetch()} />}
      {data && (
        <div className="stack spaced">
          <p><strong>{data.scenario ?? 'The bundled cloud'}</strong><br /><span className="muted">{data.about ?? 'All goes well.'} Regions {data.regions.join(', ')}.</span></p>
          <Field label="Play another" hint="A story’s file, as in scenarios/. The cloud begins again, empty.">
            {(control) => <input {...control} className="input" type="file" accept=".yaml,.yml,.json" onChange={(event) => { void load(event.target.files?.[0]); event.target.value = ''; }} />}
          </Field>
          <div className="row"><Button icon="retry" onClick={() => setAsking(true)}>Begin again</Button></div>
        </div>
      )}
      {isAsking && (
        <ConfirmDialog title="Begin again?" action="Empty the cloud" isBusy={isBusy} onConfirm={() => void begin(() => http.post('/_hothouse/reset', api.story, { body: {} }), 'The cloud begins again.')} onCancel={() => setAsking(false)}>
          <p>All stacks of the fake cloud vanish, as if somebody had deleted them there. The portal will notice.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function MailPanel() {
  const { http } = useApp();
  const { data, error, isFetching, refetch } = useQuery<Mail[]>(['control', 'mail'], { fetch: () => http.get('/_hothouse/mail', mails) });
  return (
    <section className="card" aria-labelledby="outbox">
      <div className="card-head">
        <h2 id="outbox">Outbox</h2>
        <Button look="ghost" icon="retry" isBusy={isFetching} onClick={() => void refetch()}>Look again</Button>
      </div>
      {error !== undefined && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {data?.length === 0 && <p className="muted">No mail was sent.</p>}
      <ul className="mails">
        {data?.slice(0, 20).map((mail, index) => (
          <li key={index}>
            <details>
              <summary><strong>{mail.subject}</strong> <span className="muted">to {mail.to}</span></summary>
              <pre tabIndex={0}>{mail.text}</pre>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The journal of the cloud's calls, newest first, each with its request and its answer. */
function CallsPanel() {
  const { http } = useApp();
  const [operation, setOperation] = useState('*');
  const { data, error, isFetching, refetch } = useQuery<{ count: number; items: api.Call[] }>([...callsKey, operation], {
    fetch: () => http.get(`/_hothouse/requests?limit=25${operation === '*' ? '' : `&operation=${encodeURIComponent(operation)}`}`, api.calls),
  });
  return (
    <section className="card" aria-labelledby="calls">
      <div className="card-head">
        <h2 id="calls">Calls to the cloud</h2>
        <span className="muted">{data ? `${data.count} in all` : ''}</span>
      </div>
      <div className="spaced">
        <Field label="Operation">{(control) => <select {...control} className="input" value={operation} onChange={(event) => setOperation(event.target.value)}>{api.operations.map((one) => <option key={one} value={one}>{one === '*' ? 'all' : one}</option>)}</select>}</Field>
      </div>
      {error !== undefined && <ErrorPanel error={error} isBusy={isFetching} onRetry={() => void refetch()} />}
      {data === undefined && error === undefined && <Skeleton lines={5} label="Loading the calls" />}
      <ul className="calls">
        {data && [...data.items].reverse().map((call) => (
          <li key={call.number}>
            <details>
              <summary>
                <time title={exactTime(call.at)}>{clockTime(call.at)}</time>
                <span className={`call-status ${call.status === null || call.status >= 500 ? 'bad' : call.status >= 400 ? 'warn' : 'good'}`}>{call.status ?? 'none'}</span>
                <span className="call-operation">{call.operation}</span>
                <span className="call-path muted">{call.method} {call.path}</span>
                {call.faults.length > 0 && <span className="badge status-error"><Icon name="bolt" size={12} />{call.faults.join(', ')}</span>}
                <span className="call-took muted">{call.milliseconds ?? '–'} ms</span>
              </summary>
              <Exchange title="Request" message={call.request} />
              <Exchange title="Answer" message={call.answer} />
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Exchange({ title, message }: { title: string; message: api.Message | null }) {
  if (message === null) return <p className="muted">{title}: none</p>;
  let body = message.body;
  try {
    body = JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    // It is shown as it was.
  }
  return (
    <>
      <h3>{title}</h3>
      <pre tabIndex={0}>{message.headers.map(([name, value]) => `${name}: ${value}`).join('\n')}{body ? `\n\n${body}` : ''}</pre>
    </>
  );
}
