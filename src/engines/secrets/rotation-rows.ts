/** Rotations written down: requested, staged, tried again, ended. Within a transaction each. */
import { type Reader, type Transaction } from '../../ports/metadata-store.ts';
import { given, refusals, type SecretAnswer, type SecretRefusal } from './answer.ts';
import { dropVersion } from './keeping.ts';
import { holderOf, merged, moved, withoutLabel } from './labels.ts';
import { liveSecret, mostVersions, putSecret, putVersions, versionsOf } from './parts.ts';
import {
  labels,
  type RotationConfig,
  type RotationRow,
  type RotationStep,
  rotationRows,
  type SecretRow,
  secretRows,
  type ValueRow,
  type VersionRow,
  valueRows,
  versionKey,
  versionRows,
} from './rows.ts';
import { parseRules, type RotationRules, type RotationWindow } from './schedule.ts';
import type { Sealed } from './values.ts';

export interface RotationAsked {
  /** The new version's id. */
  readonly token: string;
  readonly functionArn?: string;
  readonly rules?: RotationRules;
  /** False: the configuration is kept and tried out, and the secret is not rotated yet. */
  readonly immediately: boolean;
}

export interface RotationAccepted {
  readonly secret: SecretRow;
  readonly version: string;
}

export interface Requesting {
  readonly asked: RotationAsked;
  readonly config: {
    readonly rules: RotationRules | undefined;
    readonly next: RotationWindow | undefined;
    readonly copy: Sealed | undefined;
  };
  readonly nowMs: number;
}

export async function requestIn(
  tx: Transaction,
  secret: SecretRow,
  { asked, config, nowMs }: Requesting,
): Promise<SecretAnswer<RotationAccepted>> {
  const live = await liveSecret(tx, secret);
  if (!live.ok) return live;
  const before = live.value.rotation;
  const functionArn = asked.functionArn ?? before?.functionArn;
  if (functionArn === undefined) return refusals.noFunction();
  const versions = await versionsOf(tx, secret.arn);
  const retried = await unfinished(tx, secret.arn, versions);
  const isSame = retried?.token === asked.token;
  if (retried && !isSame) {
    if (before) await retry(tx, live.value, { retried, nowMs });
    return refusals.unfinished();
  }
  const row: SecretRow = {
    ...live.value,
    rotation: configured({ before, functionArn, config }),
    changedAtMs: nowMs,
  };
  const accepted = given({ secret: row, version: asked.token });
  if (retried) {
    await retry(tx, row, { retried, nowMs });
    return accepted;
  }
  if (versions.some(({ id }) => id === asked.token)) {
    const isDone = holderOf(versions, labels.current)?.id === asked.token;
    return isDone ? accepted : refusals.versionTaken(asked.token);
  }
  const kind = asked.immediately ? 'rotate' : 'test';
  const refused = await stageEmpty(tx, { row, versions, token: asked.token, kind, nowMs });
  if (refused) return refused;
  if (config.copy) await copyIn(tx, { arn: row.arn, id: asked.token, copy: config.copy });
  return accepted;
}

interface Configuring {
  readonly before: RotationConfig | undefined;
  readonly functionArn: string;
  readonly config: Requesting['config'];
}

function configured({ before, functionArn, config }: Configuring): RotationConfig {
  const { rules, next } = config;
  const rotatedAtMs = before?.rotatedAtMs;
  return {
    enabled: true,
    functionArn,
    ...(rules === undefined ? {} : { rules }),
    ...(next === undefined ? {} : { next }),
    ...(rotatedAtMs === undefined ? {} : { rotatedAtMs }),
  };
}

/** A rotation under way, or one whose label was left behind. */
async function unfinished(
  tx: Reader,
  arn: string,
  versions: readonly VersionRow[],
): Promise<Pick<RotationRow, 'token'> | undefined> {
  const row = await tx.get(rotationRows, arn);
  if (row) return row;
  const pending = holderOf(versions, labels.pending);
  if (!pending || pending.labels.includes(labels.current)) return undefined;
  return { token: pending.id };
}

interface Retrying {
  readonly retried: Pick<RotationRow, 'token'>;
  readonly nowMs: number;
  readonly endsAtMs?: number;
}

async function retry(
  tx: Transaction,
  secret: SecretRow,
  { retried, nowMs, endsAtMs }: Retrying,
): Promise<void> {
  const before = await tx.get(rotationRows, secret.arn);
  if (secret.rotation) {
    await putSecret(tx, { ...secret, rotation: turnedOn(secret.rotation, nowMs) });
  }
  if (before?.running) return;
  // The window of a rotation that failed does not bound the one that is asked for now.
  const bounded = endsAtMs === undefined ? {} : { endsAtMs };
  const fresh = { token: retried.token, kind: before?.kind ?? 'rotate', nowMs, ...bounded };
  await tx.put(rotationRows, secret.arn, freshRow(secret.arn, fresh));
}

