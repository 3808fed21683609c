/** What operations of this service are given besides their input. */
import type { Access } from '../../engines/access/access.ts';
import type { Identity, SecretVault } from '../../engines/identity/identity.ts';
import type { IdentitySpace } from '../../engines/identity/space.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { WebIdentities } from '../../ports/web-identities.ts';
import type { Call } from '../../wire/operation.ts';

export interface StsParts {
  readonly identity: Identity;
  readonly space: IdentitySpace;
  readonly vault: SecretVault;
  readonly random: Random;
  /** Of this world, as the one that `identity` has. */
  readonly clock: Clock;
  readonly access: Access;
  readonly webIdentities: WebIdentities;
}

export type StsCtx = Call & StsParts;
