/**
 * One captured request as a line of JSON, field by field as Amazon writes it. Written as bytes and
 * not as text: a body that needs no escapes, as most rows of CSV, is copied as it came.
 */
import { isUtf8 } from 'node:buffer';
import { quoted } from '../../kernel/json.ts';

/** One direction of a request as it was seen. */
export interface CapturedSide {
  readonly contentType: string | undefined;
  /** Undefined when the body was larger than what is kept; `sizeBytes` tells how large. */
  readonly body: Uint8Array | undefined;
  readonly sizeBytes: number;
}

export interface CaptureEvent {
  readonly eventId: string;
  readonly inferenceId?: string;
  readonly customAttributes?: string;
  readonly inferenceTimeMs: number;
  /** True for the copy that a shadow variant answered. */
  readonly shadow?: boolean;
  readonly input?: CapturedSide;
  readonly output?: CapturedSide;
}

export interface TextTypes {
  /** Lower-case media types. */
  readonly csvTypes: readonly string[];
  readonly jsonTypes: readonly string[];
}

type Encoding = 'CSV' | 'JSON' | 'BASE64';

/** By the media type without its parameters; what is in neither list is BASE64. */
export function encodingOf(contentType: string | undefined, types: TextTypes): Encoding {
  const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (types.csvTypes.includes(mediaType)) return 'CSV';
  if (types.jsonTypes.includes(mediaType)) return 'JSON';
  return 'BASE64';
}

/** With its line feed. Only the sides that are given appear. */
export function captureLine(event: CaptureEvent, types: TextTypes): string {
  return captureRecord(event, types).toString('utf8');
}

/**
 * The line as bytes, which stay the caller's. Put together piece by piece: this is written for
 * every request, and only what came from outside needs the care of a serializer.
 */
export function captureRecord(event: CaptureEvent, types: TextTypes): Buffer {
  const { input, output } = event;
  const pieces: Piece[] = [];
  let text = '{"captureData":{';
  if (input) text = addSide(pieces, text, { side: input, mode: 'INPUT', types });
  if (input && output) text += ',';
  if (output) text = addSide(pieces, text, { side: output, mode: 'OUTPUT', types });
  pieces.push(`${text}},"eventMetadata":{${metadataOf(event)}},"eventVersion":"0"}\n`);
  return written(pieces);
}

/** Text, or UTF-8 that was found to need no escapes. */
type Piece = string | Uint8Array;

function metadataOf(event: CaptureEvent): string {
  const { inferenceId, customAttributes } = event;
  let metadata = `"eventId":${quoted(event.eventId)},`;
  if (inferenceId !== undefined) metadata += `"inferenceId":${JSON.stringify(inferenceId)},`;
  if (customAttributes !== undefined) {
    metadata += `"customAttributes":[${JSON.stringify(customAttributes)}],`;
  }
  metadata += `"inferenceTime":"${secondOf(event.inferenceTimeMs)}"`;
  if (event.shadow) metadata += ',"invocationSource":"ShadowExperiment"';
  return metadata;
}

const secondMs = 1_000;
let lastSecond = { number: Number.NaN, text: '' };

/** `2026-01-05T10:59:30Z`. Requests of one second share it. */
function secondOf(instantMs: number): string {
  const number = Math.floor(instantMs / secondMs);
  if (number !== lastSecond.number) {
    const text = new Date(number * secondMs).toISOString().replace('.000Z', 'Z');
    lastSecond = { number, text };
  }
  return lastSecond.text;
}

interface Label {
  readonly json: string;
  readonly encoding: Encoding;
}

/** What is said of a content type is the same for all requests: clients use few. */
const labels = new WeakMap<TextTypes, Map<string | undefined, Label>>();
const mostLabels = 64;

function labelOf(contentType: string | undefined, types: TextTypes): Label {
  const known = labels.get(types) ?? new Map<string | undefined, Label>();
  const found = known.get(contentType);
  if (found) return found;
  if (known.size >= mostLabels) known.clear();
  const json = JSON.stringify(contentType ?? null);
  const label = { json, encoding: encodingOf(contentType, types) };
  labels.set(types, known.set(contentType, label));
  return label;
}

