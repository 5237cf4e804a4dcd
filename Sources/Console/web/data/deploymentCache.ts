// Keeps what the cache knows of deployments the newest that came in, by whichever way it came.

import type { QueryCache } from './queryCache';
import type { Known } from './liveSocket';
import type { Deployment, DeploymentPage, EventPage, LogEvent, Update } from './types';

export const deploymentKey = (id: string) => ['deployment', id] as const;
export const eventsKey = (id: string) => ['events', id] as const;
export const deploymentsKey = ['deployments'] as const;

/** How many lines of a log are fetched and kept. */
export const logLines = 100;
const keptEvents = 200;

/** Whether a state is newer than another of the same deployment: its revision is, which `updatedAt` mirrors. */
export function isNewer(one: Update, other: Update): boolean {
  return one.revision > other.revision || (one.revision === other.revision && one.updatedAt > other.updatedAt);
}

export class DeploymentCache {
  /** The newest states and the last lines that the socket brought, for answers that were read before them. */
  private readonly latest = new Map<string, Update>();
  private readonly recent = new Map<string, LogEvent[]>();

  constructor(private readonly cache: QueryCache) {}

  /** Merges for a fetched deployment, page of deployments and page of a log. */
  readonly mergeDeployment = (fetched: Deployment, known: Deployment | undefined): Deployment =>
    this.newest(known !== undefined && isNewer(known, fetched) ? { ...fetched, ...changing(known) } : fetched);

  readonly mergePage = (fetched: DeploymentPage): DeploymentPage => ({
    ...fetched, items: fetched.items.map((item) => this.newest(item)),
  });

  readonly mergeEvents = (fetched: EventPage, known: EventPage | undefined, id: string): EventPage => {
    const items = union(fetched.items, known?.items ?? [], this.recent.get(id) ?? []);
    return { items, total: Math.max(fetched.total, items[items.length - 1]?.seq ?? 0) };
  };

  /** A state that the socket brought, or that a call has made. */
  updated(id: string, update: Update): void {
    const latest = this.latest.get(id);
    if (latest !== undefined && !isNewer(update, latest)) return;
    this.latest.set(id, update);
    this.cache.update<Deployment>(deploymentKey(id), (known) => this.newest(known));
    this.cache.update<DeploymentPage>(deploymentsKey, (page, key) => {
      if (!page.items.some((item) => item.id === id)) return page;
      const items = page.items.map((item) => (item.id === id ? this.newest(item) : item));
      // What is gone leaves the lists that do not ask for it.
      if (update.status !== 'DELETED' || key[2] === 'DELETED') return { ...page, items };
      return { ...page, items: items.filter((item) => item.id !== id), total: Math.max(0, page.total - 1) };
    });
  }

  event(id: string, event: LogEvent): void {
    const recent = union(this.recent.get(id) ?? [], [event]);
    this.recent.set(id, recent.slice(-keptEvents));
    this.cache.update<EventPage>(eventsKey(id), (page) => {
      const last = page.items[page.items.length - 1]?.seq ?? 0;
      if (event.seq <= last && page.items.some((item) => item.seq === event.seq)) return page;
      return { items: union(page.items, [event]), total: Math.max(page.total, event.seq) };
    });
  }

  /** What a subscription can leave out. */
  known(id: string): Known {
    const known: Known = {};
    const fetched = this.cache.data<Deployment>(deploymentKey(id));
    const latest = this.latest.get(id);
    const revision = Math.max(fetched?.revision ?? 0, latest?.revision ?? 0);
    if (fetched !== undefined && revision > 0) known.revision = revision;
    const events = this.cache.data<EventPage>(eventsKey(id))?.items;
    if (events !== undefined) known.eventsAfter = events[events.length - 1]?.seq ?? 0;
    return known;
  }

  clear(): void {
    this.latest.clear();
    this.recent.clear();
  }

  private newest(deployment: Deployment): Deployment {
    const latest = this.latest.get(deployment.id);
    return latest !== undefined && isNewer(latest, deployment) ? { ...deployment, ...latest } : deployment;
  }
}

function changing(deployment: Deployment): Update {
  const { status, runtime, lastError, revision, updatedAt } = deployment;
  return { status, runtime, lastError, revision, updatedAt };
}

/** All events, each once, in their order. */
function union(...lists: LogEvent[][]): LogEvent[] {
  const bySeq = new Map<number, LogEvent>();
  for (const list of lists) for (const event of list) bySeq.set(event.seq, event);
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq);
}
