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

/**
 * The select items of a leaf: a kind (UTINYINT), a number (DOUBLE, NaN where there is none) and a
 * text (VARCHAR, only for boolean and text cells), in this order, named after `at`.
 */
export function cells({ expression, sort }: Leaf, at: number): string {
  const [cell, number, kind] = [`c${at}`, `n${at}`, `k${at}`];
  const items = {
    text: () => cellsOfText(cell, at),
    integral: () => [
      `CASE WHEN ${cell} IS NULL THEN 0 ELSE 1 END::UTINYINT AS ${kind}`,
      `coalesce(${cell}::DOUBLE, 'NaN'::DOUBLE) AS ${number}`,
      `NULL::VARCHAR AS t${at}`,
    ],
    // NaN is how many writers spell a missing number; an infinity is text, as it is in a file.
    fractional: () => [
      `coalesce(${cell}::DOUBLE, 'NaN'::DOUBLE) AS f${at}`,
      `CASE WHEN isnan(f${at}) THEN 0 WHEN isinf(f${at}) THEN 4 ELSE 2 END::UTINYINT AS ${kind}`,
      `CASE WHEN isinf(f${at}) THEN 'NaN'::DOUBLE ELSE f${at} END AS ${number}`,
      `CASE WHEN isinf(f${at}) THEN f${at}::VARCHAR END AS t${at}`,
    ],
    boolean: () => [
      `CASE WHEN ${cell} IS NULL THEN 0 ELSE 3 END::UTINYINT AS ${kind}`,
      `'NaN'::DOUBLE AS ${number}`,
      `${cell}::VARCHAR AS t${at}`,
    ],
  };
  return [`${expression} AS ${cell}`, ...items[sort]()].join(', ');
}

/**
 * What is empty is missing; a first byte above the digits is no number's and skips the patterns;
 * a number beyond doubles is text.
 */
function cellsOfText(cell: string, at: number): readonly string[] {
  const guess =
    `CASE WHEN ${cell} IS NULL OR ${cell} = '' THEN 0 ` +
    `WHEN ${cell} >= ':' THEN CASE WHEN ${cell} IN ('true', 'false') THEN 3 ELSE 4 END ` +
    `WHEN regexp_full_match(${cell}, ${literal(integral)}) THEN 1 ` +
    `WHEN regexp_full_match(${cell}, ${literal(fractional)}) THEN 2 ELSE 4 END AS g${at}`;
  const value =
    `CASE WHEN g${at} IN (1, 2) THEN TRY_CAST(replace(${cell}, ' ', '') AS DOUBLE) ` +
    `ELSE 'NaN'::DOUBLE END AS v${at}`;
  const kind = `CASE WHEN isinf(v${at}) THEN 4 ELSE g${at} END::UTINYINT AS k${at}`;
  const finite = `CASE WHEN isinf(v${at}) THEN 'NaN'::DOUBLE ELSE v${at} END AS n${at}`;
  return [guess, value, kind, finite, `CASE WHEN k${at} > 2 THEN ${cell} END AS t${at}`];
}

/** The whole query: three result columns for each leaf, in order. */
export function selectCells(leaves: readonly Leaf[], from: string): string {
  const inner = leaves.map(cells).join(', ');
  const outer = leaves.map((_, at) => `k${at}, n${at}, t${at}`).join(', ');
  return `SELECT ${outer} FROM (SELECT ${inner} FROM ${from})`;
}
