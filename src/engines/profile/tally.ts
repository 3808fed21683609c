/**
 * How often each value occurred: exactly up to a number of different values, and beyond it as an
 * estimate of how many there are, with the frequent ones (Misra and Gries 1982; merge of Agarwal
 * et al. 2012) for texts. While exact, merging is exact; the estimate merges exactly too.
 */
import type { CodedTexts } from '../../ports/analytics.ts';
import {
  addNumbersToRegisters,
  addValue,
  emptyRegisters,
  estimateDistinct,
  mergeRegisters,
  type Registers,
} from './hll.ts';

export interface TallyLimits {
  /** Different values counted exactly. */
  readonly exact: number;
  /** Frequent values kept beyond that; 0 keeps none. */
  readonly frequent: number;
}

export const textLimits: TallyLimits = { exact: 10_000, frequent: 1_000 };
export const numberLimits: TallyLimits = { exact: 1_000, frequent: 0 };

export interface Tally<Value extends string | number> {
  readonly limits: TallyLimits;
  counts: Map<Value, number>;
  /** Undefined while the counts are exact and complete. */
  registers: Registers | undefined;
  /** A kept count may be too low by this much, and a value this frequent may not be kept. */
  undercount: number;
}

export function emptyTally<Value extends string | number>(limits: TallyLimits): Tally<Value> {
  return { limits, counts: new Map(), registers: undefined, undercount: 0 };
}

/** Changes `tally`. */
export function addToTally<Value extends string | number>(tally: Tally<Value>, value: Value): void {
  const { counts, registers, limits } = tally;
  if (registers) {
    addValue(registers, value);
    if (limits.frequent === 0) return;
  }
  counts.set(value, (counts.get(value) ?? 0) + 1);
  shrink(tally);
}

/** Whole numbers under this are counted by place within a batch. */
const placedNumbers = 4_096;
const placed = new Uint32Array(placedNumbers);

/** Changes `tally` as adding the first `count` of `numbers` one by one would. */
export function addNumbersToTally(
  tally: Tally<number>,
  numbers: Float64Array,
  count: number,
): void {
  if (tally.registers && tally.limits.frequent === 0) {
    addNumbersToRegisters(tally.registers, numbers, count);
    return;
  }
  const seen: number[] = [];
  // Until the counts are exact no longer, it does not matter that a value's come together.
  const room = tally.registers ? 0 : tally.limits.exact - tally.counts.size;
  let done = 0;
  for (; done < count && seen.length < room; done += 1) {
    const x = numbers[done] ?? 0;
    if (!(x >= 0 && x < placedNumbers) || x !== Math.trunc(x)) break;
    const before = placed[x] ?? 0;
    if (before === 0) seen.push(x);
    placed[x] = before + 1;
  }
  for (const x of seen) {
    tally.counts.set(x, (tally.counts.get(x) ?? 0) + (placed[x] ?? 0));
    placed[x] = 0;
  }
  for (; done < count; done += 1) addToTally(tally, numbers[done] ?? 0);
}

/** Changes `tally` as adding each of `texts` would; those that are undefined are left out. */
export function addTextsToTally(
  tally: Tally<string>,
  texts: readonly (string | undefined)[],
): void {
  const room = tally.registers ? 0 : tally.limits.exact - tally.counts.size;
  const places = new Map<string, number>();
  const counts = new Uint32Array(Math.min(texts.length, Math.max(0, room)));
  let done = 0;
  for (; done < texts.length; done += 1) {
    const text = texts[done];
    if (text === undefined) continue;
    let place = places.get(text);
    if (place === undefined) {
      // Where most values are different, two maps are slower than one.
      if (places.size >= counts.length || places.size > mostPlaced) break;
      place = places.size;
      places.set(text, place);
    }
    counts[place] = (counts[place] ?? 0) + 1;
  }
  for (const [text, place] of places) {
    tally.counts.set(text, (tally.counts.get(text) ?? 0) + (counts[place] ?? 0));
  }
  for (; done < texts.length; done += 1) {
    const text = texts[done];
    if (text !== undefined) addToTally(tally, text);
  }
}

