/** Posts to a place a user chose (a webhook), under the server's address policy. */

import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from './metadata-store.ts';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

export interface Poster {
  /** The answer's status; refused when nothing answered or the address is not allowed. */
  post(message: Post, options?: Abortable): Promise<Outcome<{ readonly status: number }>>;
}
