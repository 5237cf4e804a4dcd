// Time and sockets that a test moves by hand.

import type { LiveListener, LiveSettings, SocketLike } from '../../../Sources/Console/web/data/liveSocket';
import { LiveSocket } from '../../../Sources/Console/web/data/liveSocket';
import type { Timers } from '../../../Sources/Console/web/data/queryCache';

export class FakeTimers implements Timers {
  private time = 0;
  private next = 1;
  private due = new Map<number, { at: number; callback: () => void }>();

  now = () => this.time;

  set = (callback: () => void, ms: number): unknown => {
    this.due.set(this.next, { at: this.time + ms, callback });
    return this.next++;
  };

  clear = (timer: unknown): void => {
    this.due.delete(timer as number);
  };

  /** How many wait. */
  get count(): number {
    return this.due.size;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [first] = [...this.due].filter(([, one]) => one.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b);
      if (first === undefined) break;
      this.due.delete(first[0]);
      this.time = Math.max(this.time, first[1].at);
      first[1].callback();
    }
    this.time = end;
  }
}

export class FakeSocket implements SocketLike {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.onopen?.({} as Event);
  }

  receive(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) } as MessageEvent);
  }

  lose(code: number): void {
    this.onclose?.({ code } as CloseEvent);
  }
}

/** A live socket with everything around it in a test's hand. */
export function stage(changes: Partial<LiveSettings> = {}) {
  const timers = new FakeTimers();
  const sockets: FakeSocket[] = [];
  const heard: string[] = [];
  const known: Record<string, { revision?: number; eventsAfter?: number }> = {};
  const listener: LiveListener = {
    known: (id) => known[id] ?? {},
    updated: (id, update) => heard.push(`${id} ${update.status} ${update.revision}`),
    event: (id, event) => heard.push(`${id} event ${event.seq}`),
    eventsGap: (id) => heard.push(`${id} gap`),
    sessionEnded: () => heard.push('session ended'),
  };
  const live = new LiveSocket(
    {
      connect: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      timers, random: () => 0.5, isOnline: () => true, isSessionOver: () => Promise.resolve(false), ...changes,
    },
    listener,
  );
  const newest = () => {
    const socket = sockets[sockets.length - 1];
    if (socket === undefined) throw new Error('nothing has connected');
    return socket;
  };
  return { live, timers, sockets, heard, known, newest };
}

/** Lets promises that are settled take effect. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
