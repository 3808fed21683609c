/** Versions of secrets and their values: put, read, labelled, sealed under another key. */
import type { Reader } from '../../ports/metadata-store.ts';
import { given, refusals, type SecretAnswer } from './answer.ts';
import { keep, type NewVersion } from './keeping.ts';
import { holderOf, type LabelMove, moveAsked } from './labels.ts';
import {
  barredMove,
  changeSecret,
  dayOf,
  liveSecret,
  putSecret,
  putVersions,
  type SecretParts,
  versionsOf,
} from './parts.ts';
import {
  labels,
  type SecretRow,
  secretKey,
  secretRows,
  type VersionRow,
  valueRows,
  versionKey,
  versionRows,
} from './rows.ts';
import { openValue, type SecretValue, sameValue, sealValue, trialVersion } from './values.ts';

const mostTries = 4;

export interface ReadVersion {
  readonly version: VersionRow;
  readonly value: SecretValue;
}

/** Which version is meant; AWSCURRENT when nothing is said. */
export interface WhichVersion {
  readonly id?: string;
  readonly label?: string;
}

type Also = (row: SecretRow) => SecretRow;

export interface Versions {
  /** The same token with the same value changes nothing. `also` changes the secret along. */
  put(secret: SecretRow, version: NewVersion, also?: Also): Promise<SecretAnswer<VersionRow>>;
  read(secret: SecretRow, which: WhichVersion): Promise<SecretAnswer<ReadVersion>>;
  list(secret: SecretRow): Promise<readonly VersionRow[]>;
  move(secret: SecretRow, asked: LabelMove): Promise<SecretAnswer<SecretRow>>;
  /** Whether the key that the secret names seals; nothing is kept. */
  trySeal(secret: SecretRow): Promise<SecretAnswer<undefined>>;
  /**
   * Seals every labelled value anew, under the key that the secret now names; what the key it was
   * sealed by does not open any more stays as it is.
   */
  reseal(secret: SecretRow): Promise<SecretAnswer<undefined>>;
}

export function makeVersions(parts: SecretParts): Versions {
  return {
    put: (secret, version, also = (row) => row) => put(parts, secret, { version, also }),
    read: (secret, which) => read(parts, secret, which),
    list: (secret) => versionsOf(parts.store, secret.arn),
    move: (secret, asked) => move(parts, secret, asked),
    trySeal: (secret) => trySeal(parts, secret),
    reseal: (secret) => reseal(parts, secret),
  };
}

interface Putting {
  readonly version: NewVersion;
  readonly also: Also;
}

async function put(
  parts: SecretParts,
  secret: SecretRow,
  { version, also }: Putting,
): Promise<SecretAnswer<VersionRow>> {
  const { store, clock } = parts;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const live = await liveSecret(store, secret);
    if (!live.ok) return live;
    const before = await already(parts, secret, version);
    if (!before.ok) return before;
    if (before.value) {
      const changed = await changeSecret(parts, secret, (one) => given(also(one)));
      return changed.ok ? given(before.value) : changed;
    }
    const { token, value } = version;
    const sealed = await sealValue(parts, { secret: also(live.value), version: token, value });
    if (!sealed.ok) return sealed;
    const kept = await store.write((tx) =>
      keep(tx, { secret, version, sealed: sealed.value, also, nowMs: clock.nowMs() }),
    );
    if (kept !== 'raced') return kept;
  }
  return refusals.busy();
}

/** The version of the token, when it has the same value; undefined when it has none yet. */
async function already(
  { store, keys }: SecretParts,
  secret: SecretRow,
  { token, value }: NewVersion,
): Promise<SecretAnswer<VersionRow | undefined>> {
  const key = versionKey(secret.arn, token);
  const row = await store.get(valueRows, key);
  if (!row) return given(undefined);
  const opened = await openValue(row, { keys, secret: secret.arn, version: token });
  if (!opened.ok) return opened;
  const same = sameValue(opened.value, value);
  opened.value.bytes.fill(0);
  if (!same) return refusals.versionTaken(token);
  return given(await store.get(versionRows, key));
}

