import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle, stage } from './fakes';

const update = { status: 'ACTIVE', runtime: {}, lastError: null, revision: 3, updatedAt: '2026-01-01T00:00:00.000Z' };

test('a subscription says what the page has already', () => {
  const { live, known, newest } = stage();
  known['dep_1'] = { revision: 2, eventsAfter: 7 };
  live.start();
  live.want('dep_1');
  assert.deepEqual(newest().sent, [], 'nothing is sent before the socket is open');
  newest().open();
  assert.deepEqual(newest().sent, [{ type: 'subscribe', deploymentId: 'dep_1', revision: 2, eventsAfter: 7 }]);
});

test('two who want the same deployment share one subscription', () => {
  const { live, timers, newest } = stage();
  live.start();
  newest().open();
  const [one, other] = [live.want('dep_1'), live.want('dep_1')];
  one();
  timers.advance(60_000);
  assert.equal(newest().sent.length, 1);
  other();
  other();
  timers.advance(60_000);
  assert.deepEqual(newest().sent.slice(1), [{ type: 'unsubscribe', deploymentId: 'dep_1' }]);
});

test('who comes back soon finds the subscription still there', () => {
  const { live, timers, newest } = stage();
  live.start();
  newest().open();
  live.want('dep_1')();
  timers.advance(4_000);
  live.want('dep_1');
  timers.advance(60_000);
  assert.equal(newest().sent.length, 1);
});

test('after a loss each open page fetches once and each deployment is subscribed once', () => {
  const { live, timers, sockets, newest } = stage();
  let fetches = 0;
  live.start();
  live.openPage(() => fetches++);
  live.want('dep_1');
  newest().open();
  assert.equal(fetches, 0, 'the page has fetched by itself');
  newest().lose(1006);
  timers.advance(30_000);
  assert.equal(sockets.length, 2);
  newest().open();
  assert.equal(fetches, 1);
  assert.equal(newest().sent.length, 1);
  timers.advance(3_600_000);
  assert.equal(fetches, 1, 'nothing is polled');
  assert.equal(newest().sent.length, 1);
});

test('a page that opened while the socket was lost fetches again after the next loss only', () => {
  const { live, timers, newest } = stage();
  let fetches = 0;
  live.start();
  newest().open();
  newest().lose(1006);
  live.openPage(() => fetches++);
  timers.advance(30_000);
  newest().open();
  assert.equal(fetches, 0);
  newest().lose(1006);
  timers.advance(30_000);
  newest().open();
  assert.equal(fetches, 1);
});

/** The delays of a number of losses in a row. */
function delays(code: number, losses: number, random: number): number[] {
  const { live, timers, newest } = stage({ random: () => random });
  live.start();
  return Array.from({ length: losses }, () => {
    newest().open();
    newest().lose(code);
    assert.equal(live.state.kind, 'waiting');
    const delay = live.state.kind === 'waiting' ? live.state.until - timers.now() : NaN;
    timers.advance(delay);
    return delay;
  });
}

