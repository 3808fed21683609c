/** Condition keys that a simulation is given, read as the types that they say they have. */
import { isIP } from 'node:net';
import type * as sdk from '@aws-sdk/client-iam';
import type { KeyValue } from '../../kernel/check.ts';
import { faults } from './faults.ts';
import { policyLimits } from './policy-limits.ts';

type Read = (text: string) => KeyValue | undefined;

const readers: Readonly<Record<string, Read>> = {
  string: (text) => text,
  numeric: (text) => (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined),
  boolean: (text) => (/^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined),
  ip: (text) => (isIP(text.replace(/\/\d{1,3}$/, '')) > 0 ? text : undefined),
  binary: binaryIn,
  date: dateIn,
};

/** Names to values. Throws InvalidInput with the entry that is wrong. */
export function contextKeys(
  entries: readonly sdk.ContextEntry[] | undefined = [],
): Readonly<Record<string, KeyValue>> {
  if (entries.length > policyLimits.simulatedContextEntries) {
    throw faults.invalidInput(
      `ContextEntries: at most ${policyLimits.simulatedContextEntries} entries can be given.`,
    );
  }
  const keys = new Map<string, KeyValue>();
  entries.forEach((entry, at) => {
    const name = entry.ContextKeyName;
    if (name === undefined) throw wrong(at, 'ContextKeyName is missing.');
    if (keys.has(name.toLowerCase())) throw wrong(at, `${name} is given twice.`);
    keys.set(name.toLowerCase(), valueOf(entry, at));
  });
  return Object.fromEntries(keys);
}

function valueOf(entry: sdk.ContextEntry, at: number): KeyValue {
  const { ContextKeyType: type = 'string', ContextKeyValues: texts = [] } = entry;
  const kind = type.replace(/List$/, '');
  const read = readers[kind] ?? readers.string;
  const values = texts.map((text) => {
    const value = read?.(text);
    if (value === undefined) throw wrong(at, `${text.slice(0, 100)} is not of type ${kind}.`);
    return value;
  });
  if (type.endsWith('List')) return texts;
  const [value] = values;
  if (value === undefined || values.length > 1) {
    throw wrong(at, `a key of type ${type} has exactly one value.`);
  }
  return value;
}

function wrong(at: number, why: string) {
  return faults.invalidInput(`ContextEntries.member.${at + 1}: ${why}`);
}

function binaryIn(text: string): Uint8Array | undefined {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
    ? new Uint8Array(Buffer.from(text, 'base64'))
    : undefined;
}

/** Milliseconds; the text is ISO 8601 or seconds since the epoch. */
function dateIn(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1_000;
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}
