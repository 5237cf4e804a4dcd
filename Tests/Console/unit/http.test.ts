import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, user } from '../../../Sources/Console/web/data/decode';
import { ApiError, Http } from '../../../Sources/Console/web/data/http';

function stage(answer: (init: RequestInit) => Promise<Response>) {
  let ended = 0;
  const sent: RequestInit[] = [];
  const http = new Http({
    fetch: (_, init = {}) => {
      sent.push(init);
      return answer(init);
    },
    onSessionEnded: () => ended++, onServerTime: () => undefined, timeoutMs: 10,
  });
  return { http, sent, ended: () => ended };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Promise.resolve(new Response(JSON.stringify(body), { status, headers }));

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

test('a problem body is an error with its code, its fields and when to try again', async () => {
  const errors = [{ pointer: '/name', code: 'REQUIRED', message: 'name is required' }, 'nonsense'];
  const { http } = stage(() => json(422, { code: 'VALIDATION_FAILED', detail: 'name is required', errors, retryAfter: 3 }));
  const error = await refusal(http.post('/x', user, { body: {} }));
  assert.deepEqual(
    [error.code, error.message, error.status, error.fields, error.retryAfter, error.isUnanswered],
    ['VALIDATION_FAILED', 'name is required', 422, [errors[0]], 3, false]);
});

for (const [what, answer, code, isUnanswered] of [
  ['a page of a proxy', () => Promise.resolve(new Response('<html>', { status: 502 })), 'BAD_ANSWER', true],
  ['HTML where JSON should be', () => Promise.resolve(new Response('<html>', { status: 200 })), 'BAD_ANSWER', false],
  ['JSON of another shape', () => json(200, { id: 'dep_1' }), 'BAD_ANSWER', false],
  ['nothing', () => Promise.resolve(new Response(null, { status: 200 })), 'BAD_ANSWER', false],
  ['no network', () => Promise.reject(new TypeError('Failed to fetch')), 'NETWORK', true],
  ['a server that hangs', (init: RequestInit) => new Promise<Response>((_, reject) => {
    init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
  }), 'TIMEOUT', true],
] as const) {
  test(`${what} is an error in words`, async () => {
    const error = await refusal(stage(answer).http.get('/x', deployment));
    assert.equal(error.code, code);
    assert.equal(error.isUnanswered, isUnanswered);
    assert.ok(error.message.length > 10);
  });
}

test('a session that is over is told, but not by the call that asks who is signed in', async () => {
  const { http, ended } = stage(() => json(401, { code: 'UNAUTHENTICATED', detail: 'Sign in first.' }));
  await refusal(http.get('/me', user, { needsSession: false }));
  assert.equal(ended(), 0);
  await refusal(http.get('/deployments', user));
  assert.equal(ended(), 1);
});

test('a wrong password is no session that is over', async () => {
  const { http, ended } = stage(() => json(401, { code: 'INVALID_CREDENTIALS', detail: 'wrong' }));
  await refusal(http.post('/auth/login', user, { body: {} }));
  assert.equal(ended(), 0);
});

test('the idempotency key and the body go along', async () => {
  const { http, sent } = stage(() => json(200, { id: 'u', email: 'e', name: 'n', emailVerified: true }));
  await http.post('/x', user, { body: { a: 1 }, idempotencyKey: 'k' });
  assert.deepEqual(sent[0]?.headers, {
    'Accept': 'application/json', 'Content-Type': 'application/json', 'Idempotency-Key': 'k',
  });
  assert.equal(sent[0]?.body, '{"a":1}');
});
