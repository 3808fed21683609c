/** Sends copies of requests to a shadow variant. Its answers are recorded and given to nobody. */
import { shadowTakes } from '../engines/hosting/choice.ts';
import type { LiveEndpoint, RunningVariant } from '../engines/hosting/fleet.ts';
import { capture } from './capture.ts';
import { count, exchange, isSuccess } from './exchange.ts';
import { toModel } from './headers.ts';
import { type Invocation, type InvokeParts, maxAnswerBytes } from './invoke.ts';

/** Copies under way. A shadow that cannot keep up loses copies, and slows nobody. */
export interface Mirror {
  readonly copies: Set<Promise<void>>;
}

const mostUnderWay = 256;

export function makeMirror(): Mirror {
  return { copies: new Set() };
}

export interface Original {
  readonly live: LiveEndpoint;
  readonly running: RunningVariant;
  readonly sampled: boolean;
}

/** Returns at once. */
export function startMirror(call: Invocation, original: Original, parts: InvokeParts): void {
  const [shadow] = original.live.shadows;
  if (!shadow || !shadowTakes(shadow, original.running, parts.random)) return;
  const { mirror, log } = parts;
  if (mirror.copies.size >= mostUnderWay) {
    log.warn('a shadow variant is too slow: a copy was left out', { endpoint: original.live.key });
    return;
  }
  shadow.instance.enter();
  const copy = send(call, { ...original, running: shadow }, parts)
    .catch((cause: unknown) => log.error('a copy for a shadow variant failed', cause))
    .finally(() => {
      shadow.instance.leave();
      mirror.copies.delete(copy);
    });
  mirror.copies.add(copy);
}

async function send(call: Invocation, shadow: Original, parts: InvokeParts): Promise<void> {
  const { live, running, sampled } = shadow;
  const elapsedUs = parts.forwarder.startTimer();
  const message = { headers: toModel(call.headers), body: call.body };
  const result = await exchange(running, message, (request) =>
    parts.forwarder.forward(request, { limitBytes: maxAnswerBytes }),
  );
  const modelStatus = result.kind === 'answer' ? result.status : 0;
  const { latencyUs: modelLatencyUs } = result;
  count({ live, running, modelStatus, modelLatencyUs, totalUs: elapsedUs() }, parts);
  if (result.kind !== 'answer' || !isSuccess(result.status) || !sampled) return;
  const exchanged = {
    live,
    variantName: running.variant.name,
    requestHeaders: call.headers,
    requestBody: call.body,
    answerType: result.headers['content-type'],
    answerBody: result.body,
    answerSizeBytes: result.body.length,
    inferenceTimeMs: call.receivedAtMs,
    shadow: true,
  };
  await capture(exchanged, parts);
}
