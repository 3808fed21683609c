/** Spelling of SQL: names, texts, and the rules by which an expression is a kind of cell. */

export function name(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** How the cells of a column are told apart. */
export type Sort = 'text' | 'integral' | 'fractional' | 'boolean';

/** One column of the result: an expression over the file's row. */
export interface Leaf {
  readonly name: string;
  readonly expression: string;
  readonly sort: Sort;
}

// The patterns of `engines/profile/inference.ts`, which adapters may not import.
const integral = '(-|\\+)? ?\\d+';
const fractional = '(-|\\+)? ?\\d+((\\.\\d+)|((?:\\.\\d+)?[Ee][-+]?\\d+))';

/** The expressions of a leaf in three layers, each over the names of the layer below. */
interface Layers {
  /** Over the row of the file. */
  readonly cell: string;
  /** Over the cell: a first guess of the kind, and for fractions the value. */
  readonly guess: string;
  /** Over cell and guess: the value, NaN where there is none; it may be infinite. */
  readonly value: string;
  /** Over all: kind, number, text. */
  readonly out: readonly [kind: string, number: string, text: string];
}

const noNumber = "'NaN'::DOUBLE";

function layers({ expression, sort }: Leaf, at: number): Layers {
  const [cell, guess, value] = [`c${at}`, `g${at}`, `v${at}`];
  // An infinity is text, as it is in a file, and so is a number beyond doubles.
  const kind = `CASE WHEN isinf(${value}) THEN 4 ELSE ${guess} END::UTINYINT`;
  const number = `CASE WHEN isinf(${value}) THEN ${noNumber} ELSE ${value} END`;
  const text = `CASE WHEN ${guess} > 2 OR isinf(${value}) THEN ${cell}::VARCHAR END`;
  const asDouble = `coalesce(${cell}::DOUBLE, ${noNumber})`;
  const of: Record<Sort, Pick<Layers, 'guess' | 'value'>> = {
    text: { guess: guessOfText(cell), value: valueOfText(cell, guess) },
    integral: { guess: `CASE WHEN ${cell} IS NULL THEN 0 ELSE 1 END`, value: asDouble },
    // NaN is how many writers spell a missing number.
    fractional: { guess: `CASE WHEN isnan(${asDouble}) THEN 0 ELSE 2 END`, value: asDouble },
    boolean: { guess: `CASE WHEN ${cell} IS NULL THEN 0 ELSE 3 END`, value: noNumber },
  };
  return { cell: expression, ...of[sort], out: [kind, number, text] };
}

/** What is empty is missing; a first byte above the digits is no number's: no pattern is tried. */
function guessOfText(cell: string): string {
  return (
    `CASE WHEN ${cell} IS NULL OR ${cell} = '' THEN 0 ` +
    `WHEN ${cell} >= ':' THEN CASE WHEN ${cell} IN ('true', 'false') THEN 3 ELSE 4 END ` +
    `WHEN regexp_full_match(${cell}, ${literal(integral)}) THEN 1 ` +
    `WHEN regexp_full_match(${cell}, ${literal(fractional)}) THEN 2 ELSE 4 END`
  );
}

function valueOfText(cell: string, guess: string): string {
  const bare = `CASE WHEN contains(${cell}, ' ') THEN replace(${cell}, ' ', '') ELSE ${cell} END`;
  return `CASE WHEN ${guess} IN (1, 2) THEN TRY_CAST(${bare} AS DOUBLE) ELSE ${noNumber} END`;
}

/**
 * The whole query: for each leaf, in order, a kind (UTINYINT), a number (DOUBLE, NaN where there is
 * none) and a text (VARCHAR, of boolean and text cells only). It is layered so that no pattern is
 * tried twice: an alias used in the select that defines it would be computed for every use.
 */
export function selectCells(leaves: readonly Leaf[], from: string): string {
  const all = leaves.map(layers);
  const list = (items: readonly string[]) => items.join(', ');
  const cells = list(all.map(({ cell }, i) => `${cell} AS c${i}`));
  const guesses = list(all.map(({ guess }, i) => `c${i}, ${guess} AS g${i}`));
  const values = list(all.map(({ value }, i) => `c${i}, g${i}, ${value} AS v${i}`));
  const out = list(all.flatMap(({ out: items }) => items));
  return (
    `SELECT ${out} FROM (SELECT ${values} FROM (SELECT ${guesses} FROM ` +
    `(SELECT ${cells} FROM ${from})))`
  );
}
