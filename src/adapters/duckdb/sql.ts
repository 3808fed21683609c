/** Spelling of SQL: names, texts and the rules by which a text is a kind of cell. */

export function name(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

// The patterns of `engines/profile/inference.ts`, which adapters may not import.
const integral = '(-|\\+)? ?\\d+';
const fractional = '(-|\\+)? ?\\d+((\\.\\d+)|((?:\\.\\d+)?[Ee][-+]?\\d+))';

/** Three columns of a result that stand for one of the source; `texts` and `numbers` may be none. */
export interface CellSql {
  readonly kind: string;
  readonly number: string | undefined;
  readonly text: string | undefined;
}

/**
 * The cells of a text expression. What is empty is missing; text whose first byte is above the
 * digits cannot be a number and skips the patterns, and a number beyond doubles is text.
 */
export function cellsOfText(expression: string, alias: string): CellSql {
  const [guess, number, kind] = [`g${alias}`, `n${alias}`, `k${alias}`];
  const guessed =
    `CASE WHEN ${expression} IS NULL OR ${expression} = '' THEN 0 ` +
    `WHEN ${expression} >= ':' THEN CASE WHEN ${expression} IN ('true', 'false') THEN 3 ELSE 4 END ` +
    `WHEN regexp_full_match(${expression}, ${literal(integral)}) THEN 1 ` +
    `WHEN regexp_full_match(${expression}, ${literal(fractional)}) THEN 2 ELSE 4 END AS ${guess}`;
  const value =
    `CASE WHEN ${guess} IN (1, 2) THEN TRY_CAST(replace(${expression}, ' ', '') AS DOUBLE) ` +
    `ELSE 'NaN'::DOUBLE END AS ${number}`;
  return {
    kind: `${guessed}, ${value}, CASE WHEN isinf(${number}) THEN 4 ELSE ${guess} END::UTINYINT AS ${kind}`,
    number,
    text: `CASE WHEN ${kind} > 2 THEN ${expression} END AS t${alias}`,
  };
}
