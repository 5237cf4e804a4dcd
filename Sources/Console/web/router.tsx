// Addresses and pages: paths under /console, the browser's history, links that need no reload.

import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { useApp } from './app';

const root = '/console';

export interface Location {
  /** Under the root: `/deployments/dep_…`. */
  path: string;
  query: URLSearchParams;
}

export class Router {
  private listeners = new Set<() => void>();
  private current: Location;

  constructor(private readonly window: Window) {
    this.current = this.read();
    window.addEventListener('popstate', () => this.changed());
  }

  get location(): Location {
    return this.current;
  }

  /** The whole address of a path, for links. */
  href(path: string): string {
    return root + path;
  }

  go(path: string, how: 'push' | 'replace' = 'push'): void {
    if (how === 'push') this.window.history.pushState(null, '', this.href(path));
    else this.window.history.replaceState(null, '', this.href(path));
    this.changed();
    if (how === 'push') this.window.scrollTo(0, 0);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private changed(): void {
    this.current = this.read();
    for (const listener of [...this.listeners]) listener();
  }

  private read(): Location {
    const { pathname, search } = this.window.location;
    const path = pathname.startsWith(root) ? pathname.slice(root.length) : pathname;
    return { path: path.replace(/\/+$/, '') || '/', query: new URLSearchParams(search) };
  }
}

export function useLocation(): Location {
  const { router } = useApp();
  return useSyncExternalStore(router.subscribe, () => router.location);
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & { to: string };

/** A link to a page of the console. With a modifier key, or in another tab, it is the browser's. */
export function Link({ to, onClick, ...rest }: LinkProps) {
  const { router } = useApp();
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain || rest.target === '_blank') return;
    event.preventDefault();
    router.go(to);
  };
  return <a {...rest} href={router.href(to)} onClick={follow} />;
}

/** The page's title in the tab, and its heading as the place where reading begins after a change of page. */
export function usePage(title: string) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Hothouse`;
  }, [title]);
  useEffect(() => {
    // On the first page of a visit the browser has put the focus where it belongs.
    if (hasNavigated) heading.current?.focus({ preventScroll: true });
    hasNavigated = true;
  }, []);
  return heading;
}

let hasNavigated = false;

/** Where to go after signing in: a page of the console, whatever the address says. */
export function nextPath(query: URLSearchParams): string {
  const next = query.get('next') ?? '';
  return /^\/(?!\/)[\w\-./?=&%:+]*$/.test(next) ? next : '/deployments';
}
