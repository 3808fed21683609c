/** What S3 operations are given. Nothing here is global. */
import type { Objects } from '../../engines/objects/objects.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Call } from '../../wire/operation.ts';

/** What the composition root hands in, beyond the call. */
export interface S3Parts {
  readonly objects: Objects;
  readonly clock: Clock;
}

export type S3Ctx = Call & S3Parts;
