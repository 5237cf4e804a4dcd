// Requests to the portal's API: JSON in, a decoded value or an ApiError out.

import { WrongShape } from './decode';
import type { Decoder } from './decode';

export interface FieldError {
  /** A JSON pointer into the request's body: `/spec/imageId`; empty where it is about all of it. */
  pointer: string;
  code: string;
  message: string;
}

/** Why a request got no good answer, in words for a person. */
export class ApiError extends Error {
  constructor(
    /** A code of the API, or NETWORK (no answer came), TIMEOUT (none in time) or BAD_ANSWER (not the API's). */
    readonly code: string,
    message: string,
    /** 0 where no answer came. */
    readonly status = 0,
    readonly fields: FieldError[] = [],
    /** In seconds. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** Whether the request may or may not have taken effect. */
  get isUnanswered(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export interface RequestOptions {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in the place of a body. */
  text?: string;
  idempotencyKey?: string;
  /** Whether a 401 means that the session is over; not so for the call that signs in, or asks who is signed in. */
  needsSession?: boolean;
}

export interface HttpSettings {
  fetch: typeof fetch;
  /** Is told when the server says that nobody is signed in. */
  onSessionEnded(): void;
  /** Is told of the server's time, as the Date header of an answer says it. */
  onServerTime(date: string): void;
  timeoutMs?: number;
}

export class Http {
  constructor(private readonly settings: HttpSettings) {}

  get<Value>(path: string, decode: Decoder<Value>, options: RequestOptions = {}): Promise<Value> {
    return this.send('GET', path, decode, options);
  }

  post<Value>(path: string, decode: Decoder<Value>, options: RequestOptions = {}): Promise<Value> {
    return this.send('POST', path, decode, options);
  }

  delete<Value>(path: string, decode: Decoder<Value>, options: RequestOptions = {}): Promise<Value> {
    return this.send('DELETE', path, decode, options);
  }

  put<Value>(path: string, decode: Decoder<Value>, options: RequestOptions = {}): Promise<Value> {
    return this.send('PUT', path, decode, options);
  }

  private async send<Value>(
    method: string, path: string, decode: Decoder<Value>, options: RequestOptions,
  ): Promise<Value> {
    const response = await this.exchange(method, path, options);
    const date = response.headers.get('date');
    if (date !== null) this.settings.onServerTime(date);
    const json = await this.body(response);
    if (!response.ok) {
      const error = problem(response, json);
      if (error.code === 'UNAUTHENTICATED' && options.needsSession !== false) this.settings.onSessionEnded();
      throw error;
    }
    try {
      return decode(json);
    } catch (error) {
      if (!(error instanceof WrongShape)) throw error;
      throw new ApiError('BAD_ANSWER', `The server’s answer could not be read: ${error.message}.`, response.status);
    }
  }

  private async exchange(method: string, path: string, options: RequestOptions): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (options.text !== undefined) headers['Content-Type'] = 'text/plain';
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.idempotencyKey !== undefined) headers['Idempotency-Key'] = options.idempotencyKey;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.settings.timeoutMs ?? 30_000);
    try {
      return await this.settings.fetch(path, {
        method, headers, credentials: 'same-origin', signal: controller.signal,
        ...(options.text === undefined ? {} : { body: options.text }),
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
    } catch {
      if (controller.signal.aborted) throw new ApiError('TIMEOUT', 'The server did not answer in time.');
      throw new ApiError('NETWORK', 'The server could not be reached. Check your connection.');
    } finally {
      clearTimeout(timer);
    }
  }

  /** The body as JSON; null for none, undefined for what is none of the API's. */
  private async body(response: Response): Promise<unknown> {
    let text: string;
    try {
      text = await response.text();
    } catch {
      throw new ApiError('NETWORK', 'The connection was lost before the whole answer came.');
    }
    if (text === '') return null;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      if (!response.ok) return undefined;
      throw new ApiError('BAD_ANSWER', 'The server’s answer is not the portal’s: it is no JSON.', response.status);
    }
  }
}

/** An error from a problem body (RFC 9457), or from the status alone where something else answered. */
function problem(response: Response, json: unknown): ApiError {
  const from = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  const code = typeof from['code'] === 'string' ? from['code'] : 'BAD_ANSWER';
  const detail =
    typeof from['detail'] === 'string'
      ? from['detail']
      : `The server answered ${response.status}${response.statusText ? ` ${response.statusText}` : ''}.`;
  const header = Number(response.headers.get('retry-after') ?? NaN);
  const retryAfter = typeof from['retryAfter'] === 'number' ? from['retryAfter'] : Number.isFinite(header) ? header : null;
  return new ApiError(code, detail, response.status, fieldErrors(from['errors']), retryAfter);
}

function fieldErrors(json: unknown): FieldError[] {
  if (!Array.isArray(json)) return [];
  return json.flatMap((item: unknown) => {
    const from = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
    const { pointer, code, message } = from;
    if (typeof message !== 'string') return [];
    return [{ pointer: typeof pointer === 'string' ? pointer : '', message, code: typeof code === 'string' ? code : '' }];
  });
}
