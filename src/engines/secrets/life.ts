/** The life of secrets: made, described, changed, deleted after a while, taken back before that. */

import type { Scope } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { dayMs } from '../../kernel/clock.ts';
import { randomText } from '../../kernel/ids.ts';
import { type Reader, sortable, type Transaction } from '../../ports/metadata-store.ts';
import { given, refusals, type SecretAnswer } from './answer.ts';
import { dropVersion } from './keeping.ts';
import { changeSecret, liveSecret, putSecret, type SecretParts, versionsOf } from './parts.ts';
import { endRotation } from './rotation-rows.ts';
import {
  findSecret,
  labels,
  rotationRows,
  type SecretRow,
  type SecretTag,
  secretArn,
  secretKey,
  secretRows,
  type VersionRow,
  valueRows,
  versionKey,
  versionRows,
} from './rows.ts';
import { openValue, type SecretValue, sameValue, sealValue } from './values.ts';

const suffixAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const suffixLength = 6;
const pageRows = 500;

export interface NewSecret {
  readonly name: string;
  readonly scope: Scope;
  readonly description?: string;
  readonly keyId?: string;
  readonly tags: readonly SecretTag[];
  /** Absent: a secret without a version. */
  readonly first?: { readonly token: string; readonly value: SecretValue };
}

export interface MadeSecret {
  readonly secret: SecretRow;
  readonly version?: VersionRow;
}

export interface Life {
  create(made: NewSecret): Promise<SecretAnswer<MadeSecret>>;
  find(reference: string, scope: Scope): Promise<SecretRow | undefined>;
  /** Changes what is said about the secret; refused once it is deleted. */
  change(
    secret: SecretRow,
    change: (row: SecretRow) => SecretAnswer<SecretRow>,
  ): Promise<SecretAnswer<SecretRow>>;
  /** All of the account in the region, in order of names. */
  all(scope: Scope): Promise<readonly SecretRow[]>;
  scheduleDeletion(secret: SecretRow, days: number): Promise<SecretAnswer<SecretRow>>;
  /** At once, whether it waits for its end or not. */
  destroy(secret: SecretRow): Promise<void>;
  restore(secret: SecretRow): Promise<SecretAnswer<SecretRow>>;
  /** Ends what has waited long enough, some at a time; answers when the next one is due. */
  purge(nowMs: number): Promise<number>;
}

export function makeLife(parts: SecretParts): Life {
  const { store } = parts;
  return {
    create: (made) => create(parts, made),
    find: (reference, scope) => findSecret(store, reference, scope),
    change: (secret, change) => changeSecret(parts, secret, change),
    all: (scope) => all(store, scope),
    scheduleDeletion: (secret, days) => scheduleDeletion(parts, secret, days),
    async destroy(secret) {
      await store.write((tx) => destroyIn(tx, secret));
      parts.wake();
    },
    restore: (secret) => restore(parts, secret),
    purge: (nowMs) => purge(parts, nowMs),
  };
}

async function create(parts: SecretParts, made: NewSecret): Promise<SecretAnswer<MadeSecret>> {
  const { store } = parts;
  const { name, scope, first } = made;
  const key = secretKey(scope, name);
  const before = await store.get(secretRows, key);
  if (before) return await taken(parts, before, made);
  const secret = newRow(parts, made);
  const { arn, createdAtMs } = secret;
  const sealed =
    first && (await sealValue(parts, { secret, version: first.token, value: first.value }));
  if (sealed && !sealed.ok) return sealed;
  const version: VersionRow | undefined = first &&
    sealed && {
      ...{ secret: arn, id: first.token, labels: [labels.current], createdAtMs },
      keyArn: sealed.value.keyArn,
    };
  const isNew = await store.write(async (tx) => {
    if (!(await tx.insert(secretRows, key, secret))) return false;
    if (!version || !sealed) return true;
    await tx.put(versionRows, versionKey(arn, version.id), version);
    await tx.put(valueRows, versionKey(arn, version.id), sealed.value.row);
    return true;
  });
  if (isNew) return given({ secret, ...(version ? { version } : {}) });
  const raced = await store.get(secretRows, key);
  return raced ? await taken(parts, raced, made) : refusals.busy();
}

