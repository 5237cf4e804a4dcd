// A small cache of what was fetched, in the shape that people know from TanStack Query: entries under query keys, a
// time after which they are stale, invalidation by prefix, changes ahead of the server that can be taken back.

export type QueryKey = readonly (string | number | null)[];

export interface QueryState<Data> {
  readonly data: Data | undefined;
  /** Why the last fetch failed; it stays beside data that an earlier one brought. */
  readonly error: unknown;
  readonly isFetching: boolean;
}

export interface QueryOptions<Data> {
  fetch(): Promise<Data>;
  /** How long fetched data may be shown again without another fetch, in ms. By default not at all. */
  staleMs?: number;
  /** Makes of what was fetched and what is known what is to be kept: known data may be newer than a late answer. */
  merge?(fetched: Data, known: Data | undefined): Data;
}

export interface Timers {
  now(): number;
  set(callback: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  now: () => Date.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

interface Entry {
  readonly key: QueryKey;
  state: QueryState<unknown>;
  options: QueryOptions<unknown> | undefined;
  listeners: Set<() => void>;
  fetchedAt: number | undefined;
  isInvalid: boolean;
  /** Fetches are numbered: an answer counts only if none of a later fetch came before it. */
  lastStarted: number;
  lastApplied: number;
  inFlight: Promise<void> | undefined;
  removal: unknown;
}

const initial: QueryState<unknown> = { data: undefined, error: undefined, isFetching: false };

export class QueryCache {
  private entries = new Map<string, Entry>();

  constructor(
    private readonly timers: Timers = systemTimers,
    /** How long an entry is kept that nobody looks at, in ms. */
    private readonly keptMs = 300_000,
  ) {}

  /** What is known under a key now. */
  state<Data>(key: QueryKey): QueryState<Data> {
    return (this.entries.get(hash(key))?.state ?? initial) as QueryState<Data>;
  }

  data<Data>(key: QueryKey): Data | undefined {
    return this.state<Data>(key).data;
  }

  /** Looks at a key: fetches it where it is not there or stale, and tells of every change, until it is let go. */
  observe<Data>(key: QueryKey, options: QueryOptions<Data>, listener: () => void): () => void {
    const entry = this.entry(key);
    entry.options = options as QueryOptions<unknown>;
    entry.listeners.add(listener);
    this.timers.clear(entry.removal);
    if (this.isStale(entry)) void this.start(entry);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0) this.expire(entry);
    };
  }

  /** Fetches a key again, now; the promise ends when the answer, good or bad, is in. */
  async refetch(key: QueryKey): Promise<void> {
    const entry = this.entries.get(hash(key));
    if (entry?.options !== undefined) await this.start(entry, true);
  }

  /** Makes everything under a prefix stale; what somebody looks at is fetched again at once. */
  async invalidate(prefix: QueryKey): Promise<void> {
    const matching = this.matching(prefix);
    for (const entry of matching) entry.isInvalid = true;
    await Promise.all(
      matching.filter((entry) => entry.listeners.size > 0).map((entry) => this.start(entry, true)));
  }

  /** Puts data under a key, as if it had been fetched. */
  set<Data>(key: QueryKey, data: Data): void {
    const entry = this.entry(key);
    entry.fetchedAt = this.timers.now();
    entry.isInvalid = false;
    this.show(entry, { ...entry.state, data, error: undefined });
    if (entry.listeners.size === 0) this.expire(entry);
  }

  /**
   * Changes all data under a prefix.
   *
   * @returns a function that takes the change back, where the data was not fetched anew meanwhile.
   */
  update<Data>(prefix: QueryKey, change: (data: Data, key: QueryKey) => Data): () => void {
    const undo: (() => void)[] = [];
    for (const entry of this.matching(prefix)) {
      const before = entry.state.data;
      if (before === undefined) continue;
      const after = change(before as Data, entry.key);
      if (after === before) continue;
      this.show(entry, { ...entry.state, data: after });
      undo.push(() => {
        if (entry.state.data === after) this.show(entry, { ...entry.state, data: before });
      });
    }
    return () => undo.forEach((each) => each());
  }

  /** Forgets everything, also answers that are still to come. */
  clear(): void {
    for (const [name, entry] of [...this.entries]) {
      this.timers.clear(entry.removal);
      if (entry.listeners.size === 0) this.entries.delete(name);
      entry.lastStarted += 1;
      entry.lastApplied = entry.lastStarted;
      entry.inFlight = undefined;
      entry.fetchedAt = undefined;
      this.show(entry, initial);
    }
  }

  private entry(key: QueryKey): Entry {
    const name = hash(key);
    let entry = this.entries.get(name);
    if (entry === undefined) {
      entry = {
        key, state: initial, options: undefined, listeners: new Set(), fetchedAt: undefined, isInvalid: false,
        lastStarted: 0, lastApplied: 0, inFlight: undefined, removal: undefined,
      };
      this.entries.set(name, entry);
    }
    return entry;
  }

  private matching(prefix: QueryKey): Entry[] {
    return [...this.entries.values()].filter(
      (entry) => prefix.every((part, index) => entry.key[index] === part));
  }

  private isStale(entry: Entry): boolean {
    if (entry.isInvalid || entry.fetchedAt === undefined) return true;
    return this.timers.now() - entry.fetchedAt >= (entry.options?.staleMs ?? 0);
  }

  /** @param anew - whether to ask again although a question is on its way, since its answer may be of before. */
  private start(entry: Entry, anew = false): Promise<void> {
    if (entry.inFlight !== undefined && !anew) return entry.inFlight;
    const options = entry.options;
    if (options === undefined) return Promise.resolve();
    entry.lastStarted += 1;
    const number = entry.lastStarted;
    entry.isInvalid = false;
    if (!entry.state.isFetching) this.show(entry, { ...entry.state, isFetching: true });
    const flight = options.fetch().then(
      (fetched) => this.finish(entry, number, (state) => ({
        ...state, data: options.merge === undefined ? fetched : options.merge(fetched, state.data), error: undefined,
      })),
      (error: unknown) => this.finish(entry, number, (state) => ({ ...state, error })),
    );
    entry.inFlight = flight;
    return flight;
  }

  private finish(entry: Entry, number: number, change: (state: QueryState<unknown>) => QueryState<unknown>): void {
    const isLast = number === entry.lastStarted;
    if (isLast) entry.inFlight = undefined;
    if (number < entry.lastApplied || this.entries.get(hash(entry.key)) !== entry) return;
    entry.lastApplied = number;
    entry.fetchedAt = this.timers.now();
    const state = change(entry.state);
    if (state.error !== undefined) entry.isInvalid = true;
    this.show(entry, { ...state, isFetching: !isLast });
  }

  private show(entry: Entry, state: QueryState<unknown>): void {
    entry.state = state;
    for (const listener of [...entry.listeners]) listener();
  }

  private expire(entry: Entry): void {
    this.timers.clear(entry.removal);
    entry.removal = this.timers.set(() => {
      if (entry.listeners.size === 0 && this.entries.get(hash(entry.key)) === entry) this.entries.delete(hash(entry.key));
    }, this.keptMs);
  }
}

function hash(key: QueryKey): string {
  return JSON.stringify(key);
}
