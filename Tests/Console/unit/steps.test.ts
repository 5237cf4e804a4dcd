import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsOf } from '../../../Sources/Console/web/data/steps';
import type { LogEvent } from '../../../Sources/Console/web/data/types';

/** A log: a line is its second and its message. */
const log = (...lines: [second: number, message: string][]): LogEvent[] =>
  lines.map(([second, message], index) => ({
    seq: index + 1, ts: new Date(second * 1000).toISOString(), level: 'INFO', message,
  }));

const told = (events: LogEvent[], status: Parameters<typeof stepsOf>[1]) =>
  stepsOf(events, status).map(({ title, state, start, end, atMost }) =>
    [title, state, start / 1000, end === null ? null : end / 1000, atMost / 1000]);

test('steps have the time from their first line to their last, or what they took at most', () => {
  assert.deepEqual(
    told(log([0, 'Deployment requested'], [1, 'Creating stack…'], [3, 'Creating disk…'], [3, 'Creating SSH key…'], [3, 'SSH key ready'], [9, 'Disk ready'], [9, 'Creating server…']), 'PROVISIONING'),
    [
      ['Wait for a worker', 'done', 0, 1, 0], ['Stack', 'running', 1, null, 1], ['Disk', 'done', 3, 9, 2],
      ['SSH key', 'done', 3, 3, 2], ['Server', 'running', 9, null, 6],
    ]);
});

test('where the deployment has come to rest, nothing runs', () => {
  const events = log([0, 'Deployment requested'], [1, 'Creating stack…'], [2, 'Creating server…'], [8, 'Server ready'], [8, 'The VM is ready at 203.0.113.4']);
  assert.deepEqual(told(events, 'ACTIVE').slice(1), [['Stack', 'done', 1, 8, 1], ['Server', 'done', 2, 8, 1]]);
  const failed = log([0, 'Deployment requested'], [1, 'Creating stack…'], [2, 'Creating server…'], [8, 'Creating server failed: No valid host was found'], [9, 'The VM could not be created']);
  assert.deepEqual(told(failed, 'ERROR').slice(1), [['Stack', 'failed', 1, 9, 1], ['Server', 'failed', 2, 8, 1]]);
});

test('another attempt is told anew', () => {
  const events = log([0, 'Deployment requested'], [1, 'Creating stack…'], [9, 'Deletion requested'], [10, 'Deleting stack…'], [11, 'Deleting SSH key…'], [12, 'SSH key deleted']);
  assert.deepEqual(told(events, 'DELETING'), [
    ['Wait for a worker', 'done', 9, 10, 0], ['Delete stack', 'running', 10, null, 1],
    ['Delete SSH key', 'done', 11, 12, 1],
  ]);
});
