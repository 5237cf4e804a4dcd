// Reads answers into their types and refuses what has another shape, so that a broken answer is an error that a page
// can show and not a crash somewhere in it.

import { statuses } from './types';
import type {
  Deployment, DeploymentPage, EventPage, Failure, Image, InstanceType, Level, LogEvent, Mail, Region, Runtime, SSHKey,
  Status, Update, User,
} from './types';

export type Decoder<Value> = (json: unknown) => Value;

/** An answer that has not the documented shape; the message names the place. */
export class WrongShape extends Error {}

type Fields = Record<string, unknown>;

export function fields(json: unknown, what: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new WrongShape(`${what} is no object`);
  return json as Fields;
}

export function text(from: Fields, key: string): string {
  const value = from[key];
  if (typeof value !== 'string') throw new WrongShape(`${key} is no text`);
  return value;
}

export function textOrNull(from: Fields, key: string): string | null {
  return from[key] === null || from[key] === undefined ? null : text(from, key);
}

export function number(from: Fields, key: string): number {
  const value = from[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new WrongShape(`${key} is no number`);
  return value;
}

/** A time of RFC 3339. */
function time(from: Fields, key: string): string {
  const value = text(from, key);
  if (Number.isNaN(Date.parse(value))) throw new WrongShape(`${key} is no time`);
  return value;
}

export function list<Item>(from: Fields, key: string, item: Decoder<Item>): Item[] {
  const value = from[key];
  if (!Array.isArray(value)) throw new WrongShape(`${key} is no list`);
  return value.map(item);
}

export const nothing: Decoder<void> = () => undefined;

function runtime(json: unknown): Runtime {
  const from = fields(json, 'runtime');
  return {
    publicIp: textOrNull(from, 'publicIp'), privateIp: textOrNull(from, 'privateIp'),
    sshUser: textOrNull(from, 'sshUser'),
  };
}

function failure(json: unknown): Failure | null {
  if (json === null || json === undefined) return null;
  const from = fields(json, 'lastError');
  return { code: text(from, 'code'), message: text(from, 'message') };
}

export function update(json: unknown): Update {
  const from = fields(json, 'a deployment');
  const status = text(from, 'status') as Status;
  if (!statuses.includes(status)) throw new WrongShape(`${status} is no status`);
  return {
    status, runtime: runtime(from['runtime']), lastError: failure(from['lastError']),
    revision: number(from, 'revision'), updatedAt: time(from, 'updatedAt'),
  };
}

export function deployment(json: unknown): Deployment {
  const from = fields(json, 'a deployment');
  const spec = fields(from['spec'], 'spec');
  return {
    ...update(json),
    id: text(from, 'id'), name: text(from, 'name'), regionId: text(from, 'regionId'),
    spec: {
      instanceTypeId: text(spec, 'instanceTypeId'), imageId: text(spec, 'imageId'),
      storage: { sizeGiB: number(fields(spec['storage'], 'storage'), 'sizeGiB') }, sshKeyId: text(spec, 'sshKeyId'),
    },
    createdAt: time(from, 'createdAt'),
  };
}

export function deploymentPage(json: unknown): DeploymentPage {
  const from = fields(json, 'a page');
  return {
    items: list(from, 'items', deployment), page: number(from, 'page'), pageSize: number(from, 'pageSize'),
    total: number(from, 'total'), asOf: time(from, 'asOf'),
  };
}

export function logEvent(json: unknown): LogEvent {
  const from = fields(json, 'an event');
  const level = text(from, 'level');
  const known: Level = level === 'WARN' || level === 'ERROR' ? level : 'INFO';
  return { seq: number(from, 'seq'), ts: time(from, 'ts'), level: known, message: text(from, 'message') };
}

export function eventPage(json: unknown): EventPage {
  const from = fields(json, 'a page');
  return { items: list(from, 'items', logEvent), total: number(from, 'total') };
}

export function deploymentId(json: unknown): string {
  return text(fields(json, 'the answer'), 'deploymentId');
}

export function user(json: unknown): User {
  const from = fields(json, 'a user');
  return {
    id: text(from, 'id'), email: text(from, 'email'), name: text(from, 'name'),
    emailVerified: from['emailVerified'] === true,
  };
}

function items<Item>(item: Decoder<Item>): Decoder<Item[]> {
  return (json) => list(fields(json, 'a list'), 'items', item);
}

export const regions = items<Region>((json) => {
  const from = fields(json, 'a region');
  return { id: text(from, 'id'), name: text(from, 'name') };
});

export const instanceTypes = items<InstanceType>((json) => {
  const from = fields(json, 'an instance type');
  return {
    id: text(from, 'id'), name: text(from, 'name'), vcpus: number(from, 'vcpus'), ramMiB: number(from, 'ramMiB'),
    diskGiB: number(from, 'diskGiB'),
  };
});

export const images = items<Image>((json) => {
  const from = fields(json, 'an image');
  return {
    id: text(from, 'id'), name: text(from, 'name'), minDiskGiB: number(from, 'minDiskGiB'),
    minRamMiB: number(from, 'minRamMiB'), sshUser: textOrNull(from, 'sshUser'),
  };
});

export function sshKey(json: unknown): SSHKey {
  const from = fields(json, 'an SSH key');
  return {
    id: text(from, 'id'), name: text(from, 'name'), publicKey: text(from, 'publicKey'),
    fingerprint: text(from, 'fingerprint'), createdAt: time(from, 'createdAt'),
  };
}

export const sshKeys = items(sshKey);

export function mails(json: unknown): Mail[] {
  return list({ items: json }, 'items', (item) => {
    const from = fields(item, 'a mail');
    return {
      to: text(from, 'to'), subject: text(from, 'subject'), text: text(from, 'text'), token: textOrNull(from, 'token'),
    };
  });
}

/** A message of the server on the WebSocket. */
export type ServerMessage =
  | { type: 'subscribed'; deploymentId: string }
  | { type: 'deployment.updated'; deploymentId: string; data: Update }
  | { type: 'deployment.event'; deploymentId: string; data: LogEvent }
  | { type: 'error'; code: string; message: string; deploymentId: string | null };

/** Reads a frame; null for a type that is not known, as a later server may have. */
export function serverMessage(frame: string): ServerMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(frame);
  } catch {
    throw new WrongShape('a frame is no JSON');
  }
  const from = fields(json, 'a message');
  const type = text(from, 'type');
  switch (type) {
    case 'subscribed':
      return { type, deploymentId: text(from, 'deploymentId') };
    case 'deployment.updated':
      return { type, deploymentId: text(from, 'deploymentId'), data: update(from['data']) };
    case 'deployment.event':
      return { type, deploymentId: text(from, 'deploymentId'), data: logEvent(from['data']) };
    case 'error':
      return {
        type, code: text(from, 'code'), message: text(from, 'message'), deploymentId: textOrNull(from, 'deploymentId'),
      };
    default:
      return null;
  }
}
