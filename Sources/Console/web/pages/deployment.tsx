// One deployment: what it is, how to reach it, what happened, live.

import { useEffect, useRef, useState } from 'react';
import { useApp, useLive, useQuery } from '../app';
import { deploymentKey, deploymentsKey, eventsKey, logLines } from '../data/deploymentCache';
import { deployment as decodeDeployment, eventPage } from '../data/decode';
import { ApiError } from '../data/http';
import { stepsOf } from '../data/steps';
import type { Deployment, DeploymentPage, EventPage, LogEvent, Status } from '../data/types';
import { Link, usePage } from '../router';
import { Icon } from '../ui/icons';
import {
  Ago, BackLink, Button, ConfirmDialog, CopyButton, Empty, ErrorPanel, Skeleton, StatusBadge, statusWord, useServerTime,
} from '../ui/parts';
import { clockTime, duration, exactTime, spanUntil } from '../ui/words';

export function DeploymentDetails({ id }: { id: string }) {
  const { http, cache, deployments, clock } = useApp();
  const shown = useQuery<Deployment>(deploymentKey(id), {
    fetch: () => http.get(`/deployments/${encodeURIComponent(id)}`, decodeDeployment),
    merge: deployments.mergeDeployment,
  });
  const events = useQuery<EventPage>(eventsKey(id), {
    fetch: () => http.get(`/deployments/${encodeURIComponent(id)}/events?order=desc&pageSize=${logLines}`, eventPage),
    merge: (fetched, known) => deployments.mergeEvents(fetched, known, id),
  });
  // While it is fetched, what a list has shown of it is better than nothing.
  const [listed] = useState(() => fromLists(cache, id));
  const deployment = shown.data ?? (shown.error === undefined ? listed : undefined);
  const isReady = shown.data !== undefined && (events.data !== undefined || events.error !== undefined);
  useLive(isReady ? [id] : [], () => {
    void shown.refetch();
    if (events.error !== undefined) void events.refetch();
  });
  useEffect(() => {
    if (shown.data) clock.seen(shown.data.updatedAt);
  }, [clock, shown.data]);

  const heading = usePage(deployment ? `${marks[deployment.status]}${deployment.name}` : 'Deployment');
  if (shown.error instanceof ApiError && shown.error.code === 'NOT_FOUND') {
    return (
      <div className="page">
        <BackLink to="/deployments">Deployments</BackLink>
        <h1 ref={heading} tabIndex={-1} className="sr">Deployment</h1>
        <Empty icon="server" title="There is no such deployment">
          <p>It may belong to another account, or the address is not whole.</p>
          <Link to="/deployments" className="button outline">All deployments</Link>
        </Empty>
      </div>
    );
  }
  return (
    <div className="page">
      <BackLink to="/deployments">Deployments</BackLink>
      {deployment === undefined && <h1 ref={heading} tabIndex={-1} className="sr">Deployment</h1>}
      {shown.error !== undefined && <ErrorPanel error={shown.error} isBusy={shown.isFetching} onRetry={() => void shown.refetch()} />}
      {deployment === undefined && shown.error === undefined && <div className="card"><Skeleton lines={6} label="Loading the deployment" /></div>}
      {deployment && (
        <>
          <Head deployment={deployment} heading={heading} />
          <div className="details">
            <div className="details-main">
              {deployment.lastError && <LastError deployment={deployment} />}
              <Reach deployment={deployment} />
              <Steps events={events.data?.items} status={deployment.status} error={events.error} />
              <Log events={events.data} error={events.error} onRetry={() => void events.refetch()} isFetching={events.isFetching} />
            </div>
            <Facts deployment={deployment} />
          </div>
        </>
      )}
    </div>
  );
}

/** The status in the tab's title, where it is worth a look. */
const marks: Record<Status, string> = {
  REQUESTED: '… ', PROVISIONING: '… ', ACTIVE: '', ERROR: '! ', DELETING: '… ', DELETED: '',
};

function fromLists(cache: ReturnType<typeof useApp>['cache'], id: string): Deployment | undefined {
  let found: Deployment | undefined;
  cache.update<DeploymentPage>(deploymentsKey, (page) => {
    found ??= page.items.find((item) => item.id === id);
    return page;
  });
  return found;
}

