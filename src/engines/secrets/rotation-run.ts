/** The course of one rotation as it is recorded: entered, looked at, ended, or tried again. */
import { minuteMs } from '../../kernel/clock.ts';
import { rotationTokenDigest } from './keeping.ts';
import { putSecret, type SecretParts } from './parts.ts';
import { endRotation, firstStep } from './rotation-rows.ts';
import {
  labels,
  type RotationRow,
  type RotationStep,
  rotationRows,
  secretRows,
  valueRows,
  versionKey,
  versionRows,
} from './rows.ts';

/** A rotation is begun this often at most, each time from the first step. */
export const mostAttempts = 5;
const firstRetryMs = minuteMs / 2;

type RunParts = Pick<SecretParts, 'store' | 'clock'>;

export interface Entering {
  readonly step: RotationStep;
  /** Given to the function, and never kept. */
  readonly rotationToken: string;
  readonly isNewAttempt: boolean;
}

/**
 * Notes that the function is about to be called. Undefined when the rotation was cancelled, or its
 * secret deleted.
 */
export async function enter(
  { store }: RunParts,
  { secret, token }: RotationRow,
  { step, rotationToken, isNewAttempt }: Entering,
): Promise<RotationRow | undefined> {
  return await store.write(async (tx) => {
    const now = await tx.get(rotationRows, secret);
    if (now?.token !== token) return undefined;
    const attempts = now.attempts + (isNewAttempt ? 1 : 0);
    const digest = rotationTokenDigest(rotationToken);
    const row = { ...now, step, running: true, attempts, rotationToken: digest };
    await tx.put(rotationRows, secret, row);
    return row;
  });
}

/** What is not as the step has to leave it; undefined when all is well. */
export async function lieOf(
  { store }: RunParts,
  { secret, token }: RotationRow,
  step: RotationStep,
): Promise<string | undefined> {
  const version = await store.get(versionRows, versionKey(secret, token));
  const value = await store.get(valueRows, versionKey(secret, token));
  const isCurrent = version?.labels.includes(labels.current);
  if (step === 'finishSecret') {
    return isCurrent ? undefined : `AWSCURRENT was not moved to version ${token}`;
  }
  if (!isCurrent && !version?.labels.includes(labels.pending)) {
    return `version ${token} does not have the label AWSPENDING any more`;
  }
  return value || step !== 'createSecret' ? undefined : `version ${token} was given no value`;
}

export async function isCurrent(
  { store }: RunParts,
  { secret, token }: RotationRow,
): Promise<boolean> {
  const version = await store.get(versionRows, versionKey(secret, token));
  return version?.labels.includes(labels.current) === true;
}

export async function succeed({ store, clock }: RunParts, row: RotationRow): Promise<void> {
  await store.write(async (tx) => {
    const now = await tx.get(rotationRows, row.secret);
    if (now?.token === row.token) await endRotation(tx, now);
    const [found] = await tx.listBy(secretRows, { index: 'arn', equals: row.secret, limit: 1 });
    if (!found?.row.rotation || row.kind === 'test') return;
    const rotation = { ...found.row.rotation, rotatedAtMs: clock.nowMs() };
    await putSecret(tx, { ...found.row, rotation });
  });
}

/**
 * Answers when it is tried again, or undefined when it is given up: then AWSPENDING stays where it
 * is. Waits double, and end with the window.
 */
export async function fail(
  { store, clock }: RunParts,
  row: RotationRow,
): Promise<number | undefined> {
  const dueAtMs = clock.nowMs() + firstRetryMs * 2 ** (row.attempts - 1);
  const isLast =
    row.kind === 'test' || row.attempts >= mostAttempts || dueAtMs >= (row.endsAtMs ?? Infinity);
  return await store.write(async (tx) => {
    const now = await tx.get(rotationRows, row.secret);
    if (now?.token !== row.token) return undefined;
    if (isLast) {
      await endRotation(tx, row);
      return undefined;
    }
    await tx.put(rotationRows, row.secret, waiting({ ...now, step: firstStep(row), dueAtMs }));
    return dueAtMs;
  });
}

function waiting({ rotationToken: _, ...row }: RotationRow): RotationRow {
  return { ...row, running: false };
}
