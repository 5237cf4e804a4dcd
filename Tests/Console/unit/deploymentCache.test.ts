import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeploymentCache, deploymentKey, eventsKey } from '../../../Sources/Console/web/data/deploymentCache';
import { QueryCache } from '../../../Sources/Console/web/data/queryCache';
import type { Deployment, EventPage, LogEvent, Status, Update } from '../../../Sources/Console/web/data/types';
import { FakeTimers } from './fakes';

const update = (revision: number, status: Status): Update => ({
  status, revision, runtime: { publicIp: null, privateIp: null, sshUser: null }, lastError: null,
  updatedAt: `2026-01-01T00:00:0${revision}.000Z`,
});

const deployment = (revision: number, status: Status, id = 'dep_1'): Deployment => ({
  ...update(revision, status), id, name: 'web', regionId: 'west', createdAt: '2026-01-01T00:00:00.000Z',
  spec: { instanceTypeId: 'small', imageId: 'debian-12', storage: { sizeGiB: 20 }, sshKeyId: 'key_1' },
});

const event = (seq: number): LogEvent => ({ seq, ts: '2026-01-01T00:00:00.000Z', level: 'INFO', message: `line ${seq}` });

function stage() {
  const cache = new QueryCache(new FakeTimers());
  return { cache, deployments: new DeploymentCache(cache) };
}

test('an update that came before the answer to the fetch is not lost', () => {
  const { cache, deployments } = stage();
  deployments.updated('dep_1', update(3, 'ACTIVE'));
  const kept = deployments.mergeDeployment(deployment(2, 'PROVISIONING'), undefined);
  assert.equal(kept.status, 'ACTIVE');
  assert.equal(kept.name, 'web');
  cache.set(deploymentKey('dep_1'), kept);
  assert.deepEqual(deployments.known('dep_1'), { revision: 3 });
});

test('a late answer does not overwrite what is newer', () => {
  const { deployments } = stage();
  assert.equal(deployments.mergeDeployment(deployment(2, 'PROVISIONING'), deployment(3, 'ACTIVE')).status, 'ACTIVE');
  assert.equal(deployments.mergeDeployment(deployment(4, 'ERROR'), deployment(3, 'ACTIVE')).status, 'ERROR');
});

test('an older or doubled update changes nothing', () => {
  const { cache, deployments } = stage();
  cache.set(deploymentKey('dep_1'), deployment(1, 'REQUESTED'));
  for (const [revision, status] of [[3, 'ACTIVE'], [2, 'PROVISIONING'], [3, 'ERROR']] as const) {
    deployments.updated('dep_1', update(revision, status));
  }
  assert.equal(cache.data<Deployment>(deploymentKey('dep_1'))?.status, 'ACTIVE');
  assert.equal(deployments.mergeDeployment(deployment(2, 'PROVISIONING'), undefined).status, 'ACTIVE');
});

test('lists follow, and let go of what is deleted', () => {
  const { cache, deployments } = stage();
  const page = (status: Status | null) => ['deployments', 1, status, null] as const;
  const content = { page: 1, pageSize: 10, total: 12, asOf: '2026-01-01T00:00:00.000Z' };
  for (const status of [null, 'DELETED'] as const) {
    cache.set(page(status), { ...content, items: [deployment(1, 'ACTIVE'), deployment(1, 'ACTIVE', 'dep_2')] });
  }
  deployments.updated('dep_1', update(2, 'DELETING'));
  const statuses = (key: Status | null) =>
    cache.data<{ items: Deployment[]; total: number }>(page(key))?.items.map((item) => item.status);
  assert.deepEqual(statuses(null), ['DELETING', 'ACTIVE']);
  deployments.updated('dep_1', update(3, 'DELETED'));
  assert.deepEqual(statuses(null), ['ACTIVE']);
  assert.equal(cache.data<{ total: number }>(page(null))?.total, 11);
  assert.deepEqual(statuses('DELETED'), ['DELETED', 'ACTIVE']);
});

test('log lines are in their order and there once, whichever way they come', () => {
  const { cache, deployments } = stage();
  deployments.event('dep_1', event(3));
  const fetched = deployments.mergeEvents({ items: [event(2), event(1)], total: 2 }, undefined, 'dep_1');
  assert.deepEqual(fetched.items.map((one) => one.seq), [1, 2, 3]);
  assert.equal(fetched.total, 3);
  cache.set(eventsKey('dep_1'), fetched);
  deployments.event('dep_1', event(4));
  deployments.event('dep_1', event(2));
  assert.deepEqual(cache.data<EventPage>(eventsKey('dep_1'))?.items.map((one) => one.seq), [1, 2, 3, 4]);
  assert.deepEqual(deployments.known('dep_1'), { eventsAfter: 4 });
});
