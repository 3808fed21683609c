/**
 * Values of the model to and from documents: the trees that JSON and CBOR are parsed into. Checks
 * every type on the way in, drops members the model does not have, and never looks at constraints.
 */
import { assert } from '../../kernel/assert.ts';
import type {
  ListType,
  MapType,
  Member,
  NumberType,
  StructureType,
  TimestampType,
  Type,
} from '../model/types.ts';
import { Trail } from './malformed.ts';

/** How one notation carries what documents have no value for. */
export interface Notation {
  /** `undefined` refuses. */
  readBlob(raw: unknown): Uint8Array | undefined;
  readTimestamp(raw: unknown): Date | undefined;
  writeBlob(bytes: Uint8Array): unknown;
  writeTimestamp(date: Date, type: TimestampType): unknown;
  /** NaN and the infinities. */
  writeOddNumber(value: number): unknown;
}

type Fields = Readonly<Record<string, unknown>>;
const int32 = 2 ** 31;

export function readDocument(notation: Notation, type: StructureType, raw: unknown): object {
  const trail = new Trail();
  return readStructure({ notation, trail }, type, type.members, raw);
}

/** Only the given members, for inputs that are partly bound to the URI and headers. */
export function readMembers(
  notation: Notation,
  type: StructureType,
  { members, raw }: { members: readonly Member[]; raw: unknown },
): object {
  return readStructure({ notation, trail: new Trail() }, type, members, raw);
}

interface Reading {
  readonly notation: Notation;
  readonly trail: Trail;
}

function readStructure(
  reading: Reading,
  type: StructureType,
  members: readonly Member[],
  raw: unknown,
): object {
  if (!isFields(raw)) {
    reading.trail.refuse(
      Array.isArray(raw)
        ? 'Start of list found where not expected'
        : `${nameOf(raw)} found where a structure is expected`,
    );
  }
  const out: Record<string, unknown> = {};
  let count = 0;
  for (const member of members) {
    const value = Object.hasOwn(raw, member.name) ? raw[member.name] : undefined;
    if (value === undefined || value === null) continue;
    out[member.name] = reading.trail.within(member.name, () => read(reading, member.type, value));
    count += 1;
  }
  if (type.kind === 'union' && count !== 1) {
    reading.trail.refuse(`Exactly one member of ${type.name} must be set, found ${count}`);
  }
  return out;
}

function read(reading: Reading, type: Type, raw: unknown): unknown {
  const { notation, trail } = reading;
  switch (type.kind) {
    case 'structure':
    case 'union':
      return readStructure(reading, type, type.members, raw);
    case 'list':
      return readList(reading, type, raw);
    case 'map':
      return readMap(reading, type, raw);
    case 'string':
      if (typeof raw !== 'string') trail.refuse(cannotBe(raw, 'a String'));
      return raw;
    case 'boolean':
      if (typeof raw !== 'boolean') trail.refuse(cannotBe(raw, 'a Boolean'));
      return raw;
    case 'blob':
      return notation.readBlob(raw) ?? trail.refuse(cannotBe(raw, 'a Blob'));
    case 'timestamp':
      return notation.readTimestamp(raw) ?? trail.refuse(cannotBe(raw, 'a Timestamp'));
    case 'document':
      return raw;
    default:
      return readNumber(reading, type, raw);
  }
}

function readNumber({ trail }: Reading, type: NumberType, raw: unknown): number {
  const value = typeof raw === 'bigint' ? Number(raw) : oddNumber(raw);
  if (typeof value !== 'number') return trail.refuse(cannotBe(raw, article(type)));
  const whole = type.kind === 'integer' || type.kind === 'long';
  if (whole && !Number.isInteger(value)) trail.refuse(cannotBe(raw, article(type)));
  if (type.kind === 'integer' && (value < -int32 || value >= int32)) {
    trail.refuse(cannotBe(raw, article(type)));
  }
  return value;
}

