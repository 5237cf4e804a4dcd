import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderDraft } from '../../../Sources/Console/web/data/orderDraft';

const empty = { name: '', regionId: '', instanceTypeId: '', imageId: '', sizeGiB: 20, sshKeyId: '' };
const body = { name: 'web' };

function stage() {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  let keys = 0;
  return { kept, load: () => new OrderDraft(storage, empty), newKey: () => `key-${++keys}` };
}

test('the same request has the same key, also after a reload', () => {
  const { load, newKey } = stage();
  const draft = load();
  draft.edit({ ...empty, name: 'web' });
  assert.equal(draft.keyFor(body, newKey), 'key-1');
  assert.equal(draft.keyFor(body, newKey), 'key-1');
  const reloaded = load();
  assert.equal(reloaded.isUnanswered, true);
  assert.equal(reloaded.order.name, 'web');
  assert.equal(reloaded.keyFor(body, newKey), 'key-1');
});

test('another request has another key', () => {
  const { load, newKey } = stage();
  const draft = load();
  draft.keyFor(body, newKey);
  assert.equal(draft.keyFor({ name: 'db' }, newKey), 'key-2');
});

test('a request that was refused, or taken, is not meant again', () => {
  const { load, newKey } = stage();
  const draft = load();
  draft.keyFor(body, newKey);
  draft.refused();
  assert.equal(draft.isUnanswered, false);
  assert.equal(draft.keyFor(body, newKey), 'key-2');
  draft.taken();
  const next = load();
  assert.equal(next.isUnanswered, false);
  assert.deepEqual(next.order, empty);
  assert.equal(next.keyFor(body, newKey), 'key-3');
});

test('what another version has kept is no harm', () => {
  const { kept, load } = stage();
  for (const text of ['{', 'null', '[]', '{"order":{"name":3}}']) {
    kept.set('hothouse.order', text);
    assert.deepEqual(load().order, empty);
  }
});
