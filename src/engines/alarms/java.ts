/** Numbers, dates and JSON as the original writes them, which is Java's way. */

/** `Double.toString`: `50.0`, `1.0E7`, `1.0E-4`. */
export function javaDouble(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const digits = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return `${digits}E${exponent.replace('+', '')}`;
}

/** `2026-01-05T10:15:40.006+0000`. */
export function javaDate(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('Z', '+0000');
}

/** `05/01/26 10:14:00`. */
export function shortDate(instantMs: number): string {
  const text = new Date(instantMs).toISOString();
  return `${text.slice(8, 10)}/${text.slice(5, 7)}/${text.slice(2, 4)} ${text.slice(11, 19)}`;
}

const raw = Symbol('JSON text');

export interface RawJson {
  readonly [raw]: string;
}

export type Json = string | number | boolean | null | RawJson | readonly Json[] | JsonObject;
/** Members that are undefined are left out. */
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** A member that is JSON text already. */
export function rawJson(text: string): RawJson {
  return { [raw]: text };
}

/** A member of type double. */
export function double(value: number): RawJson {
  return rawJson(javaDouble(value));
}

/** JSON text without white space; plain numbers are written as JavaScript does. */
export function toJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isRaw(value)) return value[raw];
  if (isList(value)) return `[${value.map(toJson).join(',')}]`;
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${toJson(member)}`],
  );
  return `{${members.join(',')}}`;
}

function isRaw(value: object): value is RawJson {
  return raw in value;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
