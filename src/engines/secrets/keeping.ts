/** How a sealed value becomes a version: its labels, and the old versions that go for it. */
import { createHash } from 'node:crypto';
import { defined } from '../../kernel/assert.ts';
import { dayMs } from '../../kernel/clock.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import { given, refusals, type SecretAnswer, type SecretRefusal } from './answer.ts';
import { merged, mostLabels, moved } from './labels.ts';
import {
  barredMove,
  liveSecret,
  mostVersions,
  putSecret,
  putVersions,
  versionsOf,
} from './parts.ts';
import {
  labels,
  rotationRows,
  type SecretRow,
  type VersionRow,
  valueRows,
  versionKey,
  versionRows,
} from './rows.ts';
import type { Sealed, SecretValue } from './values.ts';

/** Versions without a label that are kept at least, newest first; younger ones are kept anyway. */
const keptDeprecated = 100;
const keptMs = dayMs;

export interface NewVersion {
  /** The version's id. */
  readonly token: string;
  readonly value: SecretValue;
  /** AWSCURRENT unless said. */
  readonly labels?: readonly string[];
  /** What a rotation function was given for its own calls. */
  readonly rotationToken?: string;
}

export interface Keeping {
  readonly secret: SecretRow;
  readonly version: NewVersion;
  readonly sealed: Sealed;
  readonly also: (row: SecretRow) => SecretRow;
  readonly nowMs: number;
}

/** `raced`: somebody else gave the version its value at the same time. */
export type Kept = SecretAnswer<VersionRow> | 'raced';

export async function keep(tx: Transaction, keeping: Keeping): Promise<Kept> {
  const { secret, version, sealed, also, nowMs } = keeping;
  const live = await liveSecret(tx, secret);
  if (!live.ok) return live;
  const key = versionKey(secret.arn, version.token);
  if (await tx.get(valueRows, key)) return 'raced';
  const proven = await provenToken(tx, secret, version.rotationToken);
  if (proven) return proven;
  const before = await pruned(tx, await versionsOf(tx, secret.arn), nowMs);
  const waiting = before.find((one) => one.id === version.token);
  if (!waiting && before.length >= mostVersions) return refusals.tooManyVersions(mostVersions);
  const fresh = { secret: secret.arn, id: version.token, labels: [], createdAtMs: nowMs };
  const row: VersionRow = { ...(waiting ?? fresh), keyArn: sealed.keyArn };
  const all = [...before.filter((one) => one !== waiting), row];
  const labelled = await labelledAll(tx, { secret, all, wanted: wantedLabels(all, version), row });
  if (!labelled.ok) return labelled;
  const after = merged(all, labelled.value);
  const written = defined(
    after.find((one) => one.id === row.id),
    'the version',
  );
  await putVersions(tx, [...labelled.value.filter((one) => one.id !== row.id), written]);
  await tx.put(valueRows, key, sealed.row);
  await putSecret(tx, { ...also(live.value), changedAtMs: nowMs });
  return given(written);
}

/** The first version of a secret is its current one, whatever was asked. */
function wantedLabels(all: readonly VersionRow[], version: NewVersion): readonly string[] {
  const wanted = version.labels ?? [labels.current];
  // One that a rotation waits for is not the first of its secret, even when it is alone.
  const isFirst = all.length === 1 && all[0]?.labels.length === 0;
  return isFirst && !wanted.includes(labels.current) ? [...wanted, labels.current] : wanted;
}

interface Labelling {
  readonly secret: SecretRow;
  readonly all: readonly VersionRow[];
  readonly wanted: readonly string[];
  readonly row: VersionRow;
}

async function labelledAll(
  tx: Reader,
  { secret, all, wanted, row }: Labelling,
): Promise<SecretAnswer<readonly VersionRow[]>> {
  if (new Set(wanted).size > mostLabels) return refusals.tooManyLabels(mostLabels);
  const changed = new Map<string, VersionRow>();
  for (const label of wanted) {
    const barred = await barredMove(tx, secret, { label, to: row.id });
    if (!barred.ok) return barred;
    const after = moved(merged(all, [...changed.values()]), label, row.id);
    if (!after.ok) return after;
    for (const version of after.value) changed.set(version.id, version);
  }
  return given([...changed.values()]);
}

async function provenToken(
  tx: Reader,
  { arn }: SecretRow,
  token: string | undefined,
): Promise<SecretRefusal | undefined> {
  if (token === undefined) return undefined;
  const rotation = await tx.get(rotationRows, arn);
  const isKnown = rotation?.rotationToken === rotationTokenDigest(token);
  return isKnown ? undefined : refusals.badRotationToken();
}

/** What is kept of a token that a rotation function is given. */
export function rotationTokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The versions that stay: old ones without a label go, but for the newest. */
async function pruned(
  tx: Transaction,
  versions: readonly VersionRow[],
  nowMs: number,
): Promise<readonly VersionRow[]> {
  const deprecated = versions
    .filter((version) => version.labels.length === 0)
    .sort((a, b) => b.createdAtMs - a.createdAtMs);
  const gone = new Set(
    deprecated.slice(keptDeprecated).filter((one) => nowMs - one.createdAtMs >= keptMs),
  );
  for (const { secret, id } of gone) await dropVersion(tx, secret, id);
  return versions.filter((version) => !gone.has(version));
}

export async function dropVersion(tx: Transaction, arn: string, id: string): Promise<void> {
  await tx.delete(versionRows, versionKey(arn, id));
  await tx.delete(valueRows, versionKey(arn, id));
}
