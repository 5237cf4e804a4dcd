import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axisStep, readLine, stamp, timelineOf } from '../../../Sources/Console/web/timeline/model';
import type { Line } from '../../../Sources/Console/web/timeline/model';

const lines = (...parts: (Partial<Line> & { actor: string; kind: string })[]): Line[] =>
  parts.map((part, index) => ({ t: index * 1000, n: index + 1, ...part }));

const commit = (status: string) => ({ actor: 'store', kind: 'commit', deployment: 'dep_1', data: { status, revision: 1 } });

test('lines are in lanes by who acts, users first and the cloud last', () => {
  const { groups } = timelineOf(lines(
    { actor: 'cloud/west', kind: 'call', op: 'heat.stack.list', status: 200 }, { actor: 'ann', kind: 'http', method: 'GET', path: '/me', status: 200 },
    { actor: 'ann/t1', kind: 'opened' }, commit('ACTIVE'), { actor: 'server', kind: 'starts' }));
  assert.deepEqual(
    groups.map(({ title, lanes }) => [title, lanes.map((lane) => lane.name)]),
    [['Users', ['ann']], ['Sockets', ['ann/t1']], ['Portal', ['server']], ['Database', ['store']], ['Cloud', ['cloud/west']]]);
});

test('a deployment has a bar for each status, the last one open, and its name', () => {
  const { lives, groups } = timelineOf(lines(
    { actor: 'story', kind: 'named', deployment: 'dep_1', label: 'web' }, commit('REQUESTED'), commit('PROVISIONING'), commit('PROVISIONING'), commit('ACTIVE')));
  assert.deepEqual(lives, [{
    id: 'dep_1', name: 'web', spans: [
      { status: 'REQUESTED', from: 1000, to: 2000 }, { status: 'PROVISIONING', from: 2000, to: 4000 },
      { status: 'ACTIVE', from: 4000, to: null },
    ],
  }]);
  assert.equal(groups[0]?.lanes[0]?.marks[0]?.text, 'commits web: REQUESTED, revision 1');
});

test('what went wrong looks like it', () => {
  const [lane] = timelineOf(lines(
    { actor: 'cloud', kind: 'call', op: 'x', status: 200 }, { actor: 'cloud', kind: 'call', op: 'x', status: 404 },
    { actor: 'cloud', kind: 'call', op: 'x', status: 503 }, { actor: 'cloud', kind: 'call', op: 'x', status: null })).groups[0]?.lanes ?? [];
  assert.deepEqual(lane?.marks.map((mark) => mark.tone), ['plain', 'warn', 'bad', 'bad']);
  assert.equal(lane?.marks[3]?.text, 'x → no answer');
});

test('what is no line is left out', () => {
  for (const json of [null, 3, {}, { t: '1', n: 1, actor: 'a', kind: 'k' }]) assert.equal(readLine(json), null);
});

test('the axis has round steps', () => {
  assert.deepEqual([axisStep(1000, 10), axisStep(28_000, 8), axisStep(3_600_000, 6)], [100, 5000, 3_600_000 / 6]);
  assert.equal(stamp(83_456), '1:23.456');
});
