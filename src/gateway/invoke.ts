/** InvokeEndpoint: forwarded whole, captured, answered. */
import type { LiveEndpoint, RunningVariant } from '../engines/hosting/fleet.ts';
import type { Answer } from '../ports/forwarder.ts';
import { invokedVariant, type Reply, requestIdHeader } from './answer.ts';
import { type CaptureParts, capture, isSampled } from './capture.ts';
import { count, type ExchangeParts, exchange, failureFault, isSuccess } from './exchange.ts';
import { faults } from './faults.ts';
import { fromModel, toModel } from './headers.ts';
import { chooseVariant, liveEndpoint, type RouteParts, type Wanted } from './route.ts';
import { type Mirror, startMirror } from './shadow.ts';

export interface InvokeParts extends RouteParts, ExchangeParts, CaptureParts {
  readonly mirror: Mirror;
}

export interface Invocation extends Wanted {
  readonly requestId: string;
  readonly body: Buffer;
  readonly receivedAtMs: number;
  /** Microseconds since the request came. */
  readonly elapsedUs: () => number;
  /** Awaited when the answer is certain, before any of it leaves; a rejection refuses. */
  readonly beforeAnswer?: (() => Promise<void>) | undefined;
}

/** An answer larger than this is a failure of the model; Amazon's newer bound of a payload. */
export const maxAnswerBytes = 26_214_400;

/** Throws the `Fault` the client gets instead. */
export async function invoke(call: Invocation, parts: InvokeParts): Promise<Reply> {
  const live = await liveEndpoint(call, parts);
  const running = chooseVariant(live, call, parts.random);
  running.instance.enter();
  try {
    return await forwarded(call, { live, running }, parts);
  } finally {
    running.instance.leave();
  }
}

interface Chosen {
  readonly live: LiveEndpoint;
  readonly running: RunningVariant;
}

async function forwarded(call: Invocation, chosen: Chosen, parts: InvokeParts): Promise<Reply> {
  const { live, running } = chosen;
  const sampled = isSampled(live.capture, parts.random);
  if (live.shadows.length > 0) startMirror(call, { live, running, sampled }, parts);
  const message = { headers: toModel(call.headers), body: call.body };
  const result = await exchange(running, message, (request) =>
    parts.forwarder.forward(request, { limitBytes: maxAnswerBytes }),
  );
  const answered = result.kind === 'answer';
  if (answered && isSuccess(result.status) && sampled) await record(call, chosen, result, parts);
  const modelStatus = answered ? result.status : 0;
  const { latencyUs: modelLatencyUs } = result;
  count({ live, running, modelStatus, modelLatencyUs, totalUs: call.elapsedUs() }, parts);
  if (!answered) throw failureFault(result, call);
  if (!isSuccess(result.status)) {
    throw faults.modelError(call, result.status, result.body.toString('utf8'));
  }
  const headers = fromModel(result.headers);
  headers[invokedVariant] = running.variant.name;
  headers[requestIdHeader] = call.requestId;
  if (call.beforeAnswer) await call.beforeAnswer();
  return { status: 200, headers, body: result.body };
}

function record(
  call: Invocation,
  { live, running }: Chosen,
  { headers, body }: Answer,
  parts: InvokeParts,
): Promise<void> {
  const exchanged = {
    live,
    variantName: running.variant.name,
    requestHeaders: call.headers,
    requestBody: call.body,
    answerType: headers['content-type'],
    answerBody: body,
    answerSizeBytes: body.length,
    inferenceTimeMs: call.receivedAtMs,
    shadow: false,
  };
  return capture(exchanged, parts);
}
