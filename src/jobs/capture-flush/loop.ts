/**
 * Makes objects of captured records. An object appears whole or not at all; the journal goes only
 * after it. Done twice, after a crash between the two, it writes the same object again.
 *
 * Records that cannot be written wait for as long as it takes, except where a role lacks the right
 * or their own key cannot be used: those are tried for a while, within a bound on their size so
 * that they leave the spool to others, and then dropped, which is logged and told as an event.
 */
import { readHeader, records } from '../../engines/capture/pour.ts';
import type { Spool, SpoolHeader } from '../../engines/capture/spool.ts';
import type { EventBus } from '../../engines/events/bus.ts';
import {
  type ObjectSpace,
  type ObjectsFor,
  type PutOptions,
  parseObjectUri,
} from '../../engines/objects/space.ts';
import { DamagedJournal } from '../../engines/sealing/sealed-journals.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import { minuteMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type Outcome, ok, type Refusal, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Journal } from '../../ports/journals.ts';
import { isDenied, spaceFor } from '../roles/acting.ts';
import type { Safekeeping } from '../roles/safekeeping.ts';
import { makeLivePuts } from './live.ts';

export const captureLoopName = 'capture';

export interface CaptureFlushParts {
  readonly spool: Spool;
  /** By the server's own right: for records that name no writer. */
  readonly objects: ObjectSpace;
  readonly objectsFor: ObjectsFor;
  readonly safekeeping: Safekeeping;
  readonly events: EventBus;
  readonly log: Logger;
}

const firstRetryMs = 5_000;
const longestRetryMs = 300_000;
/** From the first refusal for lack of rights; a restart of the server gives as much again. */
const longestDenialMs = 60 * minuteMs;
/** Of the spool, for all records that wait for rights: beyond, the oldest are dropped early. */
const deniedShare01 = 1 / 8;
const contentType = 'application/jsonlines';

interface Failure {
  readonly attempts: number;
  readonly retryAtMs: number;
  readonly denial?: Denial;
}

interface Denial {
  readonly journal: Journal;
  readonly header: SpoolHeader;
  readonly reason: string;
  readonly sinceMs: number;
}

/** `header` where the reason is a lack of rights, or a key that cannot be used. */
type Flushed = Outcome<void> | (Refusal & { readonly header?: SpoolHeader });

export function makeCaptureLoop(parts: CaptureFlushParts): Loop {
  const failures = new Map<string, Failure>();
  const live = makeLivePuts({
    write: (content, header, signal) => write(content, header, { parts, signal }),
    check: (header) => mayWrite(header, parts),
    log: parts.log,
  });
  parts.spool.tapBy(live.begin);
  return {
    name: captureLoopName,
    idle: () => live.idle(),
    async tick(nowMs, { signal }) {
      live.allow(signal);
      const mostDeniedBytes = parts.spool.maxTotalBytes * deniedShare01;
      for (const journal of await parts.spool.sealDue(nowMs)) {
        if (signal.aborted) break;
        const before = failures.get(journal.name);
        if (before && before.retryAtMs > nowMs) continue;
        const flushed = (await live.finish(journal.name))
          ? await done(journal, parts)
          : await flush(journal, parts, signal);
        if (flushed.ok) {
          failures.delete(journal.name);
          continue;
        }
        const failure = next(before, { journal, flushed, nowMs });
        failures.set(journal.name, failure);
        const { attempts, retryAtMs } = failure;
        const told = { reason: flushed.reason, attempts, retryAtMs };
        parts.log.warn('captured records wait: they could not be written', told);
      }
      for (const denial of hopeless(failures, nowMs, mostDeniedBytes)) {
        await drop(denial, parts);
        failures.delete(denial.journal.name);
      }
      const retries = [...failures.values()].map(({ retryAtMs }) => retryAtMs);
      return Math.min(parts.spool.nextDueMs(), ...retries);
    },
  };
}

interface Failed {
  readonly journal: Journal;
  readonly flushed: Exclude<Flushed, { readonly ok: true }>;
  readonly nowMs: number;
}

function next(before: Failure | undefined, { journal, flushed, nowMs }: Failed): Failure {
  const attempts = (before?.attempts ?? 0) + 1;
  const waitMs = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs);
  const failure = { attempts, retryAtMs: nowMs + waitMs };
  const { reason, header } = { header: undefined, ...flushed };
  if (!header) return failure;
  const sinceMs = before?.denial?.sinceMs ?? nowMs;
  return { ...failure, denial: { journal, header, reason, sinceMs } };
}

