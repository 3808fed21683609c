/** What `dataset_format` of an analysis says: how the rows of its inputs are written. */
import { type CaptureFormat, defaultCaptureFormat } from '../../engines/records/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { TabularFormat } from '../../ports/analytics.ts';

export type DatasetFormat =
  | TabularFormat
  | { readonly kind: 'capture'; readonly as: CaptureFormat };

/**
 * Reads `{"csv":{"header":true}}`, `{"json":{"lines":true}}`, `{"parquet":{}}` and
 * `{"sagemakerCaptureJson":{"captureIndexNames":[…]}}`. A CSV has no header unless it says so.
 */
export function parseDatasetFormat(text: string): Outcome<DatasetFormat> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(
      `dataset_format is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [kind, settings] = entries[0] ?? [];
  const given = (settings ?? {}) as Readonly<Record<string, unknown>>;
  switch (kind) {
    case 'csv':
      return ok({ kind: 'csv', header: isTrue(given['header']) });
    case 'json':
      return ok({ kind: isTrue(given['lines'] ?? given['line']) ? 'jsonLines' : 'json' });
    case 'parquet':
      return ok({ kind: 'parquet' });
    case 'sagemakerCaptureJson':
      return captureFormat(given);
    default:
      return refuse(
        'dataset_format must be one of csv, json, parquet and sagemakerCaptureJson, ' +
          `and is ${text.slice(0, 200)}`,
      );
  }
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === 'True';
}

/** The format of captured records, of those alone that were captured in [startMs, endMs). */
export function captureFormatBetween(
  datasetFormat: string,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Outcome<string> {
  const format = parseDatasetFormat(datasetFormat);
  if (!format.ok || format.value.kind !== 'capture') return format.ok ? ok(datasetFormat) : format;
  const [start_time, end_time] = [startMs, endMs].map((ms) => new Date(ms).toISOString());
  const { sagemakerCaptureJson: given } = JSON.parse(datasetFormat) as Record<string, object>;
  return ok(JSON.stringify({ sagemakerCaptureJson: { ...given, start_time, end_time } }));
}

function captureFormat(given: Readonly<Record<string, unknown>>): Outcome<DatasetFormat> {
  const names = given['captureIndexNames'] ?? defaultCaptureFormat.captureIndexNames;
  if (!Array.isArray(names) || names.length === 0 || !names.every((n) => typeof n === 'string')) {
    return refuse('captureIndexNames of dataset_format must be a list of names');
  }
  const position = given['output_columns_position'] ?? given['outputColumnsPosition'] ?? 'START';
  if (position !== 'START' && position !== 'END') {
    return refuse('output_columns_position of dataset_format must be START or END');
  }
  const [startMs, endMs] = ['start_time', 'end_time'].map((key) => Date.parse(String(given[key])));
  const bounded = Number.isFinite(startMs) && Number.isFinite(endMs);
  const as: CaptureFormat = {
    captureIndexNames: names,
    outputColumnsPosition: position,
    collapse: isTrue(given['collapse']),
    ...(bounded ? { between: { startMs: Number(startMs), endMs: Number(endMs) } } : {}),
  };
  return ok({ kind: 'capture', as });
}
