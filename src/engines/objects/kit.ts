/** What the parts of the object engine share: ports, and how a change is committed. */
import type { Clock } from '../../kernel/clock.ts';
import { randomText } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Abortable, MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import type { Answer } from './answer.ts';
import type { Blobs } from './blobs.ts';
import type { Keeper } from './seals.ts';
import type { Change } from './versions.ts';

export interface Kit {
  readonly store: MetadataStore;
  readonly blobs: Blobs;
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly random: Random;
}

const idAlphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const versionIdLength = 32;

export function newVersionId(random: Random): string {
  return randomText(random, idAlphabet, versionIdLength);
}

/** Sorts by the time it was made. */
export function newUploadId(kit: Kit): string {
  const time = kit.clock.nowMs().toString(36).padStart(9, '0');
  return time + randomText(kit.random, idAlphabet, 55);
}

/**
 * Runs the work in one transaction and afterwards deletes the blobs it freed. Work that refuses
 * must do so before it writes.
 */
export async function commit<T>(
  kit: Kit,
  work: (tx: Transaction, change: Change) => Promise<Answer<T>>,
  options: Abortable = {},
): Promise<Answer<T>> {
  const newId = newVersionId(kit.random);
  const { answer, freed } = await kit.store.write(async (tx) => {
    const change = { nowMs: kit.clock.nowMs(), newId, freed: [] as string[] };
    return { answer: await work(tx, change), freed: change.freed };
  }, options);
  await kit.blobs.drop(freed);
  return answer;
}

/** Like `commit`, for work that names a blob just taken: unless it lands, the blob goes again. */
export async function commitTaken<T>(
  kit: Kit,
  blob: string,
  work: (tx: Transaction, change: Change) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  let landed = false;
  try {
    const answer = await commit(kit, work);
    landed = answer.ok;
    return answer;
  } finally {
    if (!landed) await kit.blobs.drop([blob]);
  }
}
