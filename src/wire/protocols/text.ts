/** Values as text: in headers, labels, query strings, forms and XML. */
import { assert } from '../../kernel/assert.ts';
import type { NumberType, TimestampFormat, Type } from '../model/types.ts';
import { Malformed } from './malformed.ts';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';

const number = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const whole = /^[+-]?\d+$/;
const base64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;
const int32 = 2 ** 31;

/** Throws `Malformed`, naming `place`. Structures, lists and maps are not read here. */
export function readText(type: Type, text: string, place: string): unknown {
  switch (type.kind) {
    case 'string':
      return text;
    case 'boolean':
      if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
      break;
    case 'timestamp': {
      const date = parseTimestamp(text.trim());
      if (date) return date;
      break;
    }
    case 'blob':
      if (base64.test(text)) return Buffer.from(text, 'base64');
      break;
    case 'integer':
    case 'long':
    case 'double':
    case 'number': {
      const value = readNumber(type, text.trim());
      if (value !== undefined) return value;
      break;
    }
    default:
  }
  throw new Malformed(`The value '${text.slice(0, 100)}' of ${place} is not a valid ${type.kind}.`);
}

function readNumber({ kind }: NumberType, text: string): number | undefined {
  if (kind === 'integer' || kind === 'long') {
    const value = Number(text);
    if (!whole.test(text) || !Number.isFinite(value)) return undefined;
    return kind === 'integer' && (value < -int32 || value >= int32) ? undefined : value;
  }
  if (/^(NaN|-?Infinity)$/.test(text)) return Number(text);
  return number.test(text) ? Number(text) : undefined;
}

/** `format` applies when the type does not name one. A value of another type is a bug. */
export function writeText(type: Type, value: unknown, format: TimestampFormat): string {
  switch (type.kind) {
    case 'timestamp':
      assert(value instanceof Date, 'an output timestamp is no Date');
      return formatTimestamp(value, type.format ?? format);
    case 'blob':
      assert(
        value instanceof Uint8Array || typeof value === 'string',
        'an output blob is no bytes',
      );
      return Buffer.from(value).toString('base64');
    case 'list':
      assert(Array.isArray(value), 'an output list is no array');
      return value.map((item) => quoted(writeText(type.item.type, item, format), type)).join(', ');
    default:
      return String(value);
  }
}

function quoted(text: string, { kind }: Type): string {
  if (kind !== 'list' || !/[",]/.test(text) || /^\w{3}, /.test(text)) return text;
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** The items of a list in one header, where quoted items may contain commas. */
export function splitHeader(text: string): string[] {
  const items = text.match(/\s*("(?:\\.|[^"\\])*"|[^,]*)\s*(?:,|$)/g) ?? [];
  // The pattern also matches the empty end of the text.
  const whole = items.slice(0, text.trimEnd().endsWith(',') ? undefined : -1);
  return (whole.length > 0 ? whole : [text]).map((item) => {
    const bare = item.replace(/,$/, '').trim();
    return bare.startsWith('"') ? bare.slice(1, -1).replace(/\\(.)/g, '$1') : bare;
  });
}
