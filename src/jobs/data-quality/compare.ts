/** Compares two local files, of the same or of different formats: what `report` shows. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { kindOf } from '../../engines/profile/inference.ts';
import { type Profile, renameColumns } from '../../engines/profile/profile.ts';
import { parseCsvText } from '../../engines/records/csv-text.ts';
import { defaultCaptureFormat } from '../../engines/records/rows.ts';
import { compareProfiles, type Report } from '../../engines/report/compare.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Analytics, CellKind } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { DatasetFormat } from './format.ts';
import { profileInputs } from './read.ts';

export { renderHtml } from '../../engines/report/html.ts';
export { renderJson, renderTerminal } from '../../engines/report/text.ts';

export interface CompareOptions extends Abortable {
  /** Of CSV files; by default a first row without numbers or blanks is a header. */
  readonly header?: boolean;
}

export type ProfileFile = (path: string, options: CompareOptions) => Promise<Outcome<Profile>>;

export interface CompareParts {
  readonly analytics: Analytics;
  /** `profileFile` in another thread, for the current file while this one has the baseline. */
  readonly beside?: ProfileFile;
}

/**
 * Formats are told by their endings, and captured traffic by its first line. Where the baseline is
 * refused, what goes on beside is not waited for.
 */
export async function compareFiles(
  parts: CompareParts,
  [baselinePath, currentPath]: readonly [baseline: string, current: string],
  options: CompareOptions = {},
): Promise<Outcome<Report>> {
  const beside = parts.beside?.(currentPath, options);
  // A failure is met where it is awaited.
  beside?.catch(() => undefined);
  const baseline = await profileFile(parts, baselinePath, options);
  if (!baseline.ok) return baseline;
  const current = await (beside ?? profileFile(parts, currentPath, options));
  if (!current.ok) return current;
  const [named, other] = align(baseline.value, current.value);
  return ok(
    compareProfiles(
      { name: basename(baselinePath), profile: named },
      { name: basename(currentPath), profile: other },
    ),
  );
}

/** One file's profile; refuses what cannot be read and what has no rows. */
export async function profileFile(
  parts: { readonly analytics: Analytics },
  path: string,
  options: CompareOptions = {},
): Promise<Outcome<Profile>> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return refuse(`${path}: there is no such file`);
  const format = await formatOf(path, options.header);
  if (!format.ok) return format;
  const { signal } = options;
  const inputs = { files: [path], format: format.value };
  const ahead = { analytics: readingAhead(parts.analytics) };
  const profile = await profileInputs(ahead, inputs, signal ? { signal } : {});
  if (!profile.ok) return profile;
  return profile.value.rows === 0 ? refuse(`${path}: has no rows`) : profile;
}

/** Asks for the next batch before the last is looked at, so that reading and counting overlap. */
function readingAhead(analytics: Analytics): Pick<Analytics, 'scan' | 'close'> {
  return {
    async *scan(source, options) {
      const batches = analytics.scan(source, options)[Symbol.asyncIterator]();
      let next = batches.next();
      // A failure is met where it is awaited, not while a batch is looked at.
      const quiet = () => next.catch(() => undefined);
      try {
        for (;;) {
          const { done, value } = await next;
          if (done === true) return;
          next = batches.next();
          void quiet();
          yield value;
        }
      } finally {
        await quiet();
        await batches.return?.();
      }
    },
    close: () => analytics.close(),
  };
}

const headBytes = 1024 * 1024;

async function head(path: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of createReadStream(path, { end: headBytes - 1 })) parts.push(part);
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

async function formatOf(
  path: string,
  header: boolean | undefined,
): Promise<Outcome<DatasetFormat>> {
  switch (extname(path).toLowerCase()) {
    case '.parquet':
    case '.pq':
      return ok({ kind: 'parquet' });
    case '.json':
      return ok({ kind: 'json' });
    case '.jsonl':
    case '.ndjson': {
      const [first = ''] = (await head(path)).split('\n', 1);
      const captured = first.includes('"captureData"');
      return ok(captured ? { kind: 'capture', as: defaultCaptureFormat } : { kind: 'jsonLines' });
    }
    case '.csv':
    case '.txt':
    case '.data':
      return ok({ kind: 'csv', header: header ?? (await hasHeader(path)) });
    default:
      return refuse(`${path}: must end in .csv, .json, .jsonl, .ndjson or .parquet`);
  }
}

async function hasHeader(path: string): Promise<boolean> {
  const [line = ''] = (await head(path)).split(/\r\n|\n|\r/, 1);
  const parsed = parseCsvText(line);
  const cells = parsed.ok ? (parsed.value[0] ?? []) : [];
  return (
    new Set(cells).size === cells.length && cells.every((cell) => kindOf(cell) === CellKind.text)
  );
}

const positional = /^_c\d+$/;

/** Columns without names take those of the other file, when there are as many. */
function align(baseline: Profile, current: Profile): readonly [Profile, Profile] {
  const [a, b] = [[...baseline.columns.keys()], [...current.columns.keys()]];
  if (a.length !== b.length) return [baseline, current];
  const bare = (names: readonly string[]) => names.every((name) => positional.test(name));
  if (bare(b) && !bare(a)) return [baseline, renameColumns(current, a)];
  if (bare(a) && !bare(b)) return [renameColumns(baseline, b), current];
  return [baseline, current];
}
