/** What operations of this service are given besides their input. */
import type { Keys } from '../../engines/keys/keys.ts';
import type { Topics } from '../../engines/topics/topics.ts';
import type { SigningKeys } from '../../engines/trail/digests/signing-keys.ts';
import type { LookupPage, LookupQuery } from '../../engines/trail/lookup.ts';
import type { Trail } from '../../engines/trail/trail.ts';
import type { TrailAdmission } from '../../jobs/trail-delivery/admission.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Wake } from '../../kernel/loop.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';

export interface CloudTrailParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly trail: Trail;
  /** The newest first. Throws `InvalidPosition`. */
  readonly lookup: (query: LookupQuery) => Promise<LookupPage>;
  readonly signingKeys: SigningKeys;
  readonly admission: TrailAdmission;
  readonly keys: Pick<Keys, 'find'>;
  readonly topics: Pick<Topics, 'find'>;
  readonly wake: Wake;
}

export type Ctx = Call & CloudTrailParts;
