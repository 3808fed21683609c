/**
 * What a cell is, by its text, and what a column is, by its cells. The rules are Deequ's
 * (`StatefulDataType`); other readers of cells, in SQL for one, must agree with them.
 */
import { CellKind } from '../../ports/analytics.ts';

/** No text matches two of them. Spelled so that RE2 and JavaScript read them alike. */
export const kindPatterns = {
  fractional: '(-|\\+)? ?\\d+((\\.\\d+)|((?:\\.\\d+)?[Ee][-+]?\\d+))',
  integral: '(-|\\+)? ?\\d+',
  boolean: 'true|false',
} as const;

const fractional = new RegExp(`^(?:${kindPatterns.fractional})$`);
const integral = new RegExp(`^(?:${kindPatterns.integral})$`);

/**
 * Empty text is missing, as null is. ` 5` and `- 5` are numbers, `.5`, `5.`, `NaN` and `5 ` are
 * text, and so is a number too large for a double.
 */
export function kindOf(text: string | undefined): CellKind {
  if (text === undefined || text === '') return CellKind.missing;
  if (text === 'true' || text === 'false') return CellKind.boolean;
  // Most text starts with a letter: one look saves two regular expressions.
  const first = text.charCodeAt(0);
  if (first > 57) return CellKind.text;
  const kind = integral.test(text)
    ? CellKind.integral
    : fractional.test(text)
      ? CellKind.fractional
      : CellKind.text;
  return kind === CellKind.text || Number.isFinite(numberOf(text)) ? kind : CellKind.text;
}

/** The value of a text of an integral or fractional kind; the sign may be followed by a space. */
export function numberOf(text: string): number {
  return Number(text.includes(' ') ? text.replace(' ', '') : text);
}

export type InferredType = 'Integral' | 'Fractional' | 'String' | 'Unknown';

export interface KindCounts {
  readonly integral: number;
  readonly fractional: number;
  readonly boolean: number;
  readonly text: number;
}

/**
 * One text cell makes a column String, and so do booleans: the documents know no Boolean.
 * One fractional cell makes a column of numbers Fractional. Nothing present is Unknown.
 */
export function columnType(counts: KindCounts): InferredType {
  if (counts.text > 0 || counts.boolean > 0) return 'String';
  if (counts.fractional > 0) return 'Fractional';
  return counts.integral > 0 ? 'Integral' : 'Unknown';
}
