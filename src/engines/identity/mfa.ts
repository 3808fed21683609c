/**
 * Codes of the devices that users have: looked at without being used up, and used up once. Wrong
 * codes in a row make the user wait longer each time.
 */
import { type Clock, hourMs, secondMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { SecretVault } from './identity.ts';
import { type MfaDeviceRow, mfaDevices, nameKey } from './rows.ts';
import { makeThrottle } from './throttle.ts';
import { peekCode, sealedSeedContext } from './totp.ts';

export interface MfaUser {
  readonly account: string;
  readonly userName: string;
}

/** A code that is right as far as is known; it counts once it is consumed. */
export interface MfaProof {
  readonly serial: string;
  readonly step: number;
}

export interface Mfa {
  /**
   * Whether the code is one of the user's device now; any of their devices when `serial` is left
   * out. A wrong one counts against the user. The reason of a refusal is the same for all.
   */
  check(user: MfaUser, code: string, serial?: string): Promise<Outcome<MfaProof>>;
  /** False when the code was used meanwhile: of two at the same time one wins. */
  consume(user: MfaUser, proof: MfaProof): Promise<boolean>;
  /** Whether the user has a device that is enabled. */
  isEnabled(user: MfaUser): Promise<boolean>;
}

/** What every refusal says, as the original words it. */
export const mfaRefusal = 'MultiFactorAuthentication failed with invalid MFA one time pass code.';

const freeTries = 5;
const firstWaitMs = 30 * secondMs;
const maxDevices = 8;

export interface MfaParts {
  readonly store: MetadataStore;
  readonly vault: SecretVault;
  /** Of this world: devices know no other time. */
  readonly clock: Clock;
}

export function makeMfa({ store, vault, clock }: MfaParts): Mfa {
  const limits = { free: freeTries, firstWaitMs, longestWaitMs: hourMs };
  const throttle = makeThrottle(clock, limits);
  const keyOf = ({ account, userName }: MfaUser) => nameKey(account, userName);

  async function devicesOf(user: MfaUser): Promise<readonly MfaDeviceRow[]> {
    const range = { index: 'user', equals: keyOf(user), limit: maxDevices };
    return (await store.listBy(mfaDevices, range)).map(({ row }) => row);
  }

  function seedOf({ serial, sealedSeed }: MfaDeviceRow): string {
    const seed = vault.open(sealedSeed, sealedSeedContext(serial));
    if (!seed.ok) throw new Error(`the device ${serial} does not open: ${seed.reason}`);
    return seed.value;
  }

  return {
    async check(user, code, serial) {
      if (throttle.attempt(keyOf(user)) > 0) return refuse(mfaRefusal);
      let proof: MfaProof | undefined;
      for (const device of await devicesOf(user)) {
        if (serial !== undefined && device.serial !== serial) continue;
        const step = peekCode(seedOf(device), code, { device, nowMs: clock.nowMs() });
        if (step !== undefined) proof ??= { serial: device.serial, step };
      }
      if (!proof) return refuse(mfaRefusal);
      throttle.succeeded(keyOf(user));
      return ok(proof);
    },
    consume: (user, { serial, step }) =>
      store.write(async (tx) => {
        const row = await tx.get(mfaDevices, serial);
        if (row?.userName === undefined) return false;
        if (keyOf({ account: row.account, userName: row.userName }) !== keyOf(user)) return false;
        if (step <= (row.lastStep ?? -1)) return false;
        await tx.put(mfaDevices, serial, { ...row, lastStep: step });
        return true;
      }),
    isEnabled: async (user) => (await devicesOf(user)).length > 0,
  };
}
