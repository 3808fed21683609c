/** A data folder as a server leaves it, for tests of what reads it without a server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { ensureFirstStart } from '../engines/identity/first-start.ts';
import { accessKeys } from '../engines/identity/rows.ts';
import { makeIdentitySpace } from '../engines/identity/space.ts';
import { type BucketRow, bucketRows } from '../engines/objects/rows.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { readConfig } from './config.ts';
import { openMetadata } from './metadata.ts';
import { loadOrMakeKeyring } from './unseal.ts';

const account = '000000000000';

export interface DataFolder {
  readonly path: string;
  /** Gives the root user an active access key. */
  addRootKey(): Promise<void>;
  /** A bucket whose policy lets everybody in; nothing keeps them out. */
  addPublicBucket(name: string): Promise<void>;
  remove(): Promise<void>;
}

/** After a first start, and nothing else. */
export async function makeDataFolder(): Promise<DataFolder> {
  const above = await mkdtemp(join(tmpdir(), 'modelkeep-audit-'));
  const path = join(above, 'data');
  const config = readConfig({ flags: { data: path }, environment: {} });
  if (!config.ok) throw new Error(config.reason);
  const loaded = await loadOrMakeKeyring(config.value);
  if (!loaded.ok) throw new Error(loaded.reason);
  const keyring = loaded.value;
  const change = async (work: (store: MetadataStore) => Promise<unknown>) => {
    const store = await openMetadata(path, keyring);
    await work(store).finally(() => store.close());
  };
  const nowMs = systemClock.nowMs();
  await change((store) => {
    const vault = makeVault({ keyring, random: systemRandom });
    const space = makeIdentitySpace(store);
    const parts = { space, vault, random: systemRandom, clock: systemClock };
    const keys = { accessKeyId: 'AKIAFIRST', secretAccessKey: 'made-for-a-test' };
    return ensureFirstStart({ ...parts, account, partition: 'aws' }, keys);
  });
  return {
    path,
    addRootKey: () =>
      change((store) => {
        const row = { accessKeyId: 'AKIAROOT', account, userName: '', sealedSecret: '' };
        const key = { ...row, status: 'Active', createdAtMs: nowMs } as const;
        return store.write((tx) => tx.put(accessKeys, key.accessKeyId, key));
      }),
    addPublicBucket: (name) =>
      change((store) => {
        const row: BucketRow = {
          ...{ name, owner: account, region: 'us-east-1', createdAtMs: nowMs },
          ...{ versioning: 'off', tags: [], publicAccess: 'none', policy: publicPolicy },
        };
        return store.write((tx) => tx.put(bucketRows, name, row));
      }),
    remove: () => rm(above, { recursive: true, force: true }),
  };
}

const publicPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }],
});
