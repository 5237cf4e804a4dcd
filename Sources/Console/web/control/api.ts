// The control API `/_hothouse/` of a portal with a fake cloud.

import { fields, list, number, text, textOrNull } from '../data/decode';

export interface Clock {
  now: string;
  isPaused: boolean;
  speed: number;
  nextWake: string | null;
}

export function clock(json: unknown): Clock {
  const from = fields(json, 'a clock');
  return {
    now: text(from, 'now'), isPaused: text(from, 'state') === 'paused', speed: number(from, 'speed'),
    nextWake: textOrNull(from, 'nextWake'),
  };
}

export interface Fault {
  id: string;
  rule: unknown;
  isLive: boolean;
  matched: number;
  fired: number;
}

export function fault(json: unknown): Fault {
  const from = fields(json, 'a fault');
  return {
    id: text(from, 'id'), rule: from['rule'], isLive: text(from, 'origin') === 'control',
    matched: number(from, 'matched'), fired: number(from, 'fired'),
  };
}

export const faults = (json: unknown) => list(fields(json, 'faults'), 'items', fault);

export interface Story {
  scenario: string | null;
  about: string | null;
  source: string | null;
  regions: string[];
}

export function story(json: unknown): Story {
  const from = fields(json, 'a story');
  return {
    scenario: textOrNull(from, 'scenario'), about: textOrNull(from, 'about'), source: textOrNull(from, 'source'),
    regions: list(from, 'regions', String),
  };
}

export interface Message {
  headers: [string, string][];
  body: string;
  bytes: number;
}

export interface Call {
  number: number;
  at: string;
  operation: string;
  method: string;
  path: string;
  status: number | null;
  milliseconds: number | null;
  faults: string[];
  request: Message | null;
  answer: Message | null;
}

function message(json: unknown): Message | null {
  if (json === null || json === undefined) return null;
  const from = fields(json, 'a message');
  return {
    headers: list(from, 'headers', (pair) => {
      const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return [String(name), String(value)] as [string, string];
    }),
    body: text(from, 'body'), bytes: number(from, 'bytes'),
  };
}

export function calls(json: unknown): { count: number; items: Call[] } {
  const from = fields(json, 'calls');
  return {
    count: number(from, 'count'),
    items: list(from, 'items', (item) => {
      const call = fields(item, 'a call');
      const { status, milliseconds } = call;
      return {
        number: number(call, 'number'), at: text(call, 'at'), operation: text(call, 'operation'),
        method: text(call, 'method'), path: text(call, 'path'), status: typeof status === 'number' ? status : null,
        milliseconds: typeof milliseconds === 'number' ? milliseconds : null, faults: list(call, 'faults', String),
        request: message(call['request']), answer: message(call['answer']),
      };
    }),
  };
}

export function dropped(json: unknown): number {
  return number(fields(json, 'the answer'), 'dropped');
}

/** Operations of the cloud that a rule can name; a star stands for any. */
export const operations = [
  '*', 'heat.*', 'heat.stack.create', 'heat.stack.show', 'heat.stack.list', 'heat.stack.find', 'heat.stack.delete',
  'heat.event.list', 'keystone.*', 'keystone.token.issue', 'nova.*', 'nova.flavor.list', 'glance.image.list',
] as const;

/** What goes wrong in clouds, ready to be switched on. */
export const presets: { title: string; about: string; rule: { id: string } & Record<string, unknown> }[] = [
  {
    title: 'Heat is overloaded', about: '503 with Retry-After to every call',
    rule: { id: 'heat-overloaded', op: 'heat.*', answer: { status: 503, retryAfter: '5s' } },
  },
  {
    title: 'Answers to creates are lost', about: 'Heat makes the stack, and the connection is reset before it says so',
    rule: { id: 'create-answer-lost', op: 'heat.stack.create', effect: 'applied', answer: { reset: 'before-answer' } },
  },
  {
    title: 'A proxy answers', about: '502 with a page of HTML',
    rule: { id: 'proxy-html', op: 'heat.*', answer: { status: 502, html: '<html><h1>Bad gateway</h1></html>' } },
  },
  {
    title: 'Every second call fails', about: '500 from Heat, by chance',
    rule: { id: 'every-second-fails', op: 'heat.*', when: { chance: '50%' }, answer: { status: 500 } },
  },
  {
    title: 'Nobody answers', about: 'Connections to the whole cloud are refused',
    rule: { id: 'cloud-down', op: '*', answer: { refuse: true } },
  },
  {
    title: 'All is slow', about: '3 s to each call, on top of what else happens',
    rule: { id: 'all-slow', op: '*', delay: '3s', layer: true },
  },
];
