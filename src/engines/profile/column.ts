/** The mergeable state of one column: kinds of cells, moments, sketch, and counts of values. */
import { CellKind, type ColumnBatch } from '../../ports/analytics.ts';
import { columnType, type InferredType, type KindCounts } from './inference.ts';
import {
  absorbSketch,
  addManyToSketch,
  compactionsOf,
  emptySketch,
  levelsOf,
  mergeSketches,
  type Sketch,
  sketchOf,
} from './kll.ts';
import { addNumbers, type Moments, mergeMoments, zeroMoments } from './moments.ts';
import {
  absorbTally,
  addCodedToTally,
  addNumbersToTally,
  addTextsToTally,
  distinctOf,
  emptyTally,
  mergeTallies,
  numberLimits,
  type Tally,
  type TallyJson,
  tallyFromJson,
  tallyToJson,
  textLimits,
} from './tally.ts';

/** How many cells are missing follows from the profile's rows: a column may appear late. */
export interface ColumnProfile {
  readonly name: string;
  readonly kinds: { -readonly [Kind in keyof KindCounts]: KindCounts[Kind] };
  moments: Moments;
  sketch: Sketch;
  numbers: Tally<number>;
  /** Of boolean and text cells. */
  texts: Tally<string>;
}

export function emptyColumn(name: string): ColumnProfile {
  return {
    name,
    kinds: { integral: 0, fractional: 0, boolean: 0, text: 0 },
    moments: zeroMoments(),
    sketch: emptySketch(),
    numbers: emptyTally(numberLimits),
    texts: emptyTally(textLimits),
  };
}

/** The numbers of a batch, side by side; larger batches have their own. */
let gathered = new Float64Array(16_384);

/** Changes `column`. */
export function observeColumn(column: ColumnProfile, batch: ColumnBatch): void {
  const rows = batch.kinds.length;
  if (gathered.length < rows) gathered = new Float64Array(rows);
  const { integral, fractional, boolean, text } = gather(batch.kinds, batch.numbers, gathered);
  const { kinds } = column;
  kinds.integral += integral;
  kinds.fractional += fractional;
  kinds.boolean += boolean;
  kinds.text += text;
  const count = integral + fractional;
  if (count > 0) {
    addNumbers(column.moments, gathered, count);
    addManyToSketch(column.sketch, gathered, count);
    addNumbersToTally(column.numbers, gathered, count);
  }
  if (boolean + text === 0) return;
  if (batch.coded) {
    addCodedToTally(column.texts, batch.coded);
    return;
  }
  // A text cell without text is the empty one.
  const all = boolean + text === rows && !batch.texts.includes(undefined);
  addTextsToTally(column.texts, all ? batch.texts : textsAmong(batch.kinds, batch.texts));
}

/** Puts the numbers side by side; how many cells of each kind there are. */
function gather(kinds: Uint8Array, numbers: Float64Array, into: Float64Array): KindCounts {
  let [integral, fractional, boolean, text] = [0, 0, 0, 0];
  for (let i = 0; i < kinds.length; i += 1) {
    const kind = kinds[i] as CellKind;
    if (kind === CellKind.fractional || kind === CellKind.integral) {
      // Adding zero makes -0 the 0 it is equal to.
      into[integral + fractional] = (numbers[i] as number) + 0;
      if (kind === CellKind.integral) integral += 1;
      else fractional += 1;
    } else if (kind === CellKind.text) text += 1;
    else if (kind === CellKind.boolean) boolean += 1;
  }
  return { integral, fractional, boolean, text };
}

function textsAmong(
  kinds: Uint8Array,
  texts: readonly (string | undefined)[],
): readonly (string | undefined)[] {
  return Array.from(kinds, (kind, i) =>
    kind === CellKind.boolean || kind === CellKind.text ? (texts[i] ?? '') : undefined,
  );
}

export function mergeColumns(a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  return {
    name: a.name,
    kinds: addedKinds(a.kinds, b.kinds),
    moments: mergeMoments(a.moments, b.moments),
    sketch: mergeSketches(a.sketch, b.sketch),
    numbers: mergeTallies(a.numbers, b.numbers),
    texts: mergeTallies(a.texts, b.texts),
  };
}

/** As `mergeColumns`, into `column`, which is changed. */
export function absorbColumn(column: ColumnProfile, from: ColumnProfile): void {
  Object.assign(column.kinds, addedKinds(column.kinds, from.kinds));
  column.moments = mergeMoments(column.moments, from.moments);
  absorbSketch(column.sketch, from.sketch);
  absorbTally(column.numbers, from.numbers);
  absorbTally(column.texts, from.texts);
}

function addedKinds(a: KindCounts, b: KindCounts): KindCounts {
  return {
    integral: a.integral + b.integral,
    fractional: a.fractional + b.fractional,
    boolean: a.boolean + b.boolean,
    text: a.text + b.text,
  };
}

/** The memory of its numbers, which can be handed to another thread. */
export function buffersOfColumn({ sketch, numbers, texts }: ColumnProfile): ArrayBufferLike[] {
  const items = sketch.levels.map((level) => level.items.buffer);
  const registers = [numbers.registers, texts.registers].flatMap((of) => (of ? [of.buffer] : []));
  return [...items, ...registers];
}

export function typeOf(column: ColumnProfile): InferredType {
  return columnType(column.kinds);
}

export function presentIn(column: ColumnProfile): number {
  const { integral, fractional, boolean, text } = column.kinds;
  return integral + fractional + boolean + text;
}

export function distinctIn(column: ColumnProfile): number {
  return distinctOf(column.numbers) + distinctOf(column.texts);
}

export interface Categories {
  /** Most frequent first, equal counts in order of their text. */
  readonly counts: readonly (readonly [string, number])[];
  /** False beyond the limits: rare values are left out and counts may be a little low. */
  readonly exact: boolean;
}

/** Values of a column as categories; numbers in a column of text are spelled the shortest way. */
export function categoriesOf(column: ColumnProfile): Categories {
  const counts = new Map(column.texts.counts);
  for (const [value, count] of column.numbers.counts) {
    const text = String(value);
    counts.set(text, (counts.get(text) ?? 0) + count);
  }
  const exact = !column.numbers.registers && !column.texts.registers;
  const ordered = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : a > b ? 1 : 0));
  return { counts: ordered, exact };
}

export interface ColumnJson {
  readonly name: string;
  readonly kinds: KindCounts;
  /** Without numbers there are none: infinities have no place in JSON. */
  readonly moments?: Moments;
  readonly levels: readonly (readonly number[])[];
  readonly compactions: readonly number[];
  readonly numbers: TallyJson<number>;
  readonly texts: TallyJson<string>;
}

export function columnToJson(column: ColumnProfile): ColumnJson {
  const { name, kinds, moments, sketch } = column;
  return {
    name,
    kinds: { ...kinds },
    ...(moments.count > 0 ? { moments: { ...moments } } : {}),
    levels: levelsOf(sketch),
    compactions: compactionsOf(sketch),
    numbers: tallyToJson(column.numbers),
    texts: tallyToJson(column.texts),
  };
}

export function columnFromJson(json: ColumnJson): ColumnProfile {
  return {
    name: json.name,
    kinds: { ...json.kinds },
    moments: json.moments ? { ...json.moments } : zeroMoments(),
    sketch: sketchOf(json.levels, json.compactions),
    numbers: tallyFromJson(json.numbers, numberLimits),
    texts: tallyFromJson(json.texts, textLimits),
  };
}
