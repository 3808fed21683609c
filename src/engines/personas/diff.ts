/** What writing a planned role would change, line by line, for people to see before it is done. */
import { indented } from './render.ts';
import type { RolePlan } from './types.ts';

/** The documents of a role as it is. */
export interface CurrentRole {
  readonly trustPolicy: string;
  readonly policies: Readonly<Record<string, string>>;
}

export interface DiffLine {
  readonly sign: '+' | '-' | ' ';
  readonly text: string;
}

export interface DocumentDiff {
  /** `trust policy`, or the name of an inline policy. */
  readonly document: string;
  readonly change: 'added' | 'removed' | 'changed' | 'same';
  /** Empty for a document that stays as it is. */
  readonly lines: readonly DiffLine[];
}

export const trustName = 'trust policy';
/** Longer documents are shown whole, the old before the new: comparing is quadratic. */
const mostLines = 1_000;

/** The trust policy first, then policies by name. `current` is undefined for a role to be made. */
export function diffOf(plan: RolePlan, current: CurrentRole | undefined): readonly DocumentDiff[] {
  const before = current?.policies ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(plan.policies)])].sort();
  return [
    compared(trustName, current?.trustPolicy, plan.trustPolicy),
    ...names.map((name) => compared(name, own(before, name), own(plan.policies, name))),
  ];
}

const own = (of: Readonly<Record<string, string>>, name: string) =>
  Object.hasOwn(of, name) ? of[name] : undefined;

function compared(document: string, before?: string, after?: string): DocumentDiff {
  const old = before === undefined ? [] : linesOf(before);
  const young = after === undefined ? [] : linesOf(after);
  if (before === undefined) return { document, change: 'added', lines: signed('+', young) };
  if (after === undefined) return { document, change: 'removed', lines: signed('-', old) };
  if (old.join('\n') === young.join('\n')) return { document, change: 'same', lines: [] };
  return { document, change: 'changed', lines: changed(old, young) };
}

/** White space means nothing in JSON: both sides are indented alike. */
function linesOf(text: string): readonly string[] {
  return normal(text).split('\n');
}

function normal(text: string): string {
  try {
    return indented(JSON.parse(text));
  } catch (cause) {
    // What was written by other means is shown as it is.
    if (cause instanceof SyntaxError) return text;
    throw cause;
  }
}

function signed(sign: DiffLine['sign'], lines: readonly string[]): readonly DiffLine[] {
  return lines.map((text) => ({ sign, text }));
}

function changed(old: readonly string[], young: readonly string[]): readonly DiffLine[] {
  if (old.length > mostLines || young.length > mostLines) {
    return [...signed('-', old), ...signed('+', young)];
  }
  const common = commonLengths(old, young);
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < young.length) {
    if (i < old.length && j < young.length && old[i] === young[j]) {
      lines.push({ sign: ' ', text: old[i] ?? '' });
      i += 1;
      j += 1;
    } else if (j >= young.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: old[i] ?? '' });
      i += 1;
    } else {
      lines.push({ sign: '+', text: young[j] ?? '' });
      j += 1;
    }
  }
  return lines;
}

/** Of each pair of ends the length of the longest common sequence of lines. */
function commonLengths(old: readonly string[], young: readonly string[]): readonly number[][] {
  const table = Array.from({ length: old.length + 1 }, () =>
    new Array<number>(young.length + 1).fill(0),
  );
  for (let i = old.length - 1; i >= 0; i -= 1) {
    const row = table[i];
    const below = table[i + 1];
    if (!row || !below) continue;
    for (let j = young.length - 1; j >= 0; j -= 1) {
      const same = old[i] === young[j];
      row[j] = same ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}