const mostPlaced = 512;

/** Changes `tally` as adding the text of each cell would. */
export function addCodedToTally(tally: Tally<string>, { values, codes }: CodedTexts): void {
  const room = tally.registers ? 0 : tally.limits.exact - tally.counts.size;
  if (values.length <= room) {
    const counts = new Uint32Array(values.length + 1);
    for (let i = 0; i < codes.length; i += 1) {
      const code = codes[i] as number;
      counts[code] = (counts[code] as number) + 1;
    }
    values.forEach((text, i) => {
      const count = counts[i + 1] as number;
      if (count > 0) tally.counts.set(text, (tally.counts.get(text) ?? 0) + count);
    });
    return;
  }
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] as number;
    if (code > 0) addToTally(tally, values[code - 1] as string);
  }
}

export function mergeTallies<Value extends string | number>(
  a: Tally<Value>,
  b: Tally<Value>,
): Tally<Value> {
  const merged = { ...a, counts: new Map(a.counts) };
  absorbTally(merged, b);
  return merged;
}

/** As `mergeTallies`, into `tally`, which is changed. */
export function absorbTally<Value extends string | number>(
  tally: Tally<Value>,
  from: Tally<Value>,
): void {
  if (tally.registers || from.registers) {
    tally.registers = mergeRegisters(registersOf(tally), registersOf(from));
  }
  tally.undercount += from.undercount;
  for (const [value, count] of from.counts) {
    tally.counts.set(value, (tally.counts.get(value) ?? 0) + count);
  }
  shrink(tally);
  if (tally.registers && tally.limits.frequent === 0) tally.counts = new Map();
}

function registersOf<Value extends string | number>(tally: Tally<Value>): Registers {
  if (tally.registers) return tally.registers;
  const registers = emptyRegisters();
  for (const value of tally.counts.keys()) addValue(registers, value);
  return registers;
}

/** Beyond the exact limit counts become the frequent ones; twice their number is room to grow. */
function shrink<Value extends string | number>(tally: Tally<Value>): void {
  const { limits, counts } = tally;
  if (!tally.registers) {
    if (counts.size <= limits.exact) return;
    tally.registers = registersOf(tally);
  } else if (counts.size <= 2 * limits.frequent) return;
  if (limits.frequent === 0) {
    tally.counts = new Map();
    return;
  }
  const ascending = Float64Array.from(counts.values()).sort();
  const cut = ascending[ascending.length - limits.frequent - 1] ?? 0;
  const kept = new Map<Value, number>();
  for (const [value, count] of counts) if (count > cut) kept.set(value, count - cut);
  tally.counts = kept;
  tally.undercount += cut;
}

export function distinctOf<Value extends string | number>(tally: Tally<Value>): number {
  return tally.registers ? estimateDistinct(tally.registers) : tally.counts.size;
}

export interface TallyJson<Value extends string | number> {
  readonly counts: readonly (readonly [Value, number])[];
  /** Base64. */
  readonly registers?: string;
  readonly undercount?: number;
}

export function tallyToJson<Value extends string | number>(tally: Tally<Value>): TallyJson<Value> {
  const counts = [...tally.counts];
  if (!tally.registers) return { counts };
  const registers = Buffer.from(tally.registers).toString('base64');
  return { counts, registers, undercount: tally.undercount };
}

export function tallyFromJson<Value extends string | number>(
  json: TallyJson<Value>,
  limits: TallyLimits,
): Tally<Value> {
  const registers = json.registers
    ? Uint8Array.from(Buffer.from(json.registers, 'base64'))
    : undefined;
  return { limits, counts: new Map(json.counts), registers, undercount: json.undercount ?? 0 };
}
