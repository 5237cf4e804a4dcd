// Who is signed in, in this tab and in the others of the same browser.

import { nothing, user } from './decode';
import { ApiError } from './http';
import type { Http } from './http';
import type { QueryCache, QueryOptions } from './queryCache';
import type { User } from './types';

export const meKey = ['me'] as const;

export interface SessionSettings {
  http: Http;
  cache: QueryCache;
  /** Forgets what belongs to the user, and ends the socket. */
  forget(): void;
  /** Tells the other tabs. */
  announce(what: 'signed-in' | 'signed-out'): void;
}

export class Session {
  /** Whether the session ended by itself, for the page that asks to sign in again. */
  hasExpired = false;
  /** Whether it was ended here, on purpose. */
  hasSignedOut = false;

  constructor(private readonly settings: SessionSettings) {}

  /** The query for the user; null where nobody is signed in. */
  readonly me: QueryOptions<User | null> = {
    fetch: async () => {
      try {
        return await this.settings.http.get('/me', user, { needsSession: false });
      } catch (error) {
        if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') return null;
        throw error;
      }
    },
    staleMs: Infinity,
  };

  async signIn(email: string, password: string): Promise<void> {
    const signedIn = await this.settings.http.post('/auth/login', user, {
      body: { email, password }, needsSession: false,
    });
    this.hasExpired = false;
    this.hasSignedOut = false;
    this.settings.cache.set<User | null>(meKey, signedIn);
    this.settings.announce('signed-in');
  }

  async signOut(): Promise<void> {
    // The socket is closed before the answer comes.
    this.hasSignedOut = true;
    try {
      await this.settings.http.post('/auth/logout', nothing, { needsSession: false });
    } catch (error) {
      this.hasSignedOut = false;
      throw error;
    }
    this.end();
    this.settings.announce('signed-out');
  }

  /** The server said that the session is over. */
  expired(): void {
    if (!this.hasSignedOut && this.settings.cache.data<User | null>(meKey) !== null) this.hasExpired = true;
    this.end();
  }

  /** Asks the server. */
  async isOver(): Promise<boolean> {
    try {
      return (await this.me.fetch()) === null;
    } catch {
      return false;
    }
  }

  /** Another tab signed in or out. */
  async changedElsewhere(): Promise<void> {
    const over = await this.isOver();
    if (over) this.end();
    else await this.settings.cache.invalidate(meKey);
  }

  private end(): void {
    this.settings.forget();
    this.settings.cache.set<User | null>(meKey, null);
  }
}
