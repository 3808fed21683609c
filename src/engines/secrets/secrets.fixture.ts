/** The engine over memory, real keys and a virtual clock. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { keyringOf } from '../envelope/keyring.ts';
import { makeVault } from '../envelope/vault.ts';
import { newMaterial } from '../keys/crypto/material.ts';
import { makeKeys } from '../keys/make-keys.ts';
import { insertKey, newKey } from '../keys/making.ts';
import { type KeyRow, type KeyState, keyed, keyRows } from '../keys/rows.ts';
import type { SecretAnswer } from './answer.ts';
import type { SecretRow } from './rows.ts';
import { makeSecrets } from './secrets.ts';
import type { SecretValue } from './values.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
/** 2024-05-14, a Tuesday, 10:20 UTC. */
export const startMs = Date.UTC(2024, 4, 14, 10, 20);

export const text = (value: string): SecretValue => ({
  form: 'text',
  bytes: Buffer.from(value, 'utf8'),
});

/** Tokens have 32 characters at least. */
export const token = (name: string) => name.padEnd(32, '-');

export function setupSecrets({ seed = 1, store = memoryMetadataStore() } = {}) {
  const clock = new VirtualClock(startMs);
  const random = seededRandom(seed);
  const vault = makeVault({ keyring: keyringOf([seededRandom(99).bytes(32)]), random });
  const keyParts = { store, vault, random, clock };
  const keys = makeKeys(keyParts);
  let wakes = 0;
  const wake = () => {
    wakes += 1;
  };
  const parts = { store, keys, clock, random, wake };
  const secrets = makeSecrets(parts);
  return {
    ...parts,
    secrets,
    wakes: () => wakes,
    async make(name: string, value?: string): Promise<SecretRow> {
      const first =
        value === undefined ? {} : { first: { token: token('v1'), value: text(value) } };
      return good(await secrets.life.create({ name, scope, tags: [], ...first })).secret;
    },
    /** A customer's own key. */
    async addKey(policy?: string): Promise<KeyRow> {
      const given = policy === undefined ? {} : { policy };
      const made = await newKey(
        { random, clock, newMaterial: (spec, arn) => newMaterial(spec, keyParts, arn) },
        {
          ...{ scope, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' },
          ...{ manager: 'customer', description: '', multiRegion: false, tags: [], ...given },
        },
      );
      await store.write((tx) => insertKey(tx, made));
      return made.key;
    },
    async setState(key: KeyRow, state: KeyState): Promise<void> {
      await store.write((tx) => tx.put(keyRows, keyed(key, key.id), { ...key, state }));
    },
    /** The current text, or what was refused. */
    async read(secret: SecretRow, which: { id?: string; label?: string } = {}): Promise<string> {
      const answer = await secrets.versions.read(secret, which);
      if (!answer.ok) return answer.problem;
      return Buffer.from(answer.value.value.bytes).toString('utf8');
    },
    /** Labels by version. */
    async labels(secret: SecretRow): Promise<Record<string, readonly string[]>> {
      const versions = await secrets.versions.list(secret);
      return Object.fromEntries(versions.map((one) => [one.id.replace(/-+$/, ''), one.labels]));
    },
  };
}

export type SecretsSetup = ReturnType<typeof setupSecrets>;

export function good<T>(answer: SecretAnswer<T>): T {
  if (answer.ok) return answer.value;
  throw new Error(`${answer.problem}: ${answer.reason}`);
}

/** Everything that the collections hold, as text. */
export async function dump(store: MetadataStore, collections: readonly string[]): Promise<string> {
  const rows = await Promise.all(
    collections.map((name) => store.list({ name }, { limit: 10_000 })),
  );
  return JSON.stringify(rows);
}
