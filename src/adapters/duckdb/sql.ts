/** Spelling of SQL: names, texts, and the rules by which an expression is a kind of cell. */

export function name(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * How the cells of a column are told apart: `text` in SQL, a `string` (of a file with types, where
 * few are numbers) once for each different text, and the others by their type.
 */
export type Sort = 'text' | 'string' | 'integral' | 'fractional' | 'boolean';

/** One column of the result: an expression over the file's row. */
export interface Leaf {
  readonly name: string;
  readonly expression: string;
  readonly sort: Sort;
}

// The patterns of `engines/profile/inference.ts`, which adapters may not import.
export const integral = '(-|\\+)? ?\\d+';
export const fractional = '(-|\\+)? ?\\d+((\\.\\d+)|((?:\\.\\d+)?[Ee][-+]?\\d+))';

/** The expressions of a leaf in three layers, each over the names of the layer below. */
interface Layers {
  /** Over the row of the file. */
  readonly cell: string;
  /** Over the cell: a first guess of the kind, and for fractions the value. */
  readonly guess?: string;
  /** Over cell and guess: the value, NaN where there is none; it may be infinite. */
  readonly value?: string;
  /** Over all. */
  readonly out: readonly string[];
}

const noNumber = "'NaN'::DOUBLE";

function layers({ expression, sort }: Leaf, at: number): Layers {
  const [cell, guess, value] = [`c${at}`, `g${at}`, `v${at}`];
  if (sort !== 'text') return { cell: only(expression, sort), out: [cell] };
  // An infinity is text, as it is in a file, and so is a number beyond doubles.
  const kind = `CASE WHEN isinf(${value}) THEN 4 ELSE ${guess} END::UTINYINT`;
  const number = `CASE WHEN isinf(${value}) THEN ${noNumber} ELSE ${value} END`;
  const text = `CASE WHEN ${guess} > 2 OR isinf(${value}) THEN ${cell}::VARCHAR END`;
  return {
    cell: expression,
    guess: guessOfText(cell),
    value: valueOfText(cell, guess),
    out: [kind, number, text],
  };
}

/** The one item of a column whose type tells its kinds; see `selectCells`. */
function only(cell: string, sort: Exclude<Sort, 'text'>): string {
  switch (sort) {
    case 'string':
      return `coalesce(${cell}, '')`;
    case 'boolean':
      return `CASE WHEN ${cell} THEN 1 WHEN NOT ${cell} THEN 2 ELSE 0 END::UTINYINT`;
    default:
      return `coalesce((${cell})::DOUBLE, ${noNumber})`;
  }
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
 * The whole query, which has for each leaf, in order
 * - `text`: a kind (UTINYINT), a number (DOUBLE, NaN where there is none) and a text (VARCHAR, of
 *   boolean and text cells only);
 * - `string`: a text (VARCHAR), empty where it is missing;
 * - `boolean`: 0 where it is missing, 1 for true, 2 for false (UTINYINT);
 * - `integral` and `fractional`: a number (DOUBLE), NaN where it is missing; it may be infinite.
 * It is layered so that no pattern is tried twice: an alias used in the select that defines it
 * would be computed for every use.
 */
export function selectCells(leaves: readonly Leaf[], from: string): string {
  const all = leaves.map(layers);
  const list = (items: readonly string[]) => items.join(', ');
  const cells = list(all.map(({ cell }, i) => `${cell} AS c${i}`));
  const out = list(all.flatMap(({ out: items }) => items));
  if (all.every(({ guess }) => guess === undefined)) {
    return `SELECT ${out} FROM (SELECT ${cells} FROM ${from})`;
  }
  const guesses = list(all.map(({ guess }, i) => (guess ? `c${i}, ${guess} AS g${i}` : `c${i}`)));
  const values = list(
    all.map(({ value }, i) => (value ? `c${i}, g${i}, ${value} AS v${i}` : `c${i}`)),
  );
  return (
    `SELECT ${out} FROM (SELECT ${values} FROM (SELECT ${guesses} FROM ` +
    `(SELECT ${cells} FROM ${from})))`
  );
}