function newRow(
  { clock, random }: SecretParts,
  { name, scope, description, keyId, tags }: NewSecret,
): SecretRow {
  const { account, region } = scope;
  const nowMs = clock.nowMs();
  const arn = secretArn(scope, `${name}-${randomText(random, suffixAlphabet, suffixLength)}`);
  return {
    ...{ name, arn, account, region, tags, createdAtMs: nowMs, changedAtMs: nowMs },
    ...(description === undefined ? {} : { description }),
    ...(keyId === undefined ? {} : { keyId }),
  };
}

/** Why the name is taken; or the secret itself, when it was made by the very same call. */
async function taken(
  { store, keys }: SecretParts,
  before: SecretRow,
  { name, first }: NewSecret,
): Promise<SecretAnswer<MadeSecret>> {
  if (before.deleteAtMs !== undefined) return refusals.nameWaits();
  if (!first) return refusals.nameTaken(name);
  const key = versionKey(before.arn, first.token);
  const version = await store.get(versionRows, key);
  const row = await store.get(valueRows, key);
  if (!version || !row) return refusals.nameTaken(name);
  const opened = await openValue(row, { keys, secret: before.arn, version: first.token });
  if (!opened.ok) return opened;
  const same = sameValue(opened.value, first.value);
  opened.value.bytes.fill(0);
  return same ? given({ secret: before, version }) : refusals.nameTaken(name);
}

async function all(reader: Reader, { account, region }: Scope): Promise<readonly SecretRow[]> {
  const found: SecretRow[] = [];
  const prefix = secretKey({ account, region }, '');
  for (let after: string | undefined; ; ) {
    const range = { prefix, limit: pageRows, ...(after === undefined ? {} : { after }) };
    const entries = await reader.list(secretRows, range);
    found.push(...entries.map(({ row }) => row));
    if (entries.length < pageRows) return found;
    after = defined(entries.at(-1), 'the last entry').key;
  }
}

async function scheduleDeletion(
  { store, clock, wake }: SecretParts,
  secret: SecretRow,
  days: number,
): Promise<SecretAnswer<SecretRow>> {
  const answer = await store.write(async (tx) => {
    const live = await liveSecret(tx, secret);
    if (!live.ok) return live;
    const row = { ...live.value, deleteAtMs: clock.nowMs() + days * dayMs };
    await putSecret(tx, row);
    await endRotation(tx, await tx.get(rotationRows, row.arn));
    return given(row);
  });
  wake();
  return answer;
}

async function restore(
  { store }: SecretParts,
  secret: SecretRow,
): Promise<SecretAnswer<SecretRow>> {
  return await store.write(async (tx) => {
    const row = await tx.get(secretRows, secretKey(secret, secret.name));
    if (row?.arn !== secret.arn) return refusals.noSecret();
    const { deleteAtMs, ...restored } = row;
    if (deleteAtMs !== undefined) await putSecret(tx, restored);
    return given(restored);
  });
}

async function purge({ store }: SecretParts, nowMs: number): Promise<number> {
  const due = await store.listBy(secretRows, {
    ...{ index: 'deletion', to: sortable(nowMs + 1), limit: pageRows },
  });
  for (const { row } of due) {
    await store.write(async (tx) => {
      const now = await tx.get(secretRows, secretKey(row, row.name));
      if (now?.deleteAtMs !== undefined) await destroyIn(tx, row);
    });
  }
  const [next] = await store.listBy(secretRows, { index: 'deletion', limit: 1 });
  return next?.row.deleteAtMs ?? Infinity;
}

async function destroyIn(tx: Transaction, secret: SecretRow): Promise<void> {
  const key = secretKey(secret, secret.name);
  if ((await tx.get(secretRows, key))?.arn !== secret.arn) return;
  for (const { id } of await versionsOf(tx, secret.arn)) await dropVersion(tx, secret.arn, id);
  await tx.delete(rotationRows, secret.arn);
  await tx.delete(secretRows, key);
}
