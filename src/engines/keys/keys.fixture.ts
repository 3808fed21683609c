/** Keys over memory and a virtual clock, for the tests of this folder. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { keyringOf } from '../envelope/keyring.ts';
import { makeVault } from '../envelope/vault.ts';
import { makeLifecycle } from './lifecycle.ts';
import { makeKeys } from './make-keys.ts';
import { insertKey, newKey } from './making.ts';
import type { KeyRow } from './rows.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const startMs = Date.UTC(2026, 0, 2);

export function setup() {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(startMs);
  const random = seededRandom(11);
  const vault = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
  const keys = makeKeys({ store, vault, random, clock });
  const lifecycle = makeLifecycle({ keys, wake: () => {}, vault, random, clock });
  const making = { newMaterial: lifecycle.newMaterial, random, clock };

  async function create(more: Partial<KeyRow> = {}): Promise<KeyRow> {
    const made = await newKey(making, {
      ...{ scope, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' },
      ...{ manager: 'customer', description: '', multiRegion: false, tags: [] },
    });
    const key = { ...made.key, ...more };
    await store.write((tx) => insertKey(tx, { ...made, key }));
    return key;
  }

  return { store, clock, random, vault, keys, lifecycle, making, create };
}
