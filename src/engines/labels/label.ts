/** Uploaded labels as they are written: one record a line, or lists of records. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface Label {
  /** The inference id the caller gave, or the event's own. */
  readonly id: string;
  /** One value, or several for a request of several rows, in their order. */
  readonly data: string;
  readonly encoding: 'CSV' | 'JSON';
}

/** What is wrong with one record of a text, where the others can be read. */
export interface Malformed {
  /** Place in the list, from 1; undefined for a text that is one record. */
  readonly place?: number;
  readonly reason: string;
}

export interface LabelTexts {
  readonly labels: readonly Label[];
  readonly malformed: readonly Malformed[];
}

const shownCharacters = 120;

function shown(value: unknown): string {
  const text = written(value) ?? 'missing';
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}

/** JSON is read without recursion, and written with it. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    if (cause instanceof RangeError) return 'nested too deep to be shown';
    throw cause;
  }
}

/** A text of one record, or of a list of records, as a line or as a whole file. */
export function parseLabels(text: string): LabelTexts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { labels: [], malformed: [{ reason: `not JSON: ${why}: ${shown(text)}` }] };
  }
  const records = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const labels: Label[] = [];
  const malformed: Malformed[] = [];
  records.forEach((record, i) => {
    const label = labelOf(record);
    if (label.ok) labels.push(label.value);
    else
      malformed.push({ reason: label.reason, ...(Array.isArray(value) ? { place: i + 1 } : {}) });
  });
  return { labels, malformed };
}

interface Written {
  readonly groundTruthData?: { readonly data?: unknown; readonly encoding?: unknown };
  readonly eventMetadata?: { readonly eventId?: unknown };
}

function labelOf(record: unknown): Outcome<Label> {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return refuse(`must be a JSON object, and is ${shown(record)}`);
  }
  const { groundTruthData, eventMetadata } = record as Written;
  const id = eventMetadata?.eventId;
  if (typeof id !== 'string' || id === '') {
    return refuse(`eventMetadata.eventId must be a text, and is ${shown(id)}`);
  }
  const { data, encoding } = groundTruthData ?? {};
  if (typeof data === 'object' || data === undefined) {
    return refuse(`groundTruthData.data must be a text, and is ${shown(data)}`);
  }
  const upper = typeof encoding === 'string' ? encoding.toUpperCase() : encoding;
  if (upper !== 'CSV' && upper !== 'JSON') {
    return refuse(`groundTruthData.encoding must be CSV or JSON, and is ${shown(encoding)}`);
  }
  return ok({ id, data: String(data), encoding: upper });
}

/** Whether two labels of one id say the same: `1` and `1.0` do. */
export function isSameLabel(a: Label, b: Label): boolean {
  const [x, y] = [a.data.trim(), b.data.trim()];
  return x === y || (x !== '' && y !== '' && Number(x) === Number(y));
}
