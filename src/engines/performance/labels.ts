/**
 * Labels as texts that compare equal when they mean the same: `1`, `1.0` and `true` are one label.
 * The original compares them as they are written, and then all its numbers are 0.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

const numberPattern = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** Undefined for a cell without a label: nothing, or blanks. */
export function canonicalLabel(cell: string | number | boolean | undefined): string | undefined {
  if (cell === undefined) return undefined;
  const text = String(cell).trim();
  if (text === '') return undefined;
  if (text === 'true' || text === 'True') return '1';
  if (text === 'false' || text === 'False') return '0';
  if (!numberPattern.test(text)) return text;
  const number = Number(text);
  // An identifier of more digits than a double has is a text.
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) return text;
  return String(number === 0 ? 0 : number);
}

/** Numbers by size, and before texts, which go by their code units. */
export function compareLabels(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}

/** More is no classification. */
export const mostLabels = 1_000;

/** Small whole numbers for labels, in order of appearance. */
export class LabelCodes {
  readonly #codes = new Map<string, number>();

  /** The label must be canonical. */
  codeOf(label: string): number {
    const known = this.#codes.get(label);
    if (known !== undefined) return known;
    const code = this.#codes.size;
    this.#codes.set(label, code);
    return code;
  }

  get labels(): readonly string[] {
    return [...this.#codes.keys()];
  }

  get size(): number {
    return this.#codes.size;
  }
}

export interface Sides {
  readonly negative: string;
  readonly positive: string;
}

/**
 * Which of the labels seen is the positive one: 1 when none is named. Refused with the labels seen
 * when they are no two, or not 0 and 1 and none is named.
 */
export function sidesOf(
  seen: readonly string[],
  positiveLabel: string | undefined,
): Outcome<Sides> {
  const positive = canonicalLabel(positiveLabel) ?? '1';
  const others = seen.filter((label) => label !== positive).sort(compareLabels);
  const shown = [...seen].sort(compareLabels).slice(0, 10).join(', ');
  const [negative = positive === '1' ? '0' : `not ${positive}`] = others;
  if (others.length > 1) {
    return refuse(
      positiveLabel === undefined
        ? `the labels are ${shown}: a binary problem whose labels are not 0 and 1 needs ` +
            'positive_label'
        : `a binary problem has two labels, and beside positive_label ${positive} there are ` +
            `${others.length} others among ${shown}`,
    );
  }
  if (positiveLabel === undefined && negative !== '0') {
    return refuse(
      `the labels are ${shown}: a binary problem whose labels are not 0 and 1 needs positive_label`,
    );
  }
  return ok({ negative, positive });
}
