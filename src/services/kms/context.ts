/** What operations of this service are given besides their input. */
import type { Access } from '../../engines/access/access.ts';
import type { Vault } from '../../engines/envelope/vault.ts';
import type { Lifecycle } from '../../engines/keys/lifecycle.ts';
import type { ManagedKeys } from '../../engines/keys/make-keys.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';

export interface KmsParts {
  readonly store: MetadataStore;
  readonly vault: Vault;
  /** Must be fit for keys. */
  readonly random: Random;
  readonly clock: Clock;
  readonly keys: ManagedKeys;
  readonly lifecycle: Lifecycle;
  /** For what an operation asks beyond its declared permissions. */
  readonly access: Access;
}

export type KmsCtx = Call & KmsParts;
