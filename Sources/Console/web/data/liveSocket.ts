// The page's one WebSocket: what is subscribed to, and when to connect again.
//
// It obeys the portal's rules for clients: wait between attempts with full jitter, after a reconnect one refetch by
// each open page and one subscribe for each deployment, never a poll. The range of a close code says what to do.

import { serverMessage } from './decode';
import type { LogEvent, Update } from './types';
import type { Timers } from './queryCache';

/** What a browser's WebSocket has that is used here. */
export interface SocketLike {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface LiveSettings {
  connect(): SocketLike;
  timers: Timers;
  /** From 0 to 1, evenly. */
  random(): number;
  /** Whether the browser thinks that it has a network. */
  isOnline(): boolean;
  /** Asks over HTTP whether the session still is one, after an attempt that was refused: a refusal has no reason. */
  isSessionOver(): Promise<boolean>;
}

export type ConnectionState =
  | { kind: 'off' }
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** `until`: when the next attempt is made, in ms of the timers' clock. */
  | { kind: 'waiting'; until: number }
  | { kind: 'offline' }
  /** The server said to stop; `code` says why. */
  | { kind: 'stopped'; code: number };

/** What a subscriber has already, so that the server leaves it out. */
export interface Known {
  revision?: number;
  eventsAfter?: number;
}

export interface LiveListener {
  known(deploymentId: string): Known;
  updated(deploymentId: string, update: Update): void;
  event(deploymentId: string, event: LogEvent): void;
  /** More events came meanwhile than the server sends again: they are to be fetched. */
  eventsGap(deploymentId: string): void;
  sessionEnded(): void;
}

interface Page {
  readonly refetch: () => void;
  /** Whether it saw the socket open: a later opening is a reconnect for it. */
  hasBeenLive: boolean;
}

const resetAfterMs = 60_000;
const longestDelayMs = 30_000;
/** How long a subscription outlives the page that wanted it, so that going back costs nothing. */
const lingerMs = 5_000;
/** Commands a minute on one socket; the server takes 60. */
const commandsPerMinute = 50;
/** How long the server may take to answer when the page asks whether the socket still lives. */
const probeMs = 5_000;

export class LiveSocket {
  state: ConnectionState = { kind: 'off' };

  private socket: SocketLike | undefined;
  private hasOpened = false;
  private openedAt = 0;
  private failures = 0;
  private retryTimer: unknown;
  private probeTimer: unknown;
  private flushTimer: unknown;
  private readonly stateListeners = new Set<() => void>();
  private readonly pages = new Set<Page>();
  /** How many want each deployment, in the order in which it was first wanted. */
  private readonly wanted = new Map<string, number>();
  private readonly lingering = new Map<string, unknown>();
  private readonly subscribed = new Set<string>();
  private commandTimes: number[] = [];

  constructor(private readonly settings: LiveSettings, private readonly listener: LiveListener) {}

  /** Connects, and stays connected until {@link stop}. */
  start(): void {
    if (this.state.kind === 'off' || this.state.kind === 'stopped') {
      this.failures = 0;
      this.connect();
    }
  }

  /** Ends the connection, and what waits. */
  stop(): void {
    this.abandon();
    this.clearTimers();
    this.failures = 0;
    this.show({ kind: 'off' });
  }

  onState(listener: () => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  /** Registers an open page: after each reconnect it is asked, once, to fetch what it shows. */
  openPage(refetch: () => void): () => void {
    const page: Page = { refetch, hasBeenLive: this.state.kind === 'live' };
    this.pages.add(page);
    return () => this.pages.delete(page);
  }

  /** Subscribes to a deployment until the returned function is called. */
  want(deploymentId: string): () => void {
    this.settings.timers.clear(this.lingering.get(deploymentId));
    this.lingering.delete(deploymentId);
    this.wanted.set(deploymentId, (this.wanted.get(deploymentId) ?? 0) + 1);
    this.flush();
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const count = (this.wanted.get(deploymentId) ?? 1) - 1;
      this.wanted.set(deploymentId, count);
      if (count > 0) return;
      this.lingering.set(
        deploymentId,
        this.settings.timers.set(() => {
          this.lingering.delete(deploymentId);
          this.wanted.delete(deploymentId);
          this.flush();
        }, lingerMs),
      );
    };
  }

  /** Does not wait any longer for the next attempt. */
  retryNow(): void {
    if (this.state.kind !== 'waiting' && this.state.kind !== 'offline') return;
    this.settings.timers.clear(this.retryTimer);
    this.connect();
  }

  /** The browser has a network again, or lost it. */
  networkChanged(): void {
    if (!this.settings.isOnline()) {
      if (this.state.kind === 'waiting') {
        this.settings.timers.clear(this.retryTimer);
        this.show({ kind: 'offline' });
      }
    } else if (this.state.kind === 'offline') {
      // Others come back at the same moment.
      this.wait(this.settings.random() * 1000);
    } else {
      this.probe();
    }
  }

  /** The page is seen again after a while in the background, where timers and sockets may have slept. */
  wokeUp(): void {
    if (this.state.kind === 'waiting') this.retryNow();
    else this.probe();
  }