function readList(reading: Reading, type: ListType, raw: unknown): unknown[] {
  const { trail } = reading;
  if (!Array.isArray(raw)) return trail.refuse(`${nameOf(raw)} found where a list is expected`);
  return raw.map((item: unknown, i) =>
    trail.within(i + 1, () => {
      if (item === null || item === undefined) trail.refuse('A list may not contain null');
      return read(reading, type.item.type, item);
    }),
  );
}

function readMap(reading: Reading, type: MapType, raw: unknown): object {
  const { trail } = reading;
  if (!isFields(raw)) return trail.refuse(`${nameOf(raw)} found where a map is expected`);
  const entries = Object.entries(raw).filter(([, value]) => value !== null && value !== undefined);
  // fromEntries defines properties: a key named `__proto__` stays a key.
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      trail.within(key.slice(0, 128), () => read(reading, type.value.type, value)),
    ]),
  );
}

/** JSON spells the three numbers it lacks as strings. */
function oddNumber(raw: unknown): unknown {
  return raw === 'NaN' || raw === 'Infinity' || raw === '-Infinity' ? Number(raw) : raw;
}

function isFields(raw: unknown): raw is Fields {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !isLeaf(raw);
}

function isLeaf(raw: object): boolean {
  return raw instanceof Uint8Array || raw instanceof Date;
}

function cannotBe(raw: unknown, wanted: string): string {
  if (isFields(raw)) return 'Start of structure or map found where not expected.';
  return `${nameOf(raw)} can not be converted to ${wanted}`;
}

/** As the original's parser names tokens. */
function nameOf(raw: unknown): string {
  if (Array.isArray(raw)) return 'START_ARRAY';
  if (raw === true) return 'TRUE_VALUE';
  if (raw === false) return 'FALSE_VALUE';
  if (raw === null) return 'NULL_VALUE';
  if (typeof raw === 'string') return 'STRING_VALUE';
  return typeof raw === 'number' || typeof raw === 'bigint' ? 'NUMBER_VALUE' : 'START_OBJECT';
}

function article(type: NumberType): string {
  if (type.kind === 'integer') return 'an Integer';
  return type.kind === 'long' ? 'a Long' : 'a Double';
}

/** The document of a typed value. A value of the wrong type is a bug of the operation. */
export function writeDocument(notation: Notation, type: Type, value: unknown): unknown {
  switch (type.kind) {
    case 'structure':
    case 'union':
      return writeMembers(notation, type.members, value);
    case 'list':
      assert(Array.isArray(value), 'an output list is no array');
      return value.map((item) => writeDocument(notation, type.item.type, item));
    case 'map':
      return writeMap(notation, type, value);
    case 'blob':
      if (typeof value === 'string') return notation.writeBlob(Buffer.from(value));
      assert(value instanceof Uint8Array, 'an output blob is no byte array');
      return notation.writeBlob(value);
    case 'timestamp':
      assert(value instanceof Date, 'an output timestamp is no Date');
      return notation.writeTimestamp(value, type);
    case 'string':
      return String(value);
    case 'boolean':
    case 'document':
      return value;
    default:
      assert(typeof value === 'number', 'an output number is no number');
      return Number.isFinite(value) ? value : notation.writeOddNumber(value);
  }
}

export function writeMembers(notation: Notation, members: readonly Member[], value: unknown) {
  assert(typeof value === 'object' && value !== null, 'an output structure is no object');
  const fields = value as Fields;
  const out: Record<string, unknown> = {};
  for (const member of members) {
    const item = fields[member.name];
    if (item === undefined || item === null) continue;
    out[member.name] = writeDocument(notation, member.type, item);
  }
  return out;
}

function writeMap(notation: Notation, type: MapType, value: unknown): object {
  assert(typeof value === 'object' && value !== null, 'an output map is no object');
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, writeDocument(notation, type.value.type, item)]),
  );
}