function Head({ deployment, heading }: { deployment: Deployment; heading: React.RefObject<HTMLHeadingElement> }) {
  const { http, socket, cache, toasts } = useApp();
  const { id, name, status } = deployment;
  const [isAsking, setAsking] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const [isRetrying, setRetrying] = useState(false);

  /** What the call has done comes over the socket; without one it is fetched. */
  const catchUp = () => {
    if (socket.state.kind !== 'live') void cache.refetch(deploymentKey(id));
  };
  const remove = async () => {
    setDeleting(true);
    try {
      await http.delete(`/deployments/${id}`, () => undefined);
      // What the answer promises is shown until the socket brings the committed state.
      cache.update<Deployment>(deploymentKey(id), (known) =>
        known.status === 'DELETED' ? known : { ...known, status: 'DELETING', lastError: null });
      toasts.done(`${name} is being deleted.`);
      setAsking(false);
      catchUp();
    } catch (error) {
      toasts.trouble(error);
    }
    setDeleting(false);
  };
  const retry = async () => {
    setRetrying(true);
    try {
      await http.post(`/deployments/${id}/retry`, () => undefined);
      toasts.done(`${name} is tried again.`);
      catchUp();
    } catch (error) {
      toasts.trouble(error);
      void cache.refetch(deploymentKey(id));
    }
    setRetrying(false);
  };
  const isGone = status === 'DELETED' || status === 'DELETING';
  return (
    <div className="page-head">
      <div>
        <h1 ref={heading} tabIndex={-1}>{name}</h1>
        <p className="head-status"><StatusBadge status={status} /><span className="muted">for <Ago time={deployment.updatedAt} as={spanUntil} /></span></p>
        <p className="sr" role="status">{name} is {statusWord(status).toLowerCase()}</p>
      </div>
      <div className="row">
        {status === 'ERROR' && deployment.lastError?.code !== 'DELETE_FAILED' && <Button look="primary" icon="retry" isBusy={isRetrying} onClick={() => void retry()}>Try again</Button>}
        {!isGone && <Button icon="trash" className="danger-text" onClick={() => setAsking(true)}>Delete</Button>}
      </div>
      {isAsking && (
        <ConfirmDialog title={`Delete ${name}?`} action="Delete deployment" isBusy={isDeleting} onConfirm={() => void remove()} onCancel={() => setAsking(false)}>
          <p>The virtual machine, its disk and its public address are removed. This cannot be taken back.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function LastError({ deployment }: { deployment: Deployment }) {
  return (
    <div className="panel-error" role="alert">
      <Icon name="warn" size={22} />
      <div>
        <p className="panel-title">{deployment.lastError?.message}</p>
        <p className="muted"><code>{deployment.lastError?.code}</code></p>
      </div>
    </div>
  );
}

/** How to reach it: the line for a terminal, and the addresses. */
function Reach({ deployment }: { deployment: Deployment }) {
  const { publicIp, privateIp, sshUser } = deployment.runtime;
  const isReady = deployment.status === 'ACTIVE' && publicIp !== null;
  const line = `ssh ${sshUser ?? 'USER'}@${publicIp ?? ''}`;
  return (
    <section className="card" aria-labelledby="reach">
      <h2 id="reach">Connect</h2>
      {isReady
        ? <div className="terminal"><Icon name="terminal" /><code>{line}</code><CopyButton text={line} label="the ssh line" /></div>
        : <div className="terminal quiet"><Icon name="terminal" /><span>{waiting[deployment.status]}</span></div>}
      <dl className="addresses">
        <Address label="Public address" value={publicIp} />
        <Address label="Private address" value={privateIp} />
        <Address label="User" value={sshUser} />
      </dl>
    </section>
  );
}

const waiting: Record<Status, string> = {
  REQUESTED: 'The ssh line will be here when it is up.',
  PROVISIONING: 'The ssh line will be here when it is up.',
  ACTIVE: 'It has no public address.',
  ERROR: 'It cannot be reached.',
  DELETING: 'It is being removed.',
  DELETED: 'It is gone.',
};

function Address({ label, value }: { label: string; value: string | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value === null ? <span className="muted">–</span> : <><code>{value}</code><CopyButton text={value} label={label.toLowerCase()} /></>}</dd>
    </div>
  );
}

/** The steps on one time line, each with the time that it took. */
function Steps({ events, status, error }: { events: LogEvent[] | undefined; status: Status; error: unknown }) {
  const now = useServerTime();
  const steps = events === undefined ? [] : stepsOf(events, status);
  const start = Math.min(...steps.map((step) => step.start));
  const latest = Math.max(...steps.map((step) => step.end ?? Math.max(step.start, now)));
  const whole = Math.max(1, latest - start);
  const percent = (ms: number) => `${Math.min(100, Math.max(0, (ms / whole) * 100)).toFixed(2)}%`;
  return (
    <section className="card" aria-labelledby="steps">
      <div className="card-head">
        <h2 id="steps">Steps</h2>
        {steps.length > 0 && <span className="muted">{duration(whole)} in all</span>}
      </div>
      {events === undefined && error === undefined && <Skeleton lines={4} label="Loading the steps" />}
      {events !== undefined && steps.length === 0 && <p className="muted">No steps yet.</p>}
      <ol className="steps">
        {steps.map((step, index) => {
          const length = (step.end ?? Math.max(now, step.start)) - step.start;
          return (
            <li key={index} className={`step-${step.state}`}>
              <span className="step-title">
                <span className="step-mark">{step.state === 'running' ? <span className="spinner" aria-hidden="true" /> : <Icon name={step.state === 'done' ? 'check' : 'close'} size={14} />}</span>
                {step.title}
                <span className="sr">, {step.state}</span>
              </span>
              <span className="step-lane" aria-hidden="true">
                <span style={{ left: percent(step.start - start), width: percent(length) }} />
              </span>
              <span className="step-time">{length === 0 && step.atMost > 0 ? `< ${duration(step.atMost)}` : duration(length)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** The log, newest line last; it stays at the end while one is at the end. */
function Log({ events, error, isFetching, onRetry }: {
  events: EventPage | undefined;
  error: unknown;
  isFetching: boolean;
  onRetry(): void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const items = events?.items ?? [];
  const last = items[items.length - 1]?.seq;
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last]);
  const hidden = (items[0]?.seq ?? 1) - 1;
  return (
    <section className="card" aria-labelledby="log">
      <div className="card-head">
        <h2 id="log">Log</h2>
        {items.length > 0 && <CopyButton text={items.map((event) => `${event.ts} ${event.level} ${event.message}`).join('\n')} label="the log" />}
      </div>
      {error !== undefined && <ErrorPanel error={error} isBusy={isFetching} onRetry={onRetry} />}
      {events === undefined && error === undefined && <Skeleton lines={4} label="Loading the log" />}
      {events !== undefined && (
        <div
          ref={box} className="log" role="log" aria-label="Log of the deployment" tabIndex={0}
          onScroll={(event) => {
            const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
            isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 8;
          }}
        >
          {hidden > 0 && <p className="muted">{hidden} older lines</p>}
          {items.map((event) => (
            <p key={event.seq} className={`log-${event.level.toLowerCase()}`}>
              <time dateTime={event.ts} title={exactTime(event.ts)}>{clockTime(event.ts)}</time>
              {event.level !== 'INFO' && <span className="log-level">{event.level === 'WARN' ? 'Warning' : 'Error'}</span>}
              <span>{event.message}</span>
            </p>
          ))}
        </div>
      )}
    </section>
  );
}

function Facts({ deployment }: { deployment: Deployment }) {
  const { spec } = deployment;
  return (
    <aside className="card facts" aria-label="Facts">
      <h2>Facts</h2>
      <dl>
        <div><dt>Region</dt><dd>{deployment.regionId}</dd></div>
        <div><dt>Instance type</dt><dd>{spec.instanceTypeId}</dd></div>
        <div><dt>Image</dt><dd>{spec.imageId}</dd></div>
        <div><dt>Boot disk</dt><dd>{spec.storage.sizeGiB} GiB</dd></div>
        <div><dt>Created</dt><dd><Ago time={deployment.createdAt} /><span className="muted exact">{exactTime(deployment.createdAt)}</span></dd></div>
        <div><dt>Changed</dt><dd><Ago time={deployment.updatedAt} /><span className="muted exact">{exactTime(deployment.updatedAt)}</span></dd></div>
        <div><dt>Revision</dt><dd>{deployment.revision}</dd></div>
        <div><dt>Id</dt><dd className="id"><code>{deployment.id}</code><CopyButton text={deployment.id} label="the id" /></dd></div>
      </dl>
    </aside>
  );
}
