/** An identity over memory for tests, and a vault that seals for real. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { Clock } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Identity, makeIdentity, type SecretVault } from './identity.ts';
import { newId } from './ids.ts';
import { mfaDevices, nameKey, type RoleRow, roles, type UserRow, users } from './rows.ts';
import { type IdentitySpace, makeIdentitySpace } from './space.ts';
import { newSeed, sealedSeedContext } from './totp.ts';

export const account = '123456789012';
export const startMs = Date.UTC(2026, 0, 1);
const global = { partition: 'aws', region: '', account };

/** A clock that can be set back. */
export interface LooseClock extends Clock {
  atMs: number;
}

export function looseClock(atMs = startMs): LooseClock {
  return {
    atMs,
    nowMs() {
      return this.atMs;
    },
  };
}

/** AES-256-GCM under a key of this name, with the context authenticated. */
export function testVault(name = 'root', random: Random = seededRandom(9)): SecretVault {
  const key = createHash('sha256').update(name).digest();
  return {
    seal(text, context) {
      const nonce = random.bytes(12);
      const sealing = createCipheriv('aes-256-gcm', key, nonce);
      sealing.setAAD(Buffer.from(JSON.stringify(context)));
      const content = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
      return Buffer.concat([nonce, sealing.getAuthTag(), content]).toString('base64');
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < 28) return refuse('too short');
      const opening = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      opening.setAAD(Buffer.from(JSON.stringify(context)));
      opening.setAuthTag(bytes.subarray(12, 28));
      const text = opening.update(bytes.subarray(28));
      try {
        return ok(Buffer.concat([text, opening.final()]).toString('utf8'));
      } catch {
        return refuse('sealed under another key');
      }
    },
  };
}

export interface TestIdentity {
  readonly identity: Identity;
  readonly space: IdentitySpace;
  readonly store: MetadataStore;
  readonly vault: SecretVault;
  readonly random: Random;
  readonly clock: LooseClock;
}

export interface TestOptions {
  readonly store?: MetadataStore;
  readonly vault?: SecretVault;
  readonly seed?: number;
  readonly clock?: LooseClock;
}

export function testIdentity(options: TestOptions = {}): TestIdentity {
  const { store = memoryMetadataStore(), clock = looseClock(), seed = 1 } = options;
  const random = seededRandom(seed);
  const vault = options.vault ?? testVault('root', random);
  const space = makeIdentitySpace(store);
  const parts = { store, space, vault, random, clock, account, partition: 'aws' };
  return { identity: makeIdentity(parts), space, store, vault, random, clock };
}

export async function addUser({ space, random }: TestIdentity, name: string): Promise<UserRow> {
  const user: UserRow = {
    ...{ account, name, path: '/', id: newId('user', random), createdAtMs: startMs },
    arn: formatArn(global, 'iam', `user/${name}`),
    ...{ inline: {}, attached: [], tags: {}, groups: [] },
  };
  await space.write((tx) => tx.put(users, nameKey(account, name), user));
  return user;
}

export async function addRole(
  { space, random }: TestIdentity,
  name: string,
  more: Partial<RoleRow> = {},
): Promise<RoleRow> {
  const role: RoleRow = {
    ...{ account, name, path: '/', id: newId('role', random), createdAtMs: startMs },
    arn: formatArn(global, 'iam', `role/${name}`),
    ...{ inline: {}, attached: [], tags: {}, trustedIds: {}, maxSessionSeconds: 3_600 },
    trustPolicy: '{}',
    ...more,
  };
  await space.write((tx) => tx.put(roles, nameKey(account, name), role));
  return role;
}

/** A device of the user that is enabled. */
export async function addDevice(
  { space, vault, random }: TestIdentity,
  { name: userName }: UserRow,
): Promise<{ readonly serial: string; readonly seed: string }> {
  const serial = formatArn(global, 'iam', `mfa/${userName}`);
  const seed = newSeed(random);
  const row = {
    ...{ account, name: userName, path: '/', serial, createdAtMs: startMs, tags: {} },
    ...{ sealedSeed: vault.seal(seed, sealedSeedContext(serial)), userName, enabledAtMs: startMs },
  };
  await space.write((tx) => tx.put(mfaDevices, serial, row));
  return { serial, seed };
}
