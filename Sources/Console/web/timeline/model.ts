// A trace as lanes on one axis: what users, sockets, the portal, the database and the cloud did, and how each
// deployment's status went. The control room draws a live portal with it, and the report of a run its story.

export interface Line {
  /** Ms since the start, in the world's own time. */
  t: number;
  n: number;
  actor: string;
  kind: string;
  [field: string]: unknown;
}

export interface Mark {
  line: Line;
  tone: 'plain' | 'good' | 'bad' | 'warn' | 'busy';
  text: string;
}

export interface Lane {
  name: string;
  marks: Mark[];
}

export interface Span {
  status: string;
  from: number;
  /** Null while it lasts. */
  to: number | null;
}

export interface Life {
  id: string;
  name: string;
  spans: Span[];
}

export interface Timeline {
  groups: { title: string; lanes: Lane[] }[];
  lives: Life[];
  end: number;
}

type Fields = Record<string, unknown>;

const part = (from: unknown, key: string): unknown =>
  typeof from === 'object' && from !== null ? (from as Fields)[key] : undefined;
const word = (from: unknown, key: string): string => {
  const value = part(from, key);
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : String(value);
};

/** Reads a line of a trace; null for what is none. */
export function readLine(json: unknown): Line | null {
  const { t, n, actor, kind } = (typeof json === 'object' && json !== null ? json : {}) as Fields;
  const isLine = typeof t === 'number' && typeof n === 'number' && typeof actor === 'string' && typeof kind === 'string';
  return isLine ? (json as Line) : null;
}

export function timelineOf(lines: readonly Line[]): Timeline {
  const groups = new Map<string, Map<string, Lane>>(
    ['Users', 'Sockets', 'Portal', 'Database', 'Cloud'].map((title) => [title, new Map()]));
  const lives = new Map<string, Life>();
  const names = new Map<string, string>();
  for (const line of lines) if (line.kind === 'named') names.set(word(line, 'deployment'), word(line, 'label'));
  const named = (text: string) => {
    let told = text;
    for (const [id, name] of names) told = told.split(id).join(name).split(`vm-${id.toLowerCase()}`).join(name);
    return told;
  };
  for (const line of lines) {
    if (line.kind === 'named') continue;
    const lanes = groups.get(groupOf(line)) ?? new Map<string, Lane>();
    const lane = lanes.get(line.actor) ?? { name: line.actor, marks: [] };
    lanes.set(line.actor, lane);
    lane.marks.push({ line, tone: toneOf(line), text: named(told(line)) });
    if (line.kind === 'commit') live(lives, line, names);
  }
  return {
    groups: [...groups]
      .map(([title, lanes]) => ({
        title, lanes: [...lanes.values()].sort((one, other) => one.name.localeCompare(other.name)),
      }))
      .filter((group) => group.lanes.length > 0),
    lives: [...lives.values()],
    end: lines[lines.length - 1]?.t ?? 0,
  };
}

function live(lives: Map<string, Life>, line: Line, names: Map<string, string>): void {
  const id = word(line, 'deployment');
  const status = word(line['data'], 'status');
  const life = lives.get(id) ?? { id, name: names.get(id) ?? `…${id.slice(-6)}`, spans: [] };
  lives.set(id, life);
  const last = life.spans[life.spans.length - 1];
  if (last?.status === status) return;
  if (last) last.to = line.t;
  life.spans.push({ status, from: line.t, to: null });
}

function groupOf(line: Line): string {
  if (line.actor === 'store') return 'Database';
  if (line.actor.startsWith('cloud')) return 'Cloud';
  if (line.actor === 'server' || line.actor === 'story') return 'Portal';
  return line.actor.includes('/') ? 'Sockets' : 'Users';
}

function toneOf(line: Line): Mark['tone'] {
  const status = part(line, 'status');
  switch (line.kind) {
    case 'http':
    case 'call':
      if (typeof status !== 'number') return 'bad';
      return status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'plain';
    case 'commit': return commitTones[word(line['data'], 'status')] ?? 'plain';
    case 'event': return word(line, 'level') === 'ERROR' ? 'bad' : word(line, 'level') === 'WARN' ? 'warn' : 'plain';
    case 'frame': return word(line['frame'], 'type') === 'error' ? 'warn' : 'busy';
    case 'opened': return 'good';
    case 'closed':
    case 'dropped':
    case 'refused':
    case 'unreachable':
    case 'log': return 'warn';
    case 'dies':
    case 'failed': return 'bad';
    default: return 'plain';
  }
}

const commitTones: Record<string, Mark['tone']> = { ACTIVE: 'good', ERROR: 'bad', PROVISIONING: 'busy', DELETING: 'warn' };

/** A line in words. */
export function told(line: Line): string {
  const get = (key: string) => word(line, key);
  switch (line.kind) {
    case 'http': return `${get('method')} ${get('path')} → ${get('status')}`;
    case 'call': return `${get('op')} ${get('stack')} → ${get('status') || 'no answer'}`.replace('  ', ' ');
    case 'commit': return `commits ${get('deployment')}: ${state(line['data'])}`;
    case 'event': return `logs for ${get('deployment')}: ${get('message')}`;
    case 'frame': return `← ${frame(line['frame'])}`;
    case 'sent': return `→ ${word(line['message'], 'type')} ${word(line['message'], 'deploymentId')}`;
    case 'opened': return 'has a socket';
    case 'closed': return get('code') ? `its socket is closed with ${get('code')}` : 'its socket is gone';
    case 'refused': return `is refused a socket: ${get('status')}`;
    case 'unreachable': return 'reaches no server';
    case 'dropped': return 'loses its socket';
    case 'dies': return `dies ${get('point')}`;
    case 'log': return `${get('level')}: ${get('message')}`;
    case 'failed': return `FAILED: ${get('message')}`;
    default: return line.kind;
  }
}

function frame(json: unknown): string {
  const type = word(json, 'type');
  const deployment = word(json, 'deploymentId');
  const data = part(json, 'data');
  if (type === 'deployment.updated') return `${type} ${deployment}: ${state(data)}`;
  if (type === 'deployment.event') return `${type} ${deployment}: ${word(data, 'message')}`;
  if (type === 'error') return `${type} ${word(json, 'code')} ${deployment}`;
  return `${type} ${deployment}`;
}

function state(data: unknown): string {
  const reason = word(part(data, 'lastError'), 'code');
  return `${word(data, 'status')}${reason ? ` (${reason})` : ''}, revision ${word(data, 'revision')}`;
}

/** `1:23.456`, from the start. */
export function stamp(t: number): string {
  const minutes = Math.floor(t / 60_000);
  return `${minutes}:${String(Math.floor(t / 1000) % 60).padStart(2, '0')}.${String(Math.floor(t) % 1000).padStart(3, '0')}`;
}

/** A round step for about so many marks on an axis of a length in ms. */
export function axisStep(length: number, marks: number): number {
  const steps = [10, 50, 100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000, 36_000_000];
  return steps.find((step) => length / step <= marks) ?? 86_400_000;
}
