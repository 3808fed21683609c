/**
 * Rotations as records: asked for or due by the schedule, under way, done, failed, given up.
 * Calling the function is the job's business; nothing here moves AWSCURRENT.
 */
import { uuid } from '../../kernel/ids.ts';
import { sortable, type Transaction } from '../../ports/metadata-store.ts';
import { given, refusals, type SecretAnswer, type SecretRefusal } from './answer.ts';
import { holderOf } from './labels.ts';
import { liveSecret, putSecret, type SecretParts, versionsOf } from './parts.ts';
import {
  endRotation,
  type RotationAccepted,
  type RotationAsked,
  requestIn,
  startIn,
} from './rotation-rows.ts';
import { type Entering, enter, fail, isCurrent, lieOf, succeed } from './rotation-run.ts';
import {
  labels,
  type RotationRow,
  type RotationStep,
  rotationRows,
  type SecretRow,
  secretRows,
  valueRows,
  versionKey,
} from './rows.ts';
import { parseRules } from './schedule.ts';
import { openValue, type Sealed, sealValue } from './values.ts';

const page = 100;

export interface CancelledRotation {
  readonly secret: SecretRow;
  /** The version that has AWSPENDING. */
  readonly version?: string;
}

export interface Rotations {
  /**
   * Refused while another rotation is not complete, which is then tried again at once; the same
   * token as that one's is not refused.
   */
  request(secret: SecretRow, asked: RotationAsked): Promise<SecretAnswer<RotationAccepted>>;
  /** Turns rotation off, and ends the one in progress; labels stay as they are. */
  cancel(secret: SecretRow): Promise<SecretAnswer<CancelledRotation>>;
  /** Makes rotations of the secrets whose window has come. */
  startDue(nowMs: number): Promise<void>;
  /** Those to run now, the longest due first. */
  due(nowMs: number, limit: number): Promise<readonly RotationRow[]>;
  /** Of rotations but for those of the secrets given, and of windows. */
  nextDueMs(without: ReadonlySet<string>): Promise<number>;
  /** Of the secret, by its ARN. */
  find(arn: string): Promise<RotationRow | undefined>;
  secretOf(arn: string): Promise<SecretRow | undefined>;
  /** The course of one: see `rotation-run.ts`. */
  enter(row: RotationRow, entering: Entering): Promise<RotationRow | undefined>;
  lieOf(row: RotationRow, step: RotationStep): Promise<string | undefined>;
  isCurrent(row: RotationRow): Promise<boolean>;
  succeed(row: RotationRow): Promise<void>;
  fail(row: RotationRow): Promise<number | undefined>;
}

export function makeRotations(parts: SecretParts): Rotations {
  const { store, random } = parts;
  return {
    request: (secret, asked) => request(parts, secret, asked),
    cancel: (secret) => cancel(parts, secret),
    async startDue(nowMs) {
      const range = { index: 'rotation', to: sortable(nowMs + 1), limit: page };
      for (const { key } of await store.listBy(secretRows, range)) {
        const token = uuid(random);
        await store.write((tx) => startIn(tx, { key, token, nowMs }));
      }
    },
    async due(nowMs, limit) {
      const range = { index: 'due', to: sortable(nowMs + 1), limit };
      return (await store.listBy(rotationRows, range)).map(({ row }) => row);
    },
    async nextDueMs(without) {
      const range = { index: 'due', limit: without.size + 1 };
      const waiting = await store.listBy(rotationRows, range);
      const dueMs = waiting.find(({ row }) => !without.has(row.secret))?.row.dueAtMs;
      const [secret] = await store.listBy(secretRows, { index: 'rotation', limit: 1 });
      return Math.min(dueMs ?? Infinity, secret?.row.rotation?.next?.startMs ?? Infinity);
    },
    find: (arn) => store.get(rotationRows, arn),
    async secretOf(arn) {
      const [found] = await store.listBy(secretRows, { index: 'arn', equals: arn, limit: 1 });
      return found?.row;
    },
    enter: (row, entering) => enter(parts, row, entering),
    lieOf: (row, step) => lieOf(parts, row, step),
    isCurrent: (row) => isCurrent(parts, row),
    succeed: (row) => succeed(parts, row),
    fail: (row) => fail(parts, row),
  };
}

async function writeAndWake<T>(
  { store, wake }: SecretParts,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const answer = await store.write(work);
  wake();
  return answer;
}

async function request(
  parts: SecretParts,
  secret: SecretRow,
  asked: RotationAsked,
): Promise<SecretAnswer<RotationAccepted>> {
  const { store, clock } = parts;
  const live = await liveSecret(store, secret);
  if (!live.ok) return live;
  const { rules = live.value.rotation?.rules } = asked;
  const schedule = parseRules(rules ?? {});
  if (!schedule.ok) {
    return { ok: false, problem: 'invalidParameter', reason: schedule.reason };
  }
  const copy = asked.immediately ? undefined : await copyOfCurrent(parts, secret, asked.token);
  if (copy && !copy.ok) return copy;
  const nowMs = clock.nowMs();
  const config = { rules, next: schedule.value?.firstAfter(nowMs), copy: copy?.value };
  return await writeAndWake(parts, (tx) => requestIn(tx, secret, { asked, config, nowMs }));
}

async function cancel(
  parts: SecretParts,
  secret: SecretRow,
): Promise<SecretAnswer<CancelledRotation>> {
  return await writeAndWake(parts, async (tx) => {
    const live = await liveSecret(tx, secret);
    if (!live.ok) return live;
    const { rotation } = live.value;
    if (!rotation?.enabled) return refusals.notRotated();
    const { next: _, ...kept } = rotation;
    const row = { ...live.value, rotation: { ...kept, enabled: false } };
    await putSecret(tx, { ...row, changedAtMs: parts.clock.nowMs() });
    await endRotation(tx, await tx.get(rotationRows, row.arn));
    const pending = holderOf(await versionsOf(tx, row.arn), labels.pending);
    return given({ secret: row, ...(pending ? { version: pending.id } : {}) });
  });
}

/** The current value under the version that a try-out looks at; undefined when there is none. */
async function copyOfCurrent(
  parts: SecretParts,
  secret: SecretRow,
  token: string,
): Promise<{ readonly ok: true; readonly value: Sealed | undefined } | SecretRefusal> {
  const { store, keys } = parts;
  const current = holderOf(await versionsOf(store, secret.arn), labels.current);
  const row = current && (await store.get(valueRows, versionKey(secret.arn, current.id)));
  if (!current || !row) return { ok: true, value: undefined };
  const opened = await openValue(row, { keys, secret: secret.arn, version: current.id });
  if (!opened.ok) return opened;
  const sealed = await sealValue(parts, { secret, version: token, value: opened.value });
  opened.value.bytes.fill(0);
  return sealed;
}