/** With its next window, which there is none of while it is turned off. */
function turnedOn(rotation: RotationConfig, nowMs: number): RotationConfig {
  if (rotation.enabled) return rotation;
  const schedule = parseRules(rotation.rules ?? {});
  const next = schedule.ok ? schedule.value?.firstAfter(nowMs) : undefined;
  return { ...rotation, enabled: true, ...(next === undefined ? {} : { next }) };
}

interface Fresh {
  readonly token: string;
  readonly kind: RotationRow['kind'];
  readonly nowMs: number;
  readonly endsAtMs?: number;
}

function freshRow(secret: string, { token, kind, nowMs, endsAtMs }: Fresh): RotationRow {
  return {
    ...{ secret, token, kind, running: false, attempts: 0, dueAtMs: nowMs, startedAtMs: nowMs },
    step: firstStep({ kind }),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
  };
}

export function firstStep({ kind }: Pick<RotationRow, 'kind'>): RotationStep {
  return kind === 'test' ? 'testSecret' : 'createSecret';
}

interface Beginning extends Fresh {
  readonly row: SecretRow;
  readonly versions: readonly VersionRow[];
}

/** Stages an empty version, as the function expects to find it. */
async function stageEmpty(
  tx: Transaction,
  { row, versions, ...fresh }: Beginning,
): Promise<SecretRefusal | undefined> {
  if (versions.length >= mostVersions) return refusals.tooManyVersions(mostVersions);
  const version: VersionRow = {
    ...{ secret: row.arn, id: fresh.token, labels: [], createdAtMs: fresh.nowMs },
  };
  const all = [...versions, version];
  const changed = moved(all, labels.pending, version.id);
  if (!changed.ok) return changed;
  const after = merged(all, changed.value);
  await putVersions(
    tx,
    after.filter((one) => !versions.includes(one)),
  );
  await putSecret(tx, row);
  await tx.put(rotationRows, row.arn, freshRow(row.arn, fresh));
  return undefined;
}

interface Copying {
  readonly arn: string;
  readonly id: string;
  readonly copy: Sealed;
}

async function copyIn(tx: Transaction, { arn, id, copy }: Copying): Promise<void> {
  const version = await tx.get(versionRows, versionKey(arn, id));
  if (!version) return;
  await putVersions(tx, [{ ...version, keyArn: copy.keyArn }]);
  await tx.put<ValueRow>(valueRows, versionKey(arn, id), copy.row);
}

interface Starting {
  /** Of the secret's row. */
  readonly key: string;
  readonly token: string;
  readonly nowMs: number;
}

export async function startIn(tx: Transaction, { key, token, nowMs }: Starting): Promise<void> {
  const secret = await tx.get(secretRows, key);
  const rotation = secret?.rotation;
  if (!secret || secret.deleteAtMs !== undefined || !rotation?.enabled || !rotation.next) return;
  const { next: window, ...config } = rotation;
  if (window.startMs > nowMs) return;
  const schedule = parseRules(config.rules ?? {});
  const next = schedule.ok ? schedule.value?.firstAfter(nowMs) : undefined;
  const row: SecretRow = { ...secret, rotation: { ...config, ...(next ? { next } : {}) } };
  const isMissed = nowMs >= window.endMs;
  // In any case: a window that stayed due would be looked at without end.
  await putSecret(tx, row);
  if (isMissed && schedule.ok && schedule.value?.strict) return;
  const bounded = isMissed ? {} : { endsAtMs: window.endMs };
  const versions = await versionsOf(tx, secret.arn);
  const retried = await unfinished(tx, secret.arn, versions);
  if (retried) return await retry(tx, row, { retried, nowMs, ...bounded });
  await stageEmpty(tx, { row, versions, token, kind: 'rotate', nowMs, ...bounded });
}

/** A try-out leaves nothing behind. */
export async function endRotation(tx: Transaction, row: RotationRow | undefined): Promise<void> {
  if (!row) return;
  await tx.delete(rotationRows, row.secret);
  if (row.kind !== 'test') return;
  const staged = (await versionsOf(tx, row.secret)).filter(({ id }) => id === row.token);
  await putVersions(tx, withoutLabel(staged, labels.pending));
  const after = await tx.get(versionRows, versionKey(row.secret, row.token));
  if (after?.labels.length === 0) await dropVersion(tx, row.secret, row.token);
}