interface SideParts {
  readonly side: CapturedSide;
  readonly mode: 'INPUT' | 'OUTPUT';
  readonly types: TextTypes;
}

/** Adds what is whole to the pieces; answers the text that goes on from there. */
function addSide(pieces: Piece[], before: string, { side, mode, types }: SideParts): string {
  const { body } = side;
  const { json, encoding: wanted } = labelOf(side.contentType, types);
  const name = mode === 'INPUT' ? 'endpointInput' : 'endpointOutput';
  const head = `${before}"${name}":{"observedContentType":${json},"mode":"${mode}","data":"`;
  // Said outright, so that nobody takes an empty body for what the model saw.
  if (!body) return `${head}","encoding":"BASE64","omittedSizeBytes":${side.sizeBytes}}`;
  // Bytes that are no UTF-8 would not survive as a JSON string, whatever their label says.
  const encoding = wanted !== 'BASE64' && isUtf8(body) ? wanted : 'BASE64';
  const end = `","encoding":"${encoding}"}`;
  if (encoding !== 'BASE64' && isPlain(body)) {
    pieces.push(head, body);
    return end;
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (encoding === 'BASE64') return head + bytes.toString('base64') + end;
  return head + JSON.stringify(bytes.toString('utf8')).slice(1, -1) + end;
}

/** By byte: 1 for what JSON escapes. Of UTF-8 that is nothing but these. */
const escaped = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c ? 1 : 0,
);
/** A copy that begins where four bytes do: four at a time take a fifth of the time. */
const aligned = new Uint8Array(65_536);
const alignedWords = new Int32Array(aligned.buffer);
const [controls, quotes, backslashes] = [0x20202020, 0x22222222, 0x5c5c5c5c];
const [ones, highBits] = [0x01010101, 0x80808080];

/** Whether JSON writes the text as it is. */
function isPlain(body: Uint8Array): boolean {
  for (let start = 0; start < body.length; start += aligned.length) {
    if (!isPlainPart(body.subarray(start, start + aligned.length))) return false;
  }
  return true;
}

/**
 * High bits stay of bytes below a blank, and of those that are zero beside a quote or a backslash.
 * Source: Warren, "Hacker's Delight", finding a zero byte.
 */
function isPlainPart(part: Uint8Array): boolean {
  aligned.set(part);
  const wholeWords = part.length >> 2;
  let found = 0;
  for (let at = 0; at < wholeWords; at += 1) {
    const word = alignedWords[at] as number;
    const quote = word ^ quotes;
    const backslash = word ^ backslashes;
    found |= (word - controls) & ~word;
    found |= (quote - ones) & ~quote;
    found |= (backslash - ones) & ~backslash;
  }
  if ((found & highBits) !== 0) return false;
  for (let at = wholeWords * 4; at < part.length; at += 1) {
    if (escaped[part[at] as number]) return false;
  }
  return true;
}

/** Room for several lines, taken from the front; a line keeps what it took. */
let slab = Buffer.alloc(0);
const slabBytes = 65_536;
/** A unit of UTF-16 is at most this long in UTF-8. */
const mostUnitBytes = 3;

function written(pieces: readonly Piece[]): Buffer {
  let mostBytes = 0;
  for (const piece of pieces) {
    mostBytes += typeof piece === 'string' ? piece.length * mostUnitBytes : piece.length;
  }
  if (mostBytes > slabBytes / 4) {
    return Buffer.concat(pieces.map((piece) => (isText(piece) ? Buffer.from(piece) : piece)));
  }
  if (slab.length < mostBytes) slab = Buffer.allocUnsafeSlow(slabBytes);
  let at = 0;
  for (const piece of pieces) {
    if (isText(piece)) at += slab.write(piece, at);
    else {
      slab.set(piece, at);
      at += piece.length;
    }
  }
  const line = slab.subarray(0, at);
  slab = slab.subarray(at);
  return line;
}

function isText(piece: Piece): piece is string {
  return typeof piece === 'string';
}
