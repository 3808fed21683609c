/**
 * Reads the graph of an ONNX file: its operators with their attributes, its inputs and outputs. Not
 * a reader of Protocol Buffers at large: the few message fields needed are known here. What cannot
 * be read throws `Unfit`, or the RangeError of a number that lies past the end.
 */

/** Why a model cannot be known from within; turned into a refusal where the reading began. */
export class Unfit extends Error {
  override readonly name = 'Unfit';
}

export function need(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new Unfit(rule);
}

interface Field {
  readonly number: number;
  /** Of varints and of 32-bit floats. */
  readonly value: number;
  /** Of length-delimited fields. */
  readonly bytes: Uint8Array | undefined;
}

const varintWire = 0;
const longWire = 1;
const bytesWire = 2;
const floatWire = 5;

/** The fields of a message, one after another. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(at);
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === varintWire) yield { number, value: varint(), bytes: undefined };
    else if (wire === bytesWire) {
      const length = varint();
      need(at + length <= bytes.length, 'the file is cut off');
      yield { number, value: 0, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else if (wire === floatWire) {
      yield { number, value: view.getFloat32(at, true), bytes: undefined };
      at += 4;
    } else if (wire === longWire) at += 8;
    else need(false, 'the file is not an ONNX model');
  }
}

function all(bytes: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === number && field.bytes) found.push(field.bytes);
  }
  return found;
}

function first(bytes: Uint8Array, number: number): Uint8Array {
  return all(bytes, number)[0] ?? new Uint8Array(0);
}

function valueIn(bytes: Uint8Array, number: number): number | undefined {
  for (const field of fieldsOf(bytes)) {
    if (field.number === number && !field.bytes) return field.value;
  }
  return undefined;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

export interface Node {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By name, still as messages. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: readonly { readonly name: string; readonly columns: number }[];
  readonly outputs: readonly string[];
}

export function graphOf(bytes: Uint8Array): Graph {
  const graph = all(bytes, 7)[0];
  need(graph, 'there is no graph');
  return {
    nodes: all(graph, 1).map(nodeOf),
    inputs: all(graph, 11).map((input) => ({
      name: text(first(input, 1)),
      columns: columnsOf(first(input, 2)),
    })),
    outputs: all(graph, 12).map((output) => text(first(output, 1))),
  };
}

function nodeOf(bytes: Uint8Array): Node {
  return {
    inputs: all(bytes, 1).map(text),
    outputs: all(bytes, 2).map(text),
    type: text(first(bytes, 4)),
    attributes: new Map(all(bytes, 5).map((attribute) => [text(first(attribute, 1)), attribute])),
  };
}

/** Of a tensor of 32-bit floats, [rows, columns]. */
function columnsOf(type: Uint8Array): number {
  const tensor = first(type, 1);
  need(valueIn(tensor, 1) === 1, 'its input is not 32-bit floats');
  const dims = all(first(tensor, 2), 1);
  const columns = valueIn(dims[1] ?? new Uint8Array(0), 1);
  need(dims.length === 2 && columns, 'its input has no known number of columns');
  return columns;
}

/** A scalar or a list, packed or not; empty when there is no such attribute. */
export function ints({ attributes }: Node, name: string): number[] {
  const values: number[] = [];
  for (const { number, value, bytes } of fieldsOf(attributes.get(name) ?? new Uint8Array(0))) {
    if (number !== 3 && number !== 8) continue;
    if (bytes) unpack(bytes, values);
    else values.push(value);
  }
  return values;
}

function unpack(bytes: Uint8Array, into: number[]): void {
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    into.push(value);
    [value, scale] = [0, 1];
  }
}

/** A list, packed or not. */
export function floats({ attributes }: Node, name: string): number[] {
  const values: number[] = [];
  for (const { number, value, bytes } of fieldsOf(attributes.get(name) ?? new Uint8Array(0))) {
    if (number !== 7) continue;
    if (!bytes) values.push(value);
    const view = bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; view && at + 4 <= view.byteLength; at += 4) {
      values.push(view.getFloat32(at, true));
    }
  }
  return values;
}

/** A text or a list of them. */
export function words({ attributes }: Node, name: string): string[] {
  const attribute = attributes.get(name) ?? new Uint8Array(0);
  return [...all(attribute, 4), ...all(attribute, 9)].map(text);
}
