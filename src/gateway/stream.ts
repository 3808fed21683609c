/**
 * InvokeEndpointWithResponseStream: each part of the model's answer is passed on as it comes,
 * framed as an event. The record of the exchange is kept before the stream ends.
 */
import type { ServerResponse } from 'node:http';
import type { LiveEndpoint, RunningVariant } from '../engines/hosting/fleet.ts';
import { defined } from '../kernel/assert.ts';
import { gather } from '../kernel/bytes.ts';
import { ForwardBroken, type OpenAnswer } from '../ports/forwarder.ts';
import { loadModel } from '../wire/model/load.ts';
import { encodeEvents } from '../wire/protocols/events.ts';
import { sendStream } from '../wire/send.ts';
import { invokedVariant, requestIdHeader } from './answer.ts';
import { capture, isSampled } from './capture.ts';
import { count, exchange, failureFault, isSuccess } from './exchange.ts';
import { faults } from './faults.ts';
import { customAttributes, toModel } from './headers.ts';
import { type Invocation, type InvokeParts, maxAnswerBytes } from './invoke.ts';
import { chooseVariant, liveEndpoint } from './route.ts';

/** Amazon's bound on a streamed answer. */
const totalTimeoutMs = 480_000;
const prefix = 'x-amzn-sagemaker-';
const operationName = 'InvokeEndpointWithResponseStream';

/** Throws the `Fault` the client gets instead, as long as nothing was answered. */
export async function invokeStream(
  call: Invocation,
  res: ServerResponse,
  parts: InvokeParts,
): Promise<void> {
  const live = await liveEndpoint(call, parts);
  const running = chooseVariant(live, call, parts.random);
  running.instance.enter();
  try {
    const answer = await opened(call, { live, running }, parts);
    await passOn(answer, { call, live, running, res }, parts);
  } finally {
    running.instance.leave();
  }
}

interface Chosen {
  readonly live: LiveEndpoint;
  readonly running: RunningVariant;
}

async function opened(call: Invocation, chosen: Chosen, parts: InvokeParts): Promise<OpenAnswer> {
  const { 'x-amzn-sagemaker-accept': accept, ...headers } = call.headers;
  const passed = { ...toModel(headers), ...(accept === undefined ? {} : { accept }) };
  const message = { headers: passed, body: call.body };
  const result = await exchange(chosen.running, message, (request) =>
    parts.forwarder.open(request, { totalTimeoutMs }),
  );
  const answered = result.kind === 'answer';
  if (answered && isSuccess(result.status)) return result;
  const { latencyUs: modelLatencyUs } = result;
  const modelStatus = answered ? result.status : 0;
  count({ ...chosen, modelStatus, modelLatencyUs, totalUs: call.elapsedUs() }, parts);
  if (!answered) throw failureFault(result, call);
  const body = await gather(result.body, maxAnswerBytes).catch((cause: Error) => cause.message);
  throw faults.modelError(call, result.status, body.toString('utf8'));
}

interface Passing extends Chosen {
  readonly call: Invocation;
  readonly res: ServerResponse;
}

async function passOn(answer: OpenAnswer, passing: Passing, parts: InvokeParts): Promise<void> {
  const { call, res, running } = passing;
  const contentType = answer.headers['content-type'];
  const attributes = answer.headers[customAttributes];
  await call.beforeAnswer?.();
  res.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    ...(contentType === undefined ? {} : { [`${prefix}content-type`]: contentType }),
    ...(attributes === undefined ? {} : { [customAttributes]: attributes }),
    [invokedVariant]: running.variant.name,
    [requestIdHeader]: call.requestId,
  });
  const operation = loadModel('sagemaker-runtime').operations.get(operationName);
  const output = { Body: events(answer, passing, parts) };
  const frames = encodeEvents(defined(operation, operationName), output, 'json');
  await sendStream(res, frames);
}

async function* events(answer: OpenAnswer, passing: Passing, parts: InvokeParts) {
  const { call, live, running } = passing;
  const sampled = isSampled(live.capture, parts.random);
  // Only what a record takes is held: a stream may be longer than memory.
  const kept: Uint8Array[] = [];
  const elapsedUs = parts.forwarder.startTimer();
  let sizeBytes = 0;
  let modelStatus = 0;
  try {
    for await (const part of answer.body) {
      sizeBytes += part.length;
      if (sampled && sizeBytes <= maxAnswerBytes) kept.push(part);
      else kept.length = 0;
      yield { PayloadPart: { Bytes: part } };
    }
    modelStatus = answer.status;
    if (!sampled) return;
    const whole = sizeBytes <= maxAnswerBytes;
    await capture(
      {
        live,
        variantName: running.variant.name,
        requestHeaders: call.headers,
        requestBody: call.body,
        answerType: answer.headers['content-type'],
        answerBody: whole ? Buffer.concat(kept) : undefined,
        answerSizeBytes: sizeBytes,
        inferenceTimeMs: call.receivedAtMs,
        shadow: false,
      },
      parts,
    );
  } catch (cause) {
    if (!(cause instanceof ForwardBroken)) throw cause;
    throw cause.kind === 'timeout' ? faults.streamTimedOut() : faults.streamBroke(cause.message);
  } finally {
    const modelLatencyUs = answer.latencyUs + elapsedUs();
    count({ live, running, modelStatus, modelLatencyUs, totalUs: call.elapsedUs() }, parts);
  }
}
