/** What operations of this service are given besides their input. */
import type { Access } from '../../engines/access/access.ts';
import type { SecretVault } from '../../engines/identity/identity.ts';
import type { IdentitySpace } from '../../engines/identity/space.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import type { QrCodes } from '../../ports/qr-codes.ts';
import type { Call } from '../../wire/operation.ts';

export interface IamParts {
  readonly identity: IdentitySpace;
  readonly vault: SecretVault;
  /** Must be fit for keys. */
  readonly random: Random;
  readonly clock: Clock;
  readonly passwords: PasswordHasher;
  readonly qr: QrCodes;
  readonly access: Access;
}

export type IamCtx = Call & IamParts;
