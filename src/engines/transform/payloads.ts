/** Cuts an object into records by its line ends, and gathers records for one request. */
import type { ByteStream } from '../../kernel/bytes.ts';

/** A part of an object that goes to the model in one request. */
export interface Payload {
  /** Number of its first record in the object, from 1. */
  readonly first: number;
  readonly records: number;
  /** Records with a line end between them, none after the last. */
  readonly body: Buffer;
}

/** A record that no request may carry. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge';
  /** From 1. */
  readonly record: number;

  constructor(record: number, limitBytes: number) {
    super(`record ${record} is larger than ${limitBytes} bytes`);
    this.record = record;
  }
}

export interface PayloadLimits {
  readonly bytes: number;
  readonly records: number;
}

const lineEnd = 0x0a;
const carriageReturn = 0x0d;

/**
 * In order; each holds as many records as the limits let it. A line that is empty, or only a
 * carriage return, is no record. Line ends cut whatever surrounds them: a quoted one too, as the
 * original does. Holds what one payload may hold and one chunk of the stream.
 */
export async function* payloadsOf(
  stream: ByteStream,
  limits: PayloadLimits,
): AsyncIterable<Payload> {
  const cutter = new Cutter(limits);
  for await (const chunk of stream) {
    // A stream may reuse its buffer for the next chunk.
    for (const payload of cutter.take(Buffer.from(chunk))) yield payload;
  }
  for (const payload of cutter.end()) yield payload;
}

/** Neighbouring records of one chunk, with the line ends that are between them. */
interface Run {
  readonly bytes: Buffer;
  readonly start: number;
  end: number;
}

class Cutter {
  readonly #limits: PayloadLimits;
  /** The beginning of a line whose end has not come yet. */
  #open: Buffer[] = [];
  #openBytes = 0;
  #runs: Run[] = [];
  #sizeBytes = 0;
  #records = 0;
  #first = 1;

  constructor(limits: PayloadLimits) {
    this.#limits = limits;
  }

  *take(bytes: Buffer): Iterable<Payload> {
    let start = 0;
    for (let end = bytes.indexOf(lineEnd); end !== -1; end = bytes.indexOf(lineEnd, start)) {
      const isWhole = this.#openBytes === 0;
      const line = isWhole ? { bytes, start, end } : this.#close(bytes.subarray(start, end));
      yield* this.#add(line);
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  *end(): Iterable<Payload> {
    if (this.#openBytes > 0) yield* this.#add(this.#close(Buffer.alloc(0)));
    if (this.#records > 0) yield this.#payload();
  }

  #keep(part: Buffer): void {
    this.#openBytes += part.length;
    this.#check(this.#openBytes);
    if (part.length > 0) this.#open.push(part);
  }

  #close(rest: Buffer): Run {
    const bytes = Buffer.concat([...this.#open, rest]);
    this.#open = [];
    this.#openBytes = 0;
    return { bytes, start: 0, end: bytes.length };
  }

  #check(recordBytes: number): void {
    if (recordBytes <= this.#limits.bytes) return;
    throw new RecordTooLarge(this.#first + this.#records, this.#limits.bytes);
  }

  *#add(line: Run): Iterable<Payload> {
    const { bytes, start, end } = line;
    const sizeBytes = end - start;
    if (sizeBytes === 0 || (sizeBytes === 1 && bytes[start] === carriageReturn)) return;
    this.#check(sizeBytes);
    const { records, bytes: most } = this.#limits;
    const isFull = this.#records === records || this.#sizeBytes + sizeBytes > most;
    if (this.#records > 0 && isFull) yield this.#payload();
    const last = this.#runs.at(-1);
    if (last?.bytes === bytes && last.end + 1 === start) last.end = end;
    else this.#runs.push({ bytes, start, end });
    this.#sizeBytes += sizeBytes + 1;
    this.#records += 1;
  }

  #payload(): Payload {
    const between = Buffer.of(lineEnd);
    const parts = this.#runs.flatMap(({ bytes, start, end }, at) => {
      const part = bytes.subarray(start, end);
      return at === 0 ? [part] : [between, part];
    });
    const payload = { first: this.#first, records: this.#records, body: Buffer.concat(parts) };
    this.#first += this.#records;
    this.#runs = [];
    this.#sizeBytes = 0;
    this.#records = 0;
    return payload;
  }
}
