/** Takes one object through the model and writes what comes of it; nothing when any part fails. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  formatObjectUri,
  ObjectAccessDenied,
  type ObjectAddress,
  type ObjectSpace,
} from '../../engines/objects/space.ts';
import { type Payload, payloadsOf, RecordTooLarge } from '../../engines/transform/payloads.ts';
import type { TransformPlan } from '../../engines/transform/rows.ts';
import { type ByteStream, gather, TooManyBytes } from '../../kernel/bytes.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import { accessDenied, isDenied } from '../roles/acting.ts';
import { type Conversion, whereIn } from './answers.ts';
import { inOrder, type Permits } from './in-order.ts';
import { type InvokeParts, invoke } from './invoke.ts';

/** An input, and where its output goes. */
export interface Passage {
  readonly from: ObjectAddress;
  readonly to: ObjectAddress;
}

export interface PassageParts extends InvokeParts {
  readonly objects: ObjectSpace;
  readonly conversion: Conversion;
  /** Shared by all objects of the job. */
  readonly permits: Permits;
}

/** Ends a stream whose reader must not keep what it has read. */
class Refused extends Error {
  override readonly name = 'Refused';
}

/** Refused with the object, the records and the reason. Throws when `signal` aborts. */
export async function transformObject(
  passage: Passage,
  parts: PassageParts,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const { from, to } = passage;
  const uri = formatObjectUri(from);
  const { accept, keyId } = parts.plan.target;
  const options = {
    signal,
    ...(accept === undefined ? {} : { contentType: accept }),
    ...(keyId === undefined ? {} : { keyId }),
  };
  try {
    const stream = await parts.objects.read(from, { signal });
    if (!stream) return refuse(`${uri} does not exist`);
    const put = await parts.objects.put(to, answersTo(stream, passage, { parts, signal }), options);
    if (put.ok) return ok(undefined);
    const reason = isDenied(put.reason) ? accessDenied(put.reason) : put.reason;
    return refuse(`${formatObjectUri(to)}: ${reason}`);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = refusalOf(cause, parts.plan);
    if (reason === undefined) throw cause;
    return refuse(`${uri}: ${reason}`);
  }
}

/** Undefined for what is nobody's data: a bug, or a store that fails. */
function refusalOf(cause: unknown, plan: TransformPlan): string | undefined {
  if (cause instanceof Refused) return cause.message;
  if (cause instanceof ObjectAccessDenied) return accessDenied(cause.message);
  const limit = `the ${plan.payloadBytes} bytes that MaxPayloadInMB lets a request carry`;
  if (cause instanceof RecordTooLarge) return `record ${cause.record} is larger than ${limit}`;
  if (cause instanceof TooManyBytes) {
    return `the object is larger than ${limit}, and SplitType None sends it whole`;
  }
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  if (code?.startsWith('Z_'))
    return `CompressionType is Gzip, and it is not whole gzip: ${reasonOf(cause)}`;
  return undefined;
}

interface Around {
  readonly parts: PassageParts;
  readonly signal: AbortSignal;
}

async function* answersTo(stream: ByteStream, { from }: Passage, { parts, signal }: Around) {
  const { plan, conversion, permits } = parts;
  const bytes = plan.source.gzip ? unzipped(stream) : stream;
  const passed = async (payload: Payload): Promise<Buffer> => {
    const body = await conversion.sent(payload);
    if (!body.ok) throw new Refused(body.reason);
    const answer = await invoke(body.value, parts, signal);
    if (!answer.ok) throw new Refused(`${whereIn(payload, plan)}${answer.reason}`);
    const written = await conversion.written(payload, answer.value, formatObjectUri(from));
    if (!written.ok) throw new Refused(written.reason);
    return written.value;
  };
  yield* inOrder(payloadsIn(bytes, plan), passed, permits);
}

function payloadsIn(bytes: ByteStream, plan: TransformPlan): AsyncIterable<Payload> {
  const { payloadBytes, singleRecord, source } = plan;
  if (source.split === 'None') return wholePayload(bytes, payloadBytes);
  const limits = { bytes: payloadBytes, records: singleRecord ? 1 : Number.POSITIVE_INFINITY };
  return payloadsOf(bytes, limits);
}

/** None of an empty object: there is nothing to ask the model. */
async function* wholePayload(bytes: ByteStream, limitBytes: number): AsyncIterable<Payload> {
  const body = await gather(bytes, limitBytes);
  if (body.length > 0) yield { first: 1, records: 1, body };
}

async function* unzipped(stream: ByteStream): ByteStream {
  const gunzip = createGunzip();
  // A failure of either side comes out of the reading below.
  pipeline(Readable.from(stream), gunzip, () => {});
  yield* gunzip;
}
