/** One request to the model: tried again while that may help, given up when the job stops. */
import type { TransformPlan } from '../../engines/transform/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Answer, Forwarder, ForwardFailure } from '../../ports/forwarder.ts';
import type { ModelServer } from '../../ports/launcher.ts';

/** What a model may answer to one request. */
export const mostAnswerBytes = 100 * 1024 * 1024;
const firstPauseMs = 200;
const shownCharacters = 200;

export interface InvokeParts {
  readonly forwarder: Forwarder;
  readonly server: ModelServer;
  readonly plan: TransformPlan;
  /** Resolves after so long, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Refused with how the last try ended. Throws when `signal` aborts. */
export async function invoke(
  body: Uint8Array,
  parts: InvokeParts,
  signal: AbortSignal,
): Promise<Outcome<Answer>> {
  const { retries } = parts.plan;
  for (let tries = 1; ; tries += 1) {
    const result = await abortable(invokeOnce(body, parts), signal);
    if (result.kind === 'answer' && result.status >= 200 && result.status < 300) return ok(result);
    if (tries > retries || !mayHelp(result)) {
      return refuse(`${described(result)}${tries > 1 ? ` (tried ${tries} times)` : ''}`);
    }
    await parts.wait(firstPauseMs * 2 ** (tries - 1), signal);
    signal.throwIfAborted();
  }
}

async function invokeOnce(
  body: Uint8Array,
  { forwarder, server, plan }: InvokeParts,
): Promise<Answer | ForwardFailure> {
  // Undefined while the server is being restarted.
  const url: URL | undefined = server.invocationsUrl;
  if (!url) return { kind: 'unreachable', reason: 'it is being restarted', latencyUs: 0 };
  const { source, target, timeoutMs } = plan;
  const headers = {
    ...(source.contentType === undefined ? {} : { 'content-type': source.contentType }),
    ...(target.accept === undefined ? {} : { accept: target.accept }),
  };
  return forwarder.forward({ url, headers, body, timeoutMs }, { limitBytes: mostAnswerBytes });
}

function mayHelp(result: Answer | ForwardFailure): boolean {
  if (result.kind === 'answer') return result.status >= 500 || result.status === 429;
  return result.kind !== 'tooLarge';
}

function described(result: Answer | ForwardFailure): string {
  if (result.kind !== 'answer') return `the model gave no answer: ${result.reason}`;
  const text = result.body
    .subarray(0, shownCharacters * 4)
    .toString('utf8')
    .trim();
  const cut = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  return `the model answered ${result.status}: ${JSON.stringify(cut)}`;
}

/** What is under way is left to itself when the signal aborts: its server is about to stop. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
