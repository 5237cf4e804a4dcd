// Puts the console together and shows the page of the address.

import { Component, Suspense, lazy, useEffect } from 'react';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { AppProvider, useApp, useQuery } from './app';
import type { App, Settings } from './app';
import { DeploymentCache, eventsKey } from './data/deploymentCache';
import { Http } from './data/http';
import { LiveSocket } from './data/liveSocket';
import { QueryCache, systemTimers } from './data/queryCache';
import { ServerClock } from './data/serverClock';
import { Session, meKey } from './data/session';
import type { User } from './data/types';
import { Account, NotFound } from './pages/account';
import { Register, SignIn, Verify } from './pages/accounts';
import { DeploymentDetails } from './pages/deployment';
import { Deployments } from './pages/deployments';
import { NewDeployment } from './pages/newDeployment';
import { SSHKeys } from './pages/sshKeys';
import { Router, nextPath, useLocation } from './router';
import { ErrorPanel, Skeleton } from './ui/parts';
import { Doorway, Shell } from './ui/shell';
import { ToastRegion, Toasts } from './ui/toasts';

function build(): App {
  const settings = readSettings();
  const cache = new QueryCache();
  const deployments = new DeploymentCache(cache);
  const clock = new ServerClock(settings.speed);
  const toasts = new Toasts();
  const tabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('hothouse');
  const http: Http = new Http({
    fetch: (input, init) => fetch(input, init),
    onSessionEnded: () => session.expired(),
    onServerTime: (date) => clock.header(date),
  });
  const socket = new LiveSocket(
    {
      connect: () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`),
      timers: systemTimers,
      random: () => Math.random(),
      isOnline: () => navigator.onLine,
      isSessionOver: () => session.isOver(),
    },
    {
      known: (id) => deployments.known(id),
      updated: (id, update) => {
        clock.seen(update.updatedAt);
        deployments.updated(id, update);
      },
      event: (id, event) => {
        clock.seen(event.ts);
        deployments.event(id, event);
      },
      eventsGap: (id) => void cache.invalidate(eventsKey(id)),
      sessionEnded: () => session.expired(),
    },
  );
  const session: Session = new Session({
    http, cache,
    forget: () => {
      socket.stop();
      cache.clear();
      deployments.clear();
    },
    announce: (what) => tabs?.postMessage(what),
  });
  if (tabs) tabs.onmessage = () => void session.changedElsewhere();

  window.addEventListener('online', () => socket.networkChanged());
  window.addEventListener('offline', () => socket.networkChanged());
  let hiddenAt = 0;
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (Date.now() - hiddenAt > 10_000) socket.wokeUp();
  });
  return { settings, http, cache, deployments, socket, session, clock, router: new Router(window), toasts };
}

function readSettings(): Settings {
  const nothing: Settings = { demo: null, hasControlRoom: false, speed: 1 };
  try {
    const text = document.querySelector<HTMLMetaElement>('meta[name="hothouse"]')?.content;
    return { ...nothing, ...(JSON.parse(text ?? '{}') as Partial<Settings>) };
  } catch {
    return nothing;
  }
}

/** The page of the address: for everybody, or for who is signed in. */
function Root() {
  const { session, socket, router } = useApp();
  const location = useLocation();
  const { path, query } = location;
  const me = useQuery<User | null>(meKey, session.me);
  const user = me.data;
  const isDoor = path === '/sign-in' || path === '/register';
  useEffect(() => {
    if (user) socket.start();
  }, [socket, user]);
  useEffect(() => {
    if (user === null && !isDoor && path !== '/verify') {
      // Who has signed out is not meant to come back to the same page.
      const here = path === '/' || session.hasSignedOut ? '' : path + (query.toString() ? `?${query.toString()}` : '');
      router.go(`/sign-in${here ? `?next=${encodeURIComponent(here)}` : ''}`, 'replace');
    } else if (user && (isDoor || path === '/')) {
      router.go(nextPath(query), 'replace');
    }
  }, [router, session, user, isDoor, path, query]);

  if (user === undefined) {
    return (
      <main id="main" className="boot">
        <h1 className="sr">Hothouse</h1>
        {me.error === undefined ? <Skeleton lines={4} label="Loading Hothouse" /> : <ErrorPanel error={me.error} isBusy={me.isFetching} onRetry={() => void me.refetch()} />}
      </main>
    );
  }
  if (path === '/verify') return <Verify isSignedIn={user !== null} />;
  if (user === null) {
    if (path === '/register') return <Register />;
    return path === '/sign-in' ? <SignIn /> : <Doorway><Skeleton lines={3} /></Doorway>;
  }
  return <Shell user={user}><Page path={path} user={user} /></Shell>;
}

// Customers need not load it.
const ControlRoom = lazy(() => import('./control/room'));

function Page({ path, user }: { path: string; user: User }) {
  const deployment = /^\/deployments\/([^/]+)$/.exec(path)?.[1];
  if (path === '/deployments') return <Deployments />;
  if (path === '/deployments/new') return <NewDeployment user={user} />;
  if (deployment !== undefined) return <DeploymentDetails key={deployment} id={decodeURIComponent(deployment)} />;
  if (path === '/ssh-keys') return <SSHKeys />;
  if (path === '/control') {
    return <Suspense fallback={<div className="page"><Skeleton lines={8} /></div>}><ControlRoom user={user} /></Suspense>;
  }
  if (path === '/account') return <Account user={user} />;
  if (path === '/' || path === '/sign-in' || path === '/register') return <Skeleton lines={4} />;
  return <NotFound />;
}

/** A mistake of ours in one page: the page says so and offers a way on, instead of going blank. */
class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return (
      <main id="main" className="boot">
        <h1 className="sr">Hothouse</h1>
        <ErrorPanel error={new Error('This page ran into a mistake of its own. Loading it again usually helps.')} onRetry={() => location.reload()}>
          <a className="button ghost" href="/console/">To the start</a>
        </ErrorPanel>
      </main>
    );
  }
}

try {
  const theme = localStorage.getItem('hothouse.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // A browser that keeps nothing for this site.
}
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <AppProvider value={build()}>
      <Guard><Root /></Guard>
      <ToastRegion />
    </AppProvider>,
  );
}
