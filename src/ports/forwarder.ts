/**
 * Sends requests on to model servers over connections that stay open. Never retries: what failed
 * before a byte was sent is told apart, so that the caller may.
 */
import type { ByteStream } from '../kernel/bytes.ts';

export interface ForwardRequest {
  /** Always a POST. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the whole answer; for `open`, for its headers and between any two of its parts. */
  readonly timeoutMs: number;
}

interface AnswerHead {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names; a name sent more than once is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** From the call to the end of the answer; for `open`, to its headers. */
  readonly latencyUs: number;
}

export interface Answer extends AnswerHead {
  readonly body: Buffer;
}

export interface OpenAnswer extends AnswerHead {
  /** Must be read to its end or returned. Throws `ForwardBroken` when the rest does not come. */
  readonly body: ByteStream;
}

export interface ForwardFailure {
  /**
   * `unreachable`: no connection, nothing was sent. `timeout`: no whole answer in time. `broken`:
   * the connection ended early, or what came was not HTTP. `tooLarge`: past the limit of the
   * answer.
   */
  readonly kind: 'unreachable' | 'timeout' | 'broken' | 'tooLarge';
  readonly reason: string;
  readonly latencyUs: number;
}

export interface Forwarder {
  forward(
    request: ForwardRequest,
    options: { readonly limitBytes: number },
  ): Promise<Answer | ForwardFailure>;
  open(
    request: ForwardRequest,
    options: { readonly totalTimeoutMs: number },
  ): Promise<OpenAnswer | ForwardFailure>;
  /** A stopwatch: answers the microseconds since it was made. */
  startTimer(): () => number;
  close(): Promise<void>;
}

export class ForwardBroken extends Error {
  override readonly name = 'ForwardBroken';
  readonly kind: 'timeout' | 'broken';

  constructor(kind: 'timeout' | 'broken', reason: string) {
    super(reason);
    this.kind = kind;
  }
}