  /** Finds out whether the other end still is there: asks for something that is answered. */
  private probe(): void {
    const any = this.subscribed.values().next().value as string | undefined;
    if (this.state.kind !== 'live' || any === undefined || this.probeTimer !== undefined) return;
    if (!this.send({ type: 'subscribe', deploymentId: any, ...this.listener.known(any) })) return;
    this.probeTimer = this.settings.timers.set(() => {
      this.abandon();
      this.lost(1006);
    }, probeMs);
  }

  private connect(): void {
    if (!this.settings.isOnline()) {
      this.show({ kind: 'offline' });
      return;
    }
    this.show({ kind: 'connecting' });
    const socket = this.settings.connect();
    this.socket = socket;
    this.hasOpened = false;
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => this.received(event.data as unknown);
    socket.onclose = (event) => {
      this.forget();
      this.lost(event.code);
    };
  }

  private opened(): void {
    this.hasOpened = true;
    this.openedAt = this.settings.timers.now();
    this.subscribed.clear();
    this.commandTimes = [];
    this.show({ kind: 'live' });
    for (const page of [...this.pages]) {
      if (page.hasBeenLive) page.refetch();
      page.hasBeenLive = true;
    }
    this.flush();
  }

  private received(data: unknown): void {
    this.settings.timers.clear(this.probeTimer);
    this.probeTimer = undefined;
    let message;
    try {
      message = typeof data === 'string' ? serverMessage(data) : null;
    } catch (error) {
      console.warn('A message of the server could not be read.', error);
      return;
    }
    switch (message?.type) {
      case 'deployment.updated':
        this.listener.updated(message.deploymentId, message.data);
        break;
      case 'deployment.event':
        this.listener.event(message.deploymentId, message.data);
        break;
      case 'error':
        if (message.code === 'EVENTS_GAP' && message.deploymentId !== null) {
          this.listener.eventsGap(message.deploymentId);
        } else {
          console.warn(`The server complains: ${message.code}, ${message.message}`);
        }
        break;
      case 'subscribed':
      case undefined:
        break;
    }
  }

  /** The connection ended, or was never made. */
  private lost(code: number): void {
    this.settings.timers.clear(this.probeTimer);
    this.probeTimer = undefined;
    if (code >= 4000 && code <= 4099) {
      this.show({ kind: 'stopped', code });
      if (code === 4001) this.listener.sessionEnded();
      return;
    }
    const { timers, random } = this.settings;
    if (this.hasOpened && timers.now() - this.openedAt >= resetAfterMs) this.failures = 0;
    let delay = random() * Math.min(longestDelayMs, 500 * 2 ** this.failures);
    if (code === 1012) delay = random() * 10_000;
    else if (code >= 4100 && code <= 4199) delay = Math.max(1000, delay);
    else if (code >= 4200 && code <= 4299) delay = 0;
    this.failures += 1;
    const wasRefused = !this.hasOpened;
    this.wait(delay);
    if (wasRefused && this.state.kind === 'waiting') void this.askForSession();
  }

  private async askForSession(): Promise<void> {
    const isOver = await this.settings.isSessionOver();
    if (!isOver || this.state.kind === 'off' || this.state.kind === 'live') return;
    this.stop();
    this.show({ kind: 'stopped', code: 4001 });
    this.listener.sessionEnded();
  }

  private wait(delay: number): void {
    const { timers } = this.settings;
    if (!this.settings.isOnline()) {
      this.show({ kind: 'offline' });
      return;
    }
    this.retryTimer = timers.set(() => this.connect(), delay);
    this.show({ kind: 'waiting', until: timers.now() + delay });
  }

  /** Brings what is subscribed in line with what is wanted, as fast as the server allows; the newest wishes first. */
  private flush(): void {
    if (this.state.kind !== 'live') return;
    this.settings.timers.clear(this.flushTimer);
    this.flushTimer = undefined;
    for (const id of [...this.wanted.keys()].reverse()) {
      if (this.subscribed.has(id)) continue;
      if (!this.send({ type: 'subscribe', deploymentId: id, ...this.listener.known(id) })) return;
      this.subscribed.add(id);
    }
    for (const id of [...this.subscribed]) {
      if (this.wanted.has(id)) continue;
      if (!this.send({ type: 'unsubscribe', deploymentId: id })) return;
      this.subscribed.delete(id);
    }
  }

  /** @returns whether it was sent; where it is too much for this minute, {@link flush} comes back later. */
  private send(command: object): boolean {
    const { timers } = this.settings;
    const now = timers.now();
    this.commandTimes = this.commandTimes.filter((time) => now - time < 60_000);
    const oldest = this.commandTimes[0];
    if (oldest !== undefined && this.commandTimes.length >= commandsPerMinute) {
      timers.clear(this.flushTimer);
      this.flushTimer = timers.set(() => this.flush(), oldest + 60_000 - now);
      return false;
    }
    this.commandTimes.push(now);
    this.socket?.send(JSON.stringify(command));
    return true;
  }

  /** Drops a socket whose end is not waited for. */
  private abandon(): void {
    const socket = this.socket;
    this.forget();
    socket?.close();
  }

  private forget(): void {
    if (this.socket === undefined) return;
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket = undefined;
    this.subscribed.clear();
  }

  private clearTimers(): void {
    for (const timer of [this.retryTimer, this.probeTimer, this.flushTimer]) this.settings.timers.clear(timer);
    this.probeTimer = undefined;
    this.flushTimer = undefined;
  }

  private show(state: ConnectionState): void {
    this.state = state;
    for (const listener of [...this.stateListeners]) listener();
  }
}