async function read(
  parts: SecretParts,
  secret: SecretRow,
  which: WhichVersion,
): Promise<SecretAnswer<ReadVersion>> {
  const { store, keys } = parts;
  const live = await liveSecret(store, secret);
  if (!live.ok) return live;
  const { id, label = labels.current } = which;
  const told = id === undefined ? `staging label: ${label}` : `VersionId: ${id}`;
  const version =
    id === undefined
      ? holderOf(await versionsOf(store, secret.arn), label)
      : await find(store, secret.arn, id);
  if (!version) return refusals.noValue(told);
  if (id !== undefined && which.label !== undefined && !version.labels.includes(label)) {
    return refusals.labelElsewhere(id);
  }
  const row = await store.get(valueRows, versionKey(secret.arn, version.id));
  if (!row) return refusals.noValue(told);
  const value = await openValue(row, { keys, secret: secret.arn, version: version.id });
  if (!value.ok) return value;
  await noteAccess(parts, live.value, version);
  return given({ version, value: value.value });
}

async function trySeal(parts: SecretParts, secret: SecretRow): Promise<SecretAnswer<undefined>> {
  const value = { form: 'text', bytes: new Uint8Array(0) } as const;
  const sealed = await sealValue(parts, { secret, version: trialVersion, value });
  return sealed.ok ? given(undefined) : sealed;
}

async function move(
  { store, clock }: SecretParts,
  secret: SecretRow,
  asked: LabelMove,
): Promise<SecretAnswer<SecretRow>> {
  return await store.write(async (tx) => {
    const live = await liveSecret(tx, secret);
    if (!live.ok) return live;
    const changed = moveAsked(await versionsOf(tx, secret.arn), asked);
    if (!changed.ok) return changed;
    const { label, to } = asked;
    if (to !== undefined) {
      const barred = await barredMove(tx, secret, { label, to });
      if (!barred.ok) return barred;
    }
    await putVersions(tx, changed.value);
    const row = { ...live.value, changedAtMs: clock.nowMs() };
    await putSecret(tx, row);
    return given(row);
  });
}

async function reseal(parts: SecretParts, secret: SecretRow): Promise<SecretAnswer<undefined>> {
  for (const version of await versionsOf(parts.store, secret.arn)) {
    if (version.keyArn === undefined || version.labels.length === 0) continue;
    const sealed = await resealed(parts, secret, version.id);
    if (!sealed.ok && sealed.problem !== 'decryption') return sealed;
  }
  return given(undefined);
}

async function find(reader: Reader, arn: string, id: string): Promise<VersionRow | undefined> {
  return await reader.get(versionRows, versionKey(arn, id));
}

/** By the day, so that reading seldom writes. */
async function noteAccess(
  { store, clock }: SecretParts,
  secret: SecretRow,
  version: VersionRow,
): Promise<void> {
  const accessedDayMs = dayOf(clock.nowMs());
  if (secret.accessedDayMs === accessedDayMs && version.accessedDayMs === accessedDayMs) return;
  await store.write(async (tx) => {
    const key = secretKey(secret, secret.name);
    const now = await tx.get(secretRows, key);
    if (now?.arn === secret.arn) await tx.put(secretRows, key, { ...now, accessedDayMs });
    const row = await find(tx, secret.arn, version.id);
    if (row) await putVersions(tx, [{ ...row, accessedDayMs }]);
  });
}

async function resealed(
  parts: SecretParts,
  secret: SecretRow,
  id: string,
): Promise<SecretAnswer<undefined>> {
  const { store, keys } = parts;
  const key = versionKey(secret.arn, id);
  const row = await store.get(valueRows, key);
  if (!row) return given(undefined);
  const opened = await openValue(row, { keys, secret: secret.arn, version: id });
  if (!opened.ok) return opened;
  const sealed = await sealValue(parts, { secret, version: id, value: opened.value });
  opened.value.bytes.fill(0);
  if (!sealed.ok) return sealed;
  await store.write(async (tx) => {
    const version = await find(tx, secret.arn, id);
    if (!version || !(await tx.get(valueRows, key))) return;
    await tx.put(valueRows, key, sealed.value.row);
    await putVersions(tx, [{ ...version, keyArn: sealed.value.keyArn }]);
  });
  return given(undefined);
}