test('the delay before another attempt is up to 500 ms, doubled each time, and 30 s at most', () => {
  assert.deepEqual(delays(1006, 9, 1), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.deepEqual(delays(1006, 4, 0), [0, 0, 0, 0]);
});

test('a server that restarts is given up to 10 s', () => {
  assert.deepEqual(delays(1012, 2, 1), [10_000, 10_000]);
});

test('an overloaded server is given a second at least', () => {
  assert.deepEqual(delays(4100, 4, 0.5), [1000, 1000, 1000, 2000]);
});

test('a server that asks to be called elsewhere is called at once', () => {
  assert.deepEqual(delays(4200, 3, 1), [0, 0, 0]);
});

test('after a minute of life the delays begin anew', () => {
  const { live, timers, newest } = stage({ random: () => 1 });
  live.start();
  const delays = [0, 0, 59_000, 60_000].map((lifeMs) => {
    newest().open();
    timers.advance(lifeMs);
    newest().lose(1006);
    const delay = live.state.kind === 'waiting' ? live.state.until - timers.now() : NaN;
    timers.advance(delay);
    return delay;
  });
  assert.deepEqual(delays, [500, 1000, 2000, 500]);
});

test('an ended session stops the socket and is told', () => {
  const { live, timers, sockets, heard, newest } = stage();
  live.start();
  newest().open();
  newest().lose(4001);
  timers.advance(3_600_000);
  assert.deepEqual(live.state, { kind: 'stopped', code: 4001 });
  assert.deepEqual(heard, ['session ended']);
  assert.equal(sockets.length, 1);
});

test('a server that will have no more of it is not called again', () => {
  const { live, timers, sockets, heard, newest } = stage();
  live.start();
  newest().open();
  newest().lose(4004);
  timers.advance(3_600_000);
  assert.deepEqual(live.state, { kind: 'stopped', code: 4004 });
  assert.deepEqual(heard, []);
  assert.equal(sockets.length, 1);
});

test('an attempt that is refused asks whether the session is over', async () => {
  let isOver = false;
  const { live, timers, heard, newest } = stage({ isSessionOver: () => Promise.resolve(isOver) });
  live.start();
  newest().lose(1006);
  await settle();
  assert.equal(live.state.kind, 'waiting');
  isOver = true;
  timers.advance(30_000);
  newest().lose(1006);
  await settle();
  assert.deepEqual(live.state, { kind: 'stopped', code: 4001 });
  assert.deepEqual(heard, ['session ended']);
});

test('without a network nothing is tried until there is one', () => {
  let isOnline = true;
  const { live, timers, sockets, newest } = stage({ isOnline: () => isOnline });
  live.start();
  newest().open();
  isOnline = false;
  newest().lose(1006);
  assert.equal(live.state.kind, 'offline');
  timers.advance(3_600_000);
  assert.equal(sockets.length, 1);
  isOnline = true;
  live.networkChanged();
  timers.advance(1_000);
  assert.equal(sockets.length, 2);
});

test('a page that wakes up finds out whether its socket still lives', () => {
  const { live, timers, sockets, newest } = stage();
  live.start();
  live.want('dep_1');
  newest().open();
  live.wokeUp();
  assert.equal(newest().sent.length, 2, 'something that is answered is asked');
  newest().receive({ type: 'subscribed', deploymentId: 'dep_1' });
  timers.advance(60_000);
  assert.equal(sockets.length, 1);
  live.wokeUp();
  timers.advance(5_000);
  assert.equal(sockets[0]?.isClosed, true);
  timers.advance(30_000);
  assert.equal(sockets.length, 2);
});

test('commands stay below what the server takes in a minute, and catch up', () => {
  const { live, timers, newest } = stage();
  live.start();
  newest().open();
  for (let number = 0; number < 60; number++) live.want(`dep_${number}`);
  assert.equal(newest().sent.length, 50);
  timers.advance(60_000);
  assert.equal(newest().sent.length, 60);
  assert.equal(new Set(newest().sent.map((message) => message['deploymentId'])).size, 60);
});

test('messages that cannot be read are left out', (context) => {
  context.mock.method(console, 'warn', () => undefined);
  const { live, heard, newest } = stage();
  live.start();
  newest().open();
  for (const message of ['<html>', '3', '{}', '{"type":"deployment.updated"}', { type: 'later.invention' },
    { type: 'deployment.updated', deploymentId: 'dep_1', data: { ...update, status: 'MOLTEN' } }]) {
    newest().receive(message);
  }
  newest().receive({ type: 'deployment.updated', deploymentId: 'dep_1', data: update });
  assert.deepEqual(heard, ['dep_1 ACTIVE 3']);
});

test('a gap in the events is told', () => {
  const { live, heard, newest } = stage();
  live.start();
  newest().open();
  newest().receive({ type: 'error', code: 'EVENTS_GAP', message: 'more', deploymentId: 'dep_1' });
  assert.deepEqual(heard, ['dep_1 gap']);
});

test('a stopped socket leaves nothing behind', () => {
  const { live, timers, sockets, newest } = stage();
  live.start();
  live.want('dep_1')();
  newest().open();
  newest().lose(1006);
  live.stop();
  timers.advance(3_600_000);
  assert.equal(timers.count, 0);
  assert.equal(sockets.length, 1);
  assert.equal(live.state.kind, 'off');
});
