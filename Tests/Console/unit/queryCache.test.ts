import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryCache } from '../../../Sources/Console/web/data/queryCache';
import { FakeTimers, settle } from './fakes';

/** A source whose answers a test gives by hand, in any order. */
function source<Data>() {
  const asked: { give(data: Data): void; fail(error: unknown): void }[] = [];
  return {
    asked,
    fetch: () => new Promise<Data>((resolve, reject) => asked.push({ give: resolve, fail: reject })),
  };
}

function stage() {
  const timers = new FakeTimers();
  const cache = new QueryCache(timers, 1000);
  return { timers, cache, ...source<number>() };
}

test('who looks first fetches; who looks beside does not', async () => {
  const { cache, asked, fetch } = stage();
  let shown = 0;
  cache.observe(['a'], { fetch }, () => shown++);
  cache.observe(['a'], { fetch }, () => undefined);
  assert.equal(asked.length, 1);
  assert.deepEqual(cache.state(['a']), { data: undefined, error: undefined, isFetching: true });
  asked[0]?.give(1);
  await settle();
  assert.deepEqual(cache.state(['a']), { data: 1, error: undefined, isFetching: false });
  assert.equal(shown, 2);
});

test('fresh data is shown again without a fetch, stale data with one', async () => {
  const { cache, timers, asked, fetch } = stage();
  cache.observe(['a'], { fetch, staleMs: 500 }, () => undefined)();
  asked[0]?.give(1);
  await settle();
  timers.advance(499);
  cache.observe(['a'], { fetch, staleMs: 500 }, () => undefined)();
  assert.equal(asked.length, 1);
  timers.advance(1);
  cache.observe(['a'], { fetch, staleMs: 500 }, () => undefined);
  assert.equal(asked.length, 2);
  assert.equal(cache.data(['a']), 1, 'stale data is shown meanwhile');
});

test('an error stays beside the data, and the next look tries again', async () => {
  const { cache, asked, fetch } = stage();
  const leave = cache.observe(['a'], { fetch, staleMs: Infinity }, () => undefined);
  asked[0]?.give(1);
  await settle();
  void cache.refetch(['a']);
  asked[1]?.fail('lost');
  await settle();
  assert.deepEqual(cache.state(['a']), { data: 1, error: 'lost', isFetching: false });
  leave();
  cache.observe(['a'], { fetch, staleMs: Infinity }, () => undefined);
  assert.equal(asked.length, 3);
  asked[2]?.give(2);
  await settle();
  assert.deepEqual(cache.state(['a']), { data: 2, error: undefined, isFetching: false });
});

test('invalidation fetches at once what is looked at, and by prefix', async () => {
  const { cache, asked, fetch } = stage();
  const other = source<number>();
  cache.observe(['list', 1], { fetch, staleMs: Infinity }, () => undefined);
  cache.observe(['list', 2], { fetch: other.fetch, staleMs: Infinity }, () => undefined)();
  asked[0]?.give(1);
  other.asked[0]?.give(1);
  await settle();
  void cache.invalidate(['list']);
  void cache.invalidate(['lis']);
  assert.deepEqual([asked.length, other.asked.length], [2, 1]);
  cache.observe(['list', 2], { fetch: other.fetch, staleMs: Infinity }, () => undefined);
  assert.equal(other.asked.length, 2, 'what nobody looked at is fetched when somebody does');
});

test('an answer of an earlier question never overwrites that of a later one', async () => {
  const { cache, asked, fetch } = stage();
  cache.observe(['a'], { fetch }, () => undefined);
  void cache.invalidate(['a']);
  asked[1]?.give(2);
  await settle();
  asked[0]?.give(1);
  await settle();
  assert.equal(cache.data(['a']), 2);
});

test('an earlier answer counts until the later one comes', async () => {
  const { cache, asked, fetch } = stage();
  cache.observe(['a'], { fetch }, () => undefined);
  void cache.invalidate(['a']);
  asked[0]?.give(1);
  await settle();
  assert.deepEqual(cache.state(['a']), { data: 1, error: undefined, isFetching: true });
  asked[1]?.give(2);
  await settle();
  assert.deepEqual(cache.state(['a']), { data: 2, error: undefined, isFetching: false });
});

test('what is known has a say in what is kept', async () => {
  const { cache, asked, fetch } = stage();
  const merge = (fetched: number, known: number | undefined) => Math.max(fetched, known ?? 0);
  cache.observe(['a'], { fetch, merge }, () => undefined);
  cache.set(['a'], 5);
  asked[0]?.give(3);
  await settle();
  assert.equal(cache.data(['a']), 5);
});

test('a change ahead of the server can be taken back', async () => {
  const { cache } = stage();
  cache.set(['keys'], ['one', 'two']);
  const takeBack = cache.update<string[]>(['keys'], (keys) => keys.filter((key) => key !== 'one'));
  assert.deepEqual(cache.data(['keys']), ['two']);
  takeBack();
  assert.deepEqual(cache.data(['keys']), ['one', 'two']);
});

test('a change is not taken back over newer data', () => {
  const { cache } = stage();
  cache.set(['keys'], ['one', 'two']);
  const takeBack = cache.update<string[]>(['keys'], (keys) => keys.slice(1));
  cache.set(['keys'], ['three']);
  takeBack();
  assert.deepEqual(cache.data(['keys']), ['three']);
});

test('what nobody looks at is forgotten after a while', async () => {
  const { cache, timers, asked, fetch } = stage();
  const leave = cache.observe(['a'], { fetch }, () => undefined);
  asked[0]?.give(1);
  await settle();
  timers.advance(10_000);
  leave();
  timers.advance(999);
  assert.equal(cache.data(['a']), 1);
  timers.advance(1);
  assert.equal(cache.data(['a']), undefined);
});

test('after clear nothing is known, and answers that were under way are not let in', async () => {
  const { cache, asked, fetch } = stage();
  let shown = 0;
  cache.observe(['a'], { fetch }, () => shown++);
  cache.clear();
  asked[0]?.give(1);
  await settle();
  assert.deepEqual(cache.state(['a']), { data: undefined, error: undefined, isFetching: false });
  cache.set(['a'], 2);
  assert.equal(cache.data(['a']), 2);
  assert.equal(shown, 3, 'who looks goes on looking');
});
