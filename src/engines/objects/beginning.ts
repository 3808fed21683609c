/** The beginning of a stream: all of it when it is short, else the stream with it put back. */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Abortable } from '../../ports/metadata-store.ts';

export type Beginning =
  | { readonly whole: Buffer; readonly stream?: never }
  /** To be read to its end or given up: it holds the source. */
  | { readonly whole?: never; readonly stream: ByteStream };

/**
 * Holds no more than `mostBytes` and one part. What the source throws is rethrown, and so is the
 * signal's reason, even while the source keeps silent.
 */
export async function beginningOf(
  content: ByteStream,
  mostBytes: number,
  { signal }: Abortable,
): Promise<Beginning> {
  const source = content[Symbol.asyncIterator]();
  const { aborted, forget } = whenAborted(signal);
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    while (sizeBytes <= mostBytes) {
      const step = await (aborted ? Promise.race([source.next(), aborted]) : source.next());
      if (step.done) return { whole: Buffer.concat(parts, sizeBytes) };
      parts.push(step.value);
      sizeBytes += step.value.length;
    }
  } catch (cause) {
    // Not awaited: a source that keeps silent would hold us up. Its failure tells nothing new.
    void Promise.resolve(source.return?.()).catch(() => {});
    throw cause;
  } finally {
    forget();
  }
  return { stream: putBack(parts, source) };
}

function whenAborted(signal: AbortSignal | undefined) {
  if (!signal) return { aborted: undefined, forget: () => {} };
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  // It may come when nobody waits any more.
  aborted.catch(() => {});
  return { aborted, forget: () => signal.removeEventListener('abort', giveUp) };
}

async function* putBack(
  parts: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): ByteStream {
  let ended = false;
  try {
    yield* parts;
    for (;;) {
      const step = await source.next().catch((cause: unknown) => {
        ended = true;
        throw cause;
      });
      ended = step.done === true;
      if (step.done) return;
      yield step.value;
    }
  } finally {
    if (!ended) await source.return?.();
  }
}
