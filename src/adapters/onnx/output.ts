/**
 * Tensors to response bodies. One column is a score; a label with its probabilities is a score and
 * a predicted label; anything else is shown under the names of the outputs.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { BodyKind } from './input.ts';

export interface OutputTensor {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string | boolean>;
}

type Scalar = number | string | boolean;

export interface Prediction {
  readonly json: Readonly<Record<string, unknown>>;
  readonly csv: readonly Scalar[];
}

/** One for each row; refused when the outputs have different numbers of rows. */
export function predictionsOf(outputs: readonly OutputTensor[]): Outcome<Prediction[]> {
  const rows = outputs[0]?.dims[0] ?? 1;
  const odd = outputs.find(({ dims }) => (dims[0] ?? 1) !== rows);
  if (odd) return refuse(`the output ${odd.name} does not have ${rows} rows as the first has`);
  const each = outputs.map((output) => ({ ...output, rows: rowsOf(output, rows) }));
  const label = each.find((output) => isLabel(output, rows));
  const scores = each.find((output) => output !== label && isProbabilities(output));
  return ok(
    Array.from({ length: rows }, (_, row) => {
      if (label && scores && each.length === 2) {
        return classified(scores.rows[row] ?? [], label.rows[row]?.[0]);
      }
      const cells = each.map((output) => output.rows[row] ?? []);
      const only = cells.length === 1 && cells[0]?.length === 1 ? cells[0][0] : undefined;
      if (only !== undefined) return { json: { score: only }, csv: [only] };
      const named = each.map(({ name }, at) => [name, unwrapped(cells[at] ?? [])]);
      return { json: Object.fromEntries(named), csv: cells.flat() };
    }),
  );
}

/** A line of CSV for each row of a single score, the same as `encode` makes of its predictions. */
export function scoreLines([only, ...more]: readonly OutputTensor[]): string | undefined {
  if (!only || more.length > 0 || !only.type.startsWith('float')) return undefined;
  const rows = only.dims[0] ?? 1;
  if (only.data.length !== rows) return undefined;
  let text = '';
  for (let row = 0; row < rows; row += 1) text += `${scalar(only.data[row], only.type)}\n`;
  return text;
}

export function encode(kind: BodyKind, predictions: readonly Prediction[]): string {
  if (kind === 'json') return JSON.stringify({ predictions: predictions.map(({ json }) => json) });
  const lines = predictions.map(({ json, csv }) =>
    kind === 'csv' ? csv.map(csvCell).join(',') : JSON.stringify(json),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Of two classes the probability of the second is the score; of more, all of them are. */
function classified(probabilities: readonly Scalar[], label: Scalar | undefined): Prediction {
  const score = probabilities.length === 2 ? probabilities[1] : probabilities;
  const csv = probabilities.length === 2 ? probabilities.slice(1) : probabilities;
  return { json: { score, predicted_label: label }, csv };
}

function isLabel({ type, dims }: OutputTensor, rows: number): boolean {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return (type === 'int64' || type === 'string') && size === rows;
}

function isProbabilities({ type, dims }: OutputTensor): boolean {
  return type.startsWith('float') && dims.length === 2 && (dims[1] ?? 0) >= 2;
}

function rowsOf({ type, dims, data }: OutputTensor, rows: number): Scalar[][] {
  const width = dims.slice(1).reduce((product, dim) => product * dim, 1);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column) => scalar(data[row * width + column], type)),
  );
}

function scalar(value: number | bigint | string | boolean | undefined, type: string): Scalar {
  if (typeof value === 'bigint') return Number(value);
  if (type === 'bool') return Boolean(value);
  if (type === 'float32' && typeof value === 'number') return shortest(value);
  return value ?? '';
}

/** The shortest decimal that is the same 32-bit float: 0.1 and not 0.10000000149011612. */
function shortest(value: number): number {
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

function unwrapped(cells: readonly Scalar[]): unknown {
  return cells.length === 1 ? cells[0] : cells;
}

function csvCell(value: Scalar): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
