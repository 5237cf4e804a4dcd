// What the pages stand on: one object with the API, the cache, the socket and the rest, put together in main.tsx.

import { createContext, useCallback, useContext, useEffect, useRef, useSyncExternalStore } from 'react';
import type { DeploymentCache } from './data/deploymentCache';
import type { Http } from './data/http';
import type { LiveSocket } from './data/liveSocket';
import type { QueryCache, QueryKey, QueryOptions, QueryState } from './data/queryCache';
import type { ServerClock } from './data/serverClock';
import type { Session } from './data/session';
import type { Router } from './router';
import type { Toasts } from './ui/toasts';

export interface Settings {
  demo: { email: string; password: string } | null;
  hasControlRoom: boolean;
  speed: number;
}

export interface App {
  readonly settings: Settings;
  readonly http: Http;
  readonly cache: QueryCache;
  readonly deployments: DeploymentCache;
  readonly socket: LiveSocket;
  readonly session: Session;
  readonly clock: ServerClock;
  readonly router: Router;
  readonly toasts: Toasts;
}

const AppContext = createContext<App | null>(null);
export const AppProvider = AppContext.Provider;

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('useApp is for components inside an AppProvider.');
  return app;
}

export type Query<Data> = QueryState<Data> & { refetch(): Promise<void> };

/** Looks at a key of the cache while the component is there; not at all for null. */
export function useQuery<Data>(key: QueryKey | null, options: QueryOptions<Data>): Query<Data> {
  const { cache } = useApp();
  const name = JSON.stringify(key);
  const newest = useRef(options);
  newest.current = options;
  const subscribe = useCallback(
    (listener: () => void) => {
      if (key === null) return () => undefined;
      const { staleMs } = newest.current;
      return cache.observe<Data>(
        key,
        {
          fetch: () => newest.current.fetch(),
          merge: (fetched, known) => newest.current.merge?.(fetched, known) ?? fetched,
          ...(staleMs === undefined ? {} : { staleMs }),
        },
        listener,
      );
    },
    // The name stands for the key's content.
    [cache, name],
  );
  const state = useSyncExternalStore(subscribe, () => cache.state<Data>(key ?? ['nothing']));
  const refetch = useCallback(() => (key === null ? Promise.resolve() : cache.refetch(key)), [cache, name]);
  return { ...state, refetch };
}

/** Keeps a page's deployments live, and has the page fetch again, once, after each reconnect. */
export function useLive(deploymentIds: readonly string[], refetch: () => void): void {
  const { socket } = useApp();
  const newest = useRef(refetch);
  newest.current = refetch;
  useEffect(() => socket.openPage(() => newest.current()), [socket]);
  const ids = deploymentIds.join(' ');
  useEffect(() => {
    const releases = ids === '' ? [] : ids.split(' ').map((id) => socket.want(id));
    return () => releases.forEach((release) => release());
  }, [socket, ids]);
}