/** Those whose time is over, and the oldest of too many. */
function hopeless(
  failures: ReadonlyMap<string, Failure>,
  nowMs: number,
  mostBytes: number,
): readonly Denial[] {
  const denials = [...failures.values()].flatMap(({ denial }) => denial ?? []);
  let sizeBytes = denials.reduce((sum, { journal }) => sum + journal.sizeBytes, 0);
  return denials
    .sort((a, b) => a.sinceMs - b.sinceMs)
    .filter(({ journal, sinceMs }) => {
      const goes = nowMs - sinceMs >= longestDenialMs || sizeBytes > mostBytes;
      if (goes) sizeBytes -= journal.sizeBytes;
      return goes;
    });
}

async function drop({ journal, header, reason }: Denial, parts: CaptureFlushParts): Promise<void> {
  const { uri, writer } = header;
  const { sizeBytes } = journal;
  parts.log.error('captured records are dropped: they may not be written', undefined, {
    ...{ uri, reason, sizeBytes },
  });
  if (writer) {
    await parts.events.publish({
      source: 'aws.sagemaker',
      detailType: 'SageMaker Endpoint Data Capture Failure',
      resources: [writer.endpointArn],
      scope: writer.scope,
      detail: {
        EndpointArn: writer.endpointArn,
        RoleArn: writer.roleArn,
        S3Uri: uri,
        SizeInBytes: sizeBytes,
        FailureReason: reason,
      },
    });
  }
  await parts.spool.done(journal);
}

/** Refused when the records have to wait; then the journal stays as it is. */
async function flush(
  journal: Journal,
  parts: CaptureFlushParts,
  signal: AbortSignal,
): Promise<Flushed> {
  const header = await attempt(() => readHeader(journal));
  if (!header.ok) return header;
  if (header.value) {
    const told = header.value;
    const sound = soundRecords(journal);
    const written = await attempt(() => write(sound.content, told, { parts, signal }));
    if (!written.ok) return written;
    if (sound.damage) {
      const about = { uri: told.uri, journal: journal.name };
      parts.log.error('captured records are damaged: those before are kept', sound.damage, about);
      parts.spool.leave(journal);
      return ok(undefined);
    }
  }
  return done(journal, parts);
}

async function done(journal: Journal, { spool }: CaptureFlushParts): Promise<Flushed> {
  await spool.done(journal);
  return ok(undefined);
}

/** The records up to the first damage, which is known once they were read. */
function soundRecords(journal: Journal) {
  const sound: { content: ByteStream; damage: unknown } = { content: read(), damage: undefined };
  async function* read(): ByteStream {
    try {
      yield* records(journal);
    } catch (cause) {
      if (!(cause instanceof DamagedJournal)) throw cause;
      sound.damage = cause;
    }
  }
  return sound;
}

interface Around {
  readonly parts: CaptureFlushParts;
  readonly signal: AbortSignal;
}

async function write(
  content: ByteStream,
  header: SpoolHeader,
  { parts, signal }: Around,
): Promise<Flushed> {
  const at = parseObjectUri(header.uri);
  if (!at.ok) return at;
  const space = await spaceOf(header, parts);
  if (!space.ok) return { ...space, header };
  const options = { ...optionsOf(header), signal };
  const put = await attempt(() => space.value.put(at.value, content, options));
  if (put.ok) return ok(undefined);
  const isBarred = isDenied(put.reason) || !(await isKeyUsable(header, parts));
  return isBarred ? { ...put, header } : put;
}

function optionsOf({ keyId }: SpoolHeader): PutOptions {
  return { contentType, anyEtag: true, ...(keyId === undefined ? {} : { keyId }) };
}

/** Asked anew, by a role taken over anew. */
async function mayWrite(header: SpoolHeader, parts: CaptureFlushParts): Promise<Outcome<void>> {
  const at = parseObjectUri(header.uri);
  if (!at.ok) return at;
  const space = await spaceOf(header, parts);
  if (!space.ok) return space;
  const refusal = await space.value.putRefusal?.(at.value, optionsOf(header));
  if (refusal !== undefined) return refuse(refusal);
  return (await isKeyUsable(header, parts)) ? ok(undefined) : refuse('the key cannot be used');
}

async function isKeyUsable(
  { keyId, writer }: SpoolHeader,
  { safekeeping }: CaptureFlushParts,
): Promise<boolean> {
  if (keyId === undefined || !writer) return true;
  const { scope } = writer;
  return (await safekeeping.usable({ member: 'DataCaptureConfig.KmsKeyId', keyId, scope })).ok;
}

async function spaceOf(
  { writer }: SpoolHeader,
  { objects, objectsFor }: CaptureFlushParts,
): Promise<Outcome<ObjectSpace>> {
  if (!writer) return ok(objects);
  const { roleArn, scope, endpointArn: sourceArn } = writer;
  return spaceFor(objectsFor, { roleArn, who: 'the model', scope, sourceArn });
}

async function attempt<T extends { readonly ok: boolean }>(
  work: () => Promise<T>,
): Promise<T | Refusal> {
  try {
    return await work();
  } catch (cause) {
    return refuse(reasonOf(cause));
  }
}
