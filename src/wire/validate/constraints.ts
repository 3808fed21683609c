/**
 * Checks a decoded input against the constraints of its model: required members, enumerations,
 * patterns, lengths, ranges. Types were checked when it was decoded. The words are Amazon's.
 */
import type { ListType, MapType, StringType, StructureType, Type } from '../model/types.ts';
import { matches } from './patterns.ts';

export interface ConstraintOptions {
  /** Only what is required is checked. */
  readonly requiredOnly?: boolean;
}

/** Most violations that one message lists. */
const violationLimit = 50;

interface Found {
  readonly violations: string[];
  readonly options: ConstraintOptions;
}

type Fields = Readonly<Record<string, unknown>>;

/** The message of a refusal, or undefined for a valid input. */
export function violationsOf(
  type: StructureType,
  input: object,
  options: ConstraintOptions = {},
): string | undefined {
  const found: Found = { violations: [], options };
  checkStructure(found, type, { value: input, path: '' });
  const count = found.violations.length;
  if (count === 0) return undefined;
  const noun = count === 1 ? 'error' : 'errors';
  return `${count} validation ${noun} detected: ${found.violations.join('; ')}`;
}

interface Place {
  readonly value: unknown;
  readonly path: string;
}

function checkStructure(found: Found, type: StructureType, { value, path }: Place): void {
  const fields = value as Fields;
  for (const member of type.members) {
    const inner = fields[member.name];
    const memberPath = joined(path, lowerCamel(member.name));
    if (inner !== undefined) check(found, member.type, { value: inner, path: memberPath });
    else if (member.required) {
      report(found, `Value null at '${memberPath}'`, 'Member must not be null');
    }
  }
}

function check(found: Found, type: Type, place: Place): void {
  if (found.violations.length >= violationLimit) return;
  switch (type.kind) {
    case 'structure':
    case 'union':
      return checkStructure(found, type, place);
    case 'list':
      return checkList(found, type, place);
    case 'map':
      return checkMap(found, type, place);
    default:
      if (found.options.requiredOnly) return;
      for (const constraint of broken(type, place.value)) {
        report(found, subject(type, place), constraint);
      }
  }
}

function checkList(found: Found, type: ListType, place: Place): void {
  const items = place.value as readonly unknown[];
  if (!found.options.requiredOnly) {
    for (const constraint of brokenSize(type, items.length)) {
      report(found, subject(type, place), constraint);
    }
  }
  const { type: item } = type.item;
  if (!isSimple(item)) {
    items.forEach((value, i) => {
      check(found, item, { value, path: `${place.path}.${i + 1}.member` });
    });
  } else if (!found.options.requiredOnly && items.some((v) => broken(item, v).length > 0)) {
    const all = everyConstraint(item).join(', ');
    report(found, subject(type, place), `Member must satisfy constraint: [${all}]`);
  }
}

function checkMap(found: Found, type: MapType, place: Place): void {
  const entries = Object.entries(place.value as object);
  const { type: keyType } = type.key;
  const { type: valueType } = type.value;
  if (!found.options.requiredOnly) {
    for (const constraint of brokenSize(type, entries.length)) {
      report(found, subject(type, place), constraint);
    }
    if (entries.some(([key]) => broken(keyType, key).length > 0)) {
      const all = everyConstraint(keyType).join(', ');
      report(found, subject(type, place), `Map keys must satisfy constraint: [${all}]`);
    }
  }
  if (!isSimple(valueType)) {
    for (const [key, value] of entries) {
      check(found, valueType, { value, path: `${place.path}.${key.slice(0, 256)}.member` });
    }
  } else if (
    !found.options.requiredOnly &&
    entries.some(([, value]) => broken(valueType, value).length > 0)
  ) {
    const all = everyConstraint(valueType).join(', ');
    report(found, subject(type, place), `Map value must satisfy constraint: [${all}]`);
  }
}

function report(found: Found, value: string, constraint: string): void {
  if (found.violations.length >= violationLimit) return;
  found.violations.push(`${value} failed to satisfy constraint: ${constraint}`);
}

function isSimple(type: Type): boolean {
  return !['structure', 'union', 'list', 'map'].includes(type.kind);
}

function broken(type: Type, value: unknown): string[] {
  switch (type.kind) {
    case 'string':
      return brokenText(type, String(value));
    case 'blob':
      return value instanceof Uint8Array ? brokenSize(type, value.length) : [];
    case 'integer':
    case 'long':
    case 'double':
    case 'number':
      return ranged(type, Number(value), 'value');
    default:
      return [];
  }
}

function brokenText(type: StringType, text: string): string[] {
  const all = brokenSize(type, characters(text));
  if (type.pattern !== undefined && !matches(type, text)) all.push(patternText(type.pattern));
  if (type.enum && !type.enum.includes(text)) all.push(enumText(type.enum));
  return all;
}

interface Sizes {
  readonly min?: number;
  readonly max?: number;
}

const brokenSize = (type: Sizes, size: number) => ranged(type, size, 'length');

function ranged({ min, max }: Sizes, value: number, what: 'length' | 'value'): string[] {
  const all: string[] = [];
  if (max !== undefined && value > max) all.push(upperText(what, max));
  if (min !== undefined && value < min) all.push(lowerText(what, min));
  return all;
}

/** Of an item of a list every constraint is named, not only the broken one. */
function everyConstraint(type: Type): string[] {
  const all: string[] = [];
  const sizes: Sizes = isSized(type) ? type : {};
  const what = type.kind === 'string' || type.kind === 'blob' ? 'length' : 'value';
  if (sizes.max !== undefined) all.push(upperText(what, sizes.max));
  if (sizes.min !== undefined) all.push(lowerText(what, sizes.min));
  if (type.kind === 'string' && type.pattern !== undefined) all.push(patternText(type.pattern));
  if (type.kind === 'string' && type.enum) all.push(enumText(type.enum));
  return all;
}

function isSized(type: Type): type is Type & Sizes {
  return 'min' in type || 'max' in type;
}

function upperText(what: string, max: number): string {
  return `Member must have ${what} less than or equal to ${max}`;
}

function lowerText(what: string, min: number): string {
  return `Member must have ${what} greater than or equal to ${min}`;
}

function patternText(pattern: string): string {
  return `Member must satisfy regular expression pattern: ${pattern}`;
}

function enumText(values: readonly string[]): string {
  return `Member must satisfy enum value set: [${values.join(', ')}]`;
}

/** `Value 'x' at 'path'`; a value that may be secret is not shown. */
function subject(type: Type, { value, path }: Place): string {
  if ('sensitive' in type && type.sensitive) return `Value at '${path}'`;
  return `Value '${shown(type, value)}' at '${path}'`;
}

/** Longest value that a message repeats. */
const shownCharacters = 1024;

function shown(type: Type, value: unknown): string {
  if (type.kind === 'blob') return 'java.nio.HeapByteBuffer[pos=0]';
  if (type.kind === 'list') {
    const items = (value as readonly unknown[]).slice(0, violationLimit);
    return `[${items.map((item) => shown(type.item.type, item)).join(', ')}]`;
  }
  if (type.kind === 'map') {
    const entries = Object.entries(value as object).slice(0, violationLimit);
    return `{${entries.map(([k, v]) => `${k}=${shown(type.value.type, v)}`).join(', ')}}`;
  }
  if (!isSimple(type)) return '(structure)';
  return String(value).slice(0, shownCharacters);
}

/** Lengths count code points. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function lowerCamel(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
