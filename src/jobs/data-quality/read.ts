/**
 * Reads inputs into a profile, once. What was profiled before is merged, not read again: an hour's
 * profile is text that the caller keeps beside the hour's files.
 */
import { stat } from 'node:fs/promises';
import { batchOf, batchRows } from '../../engines/profile/batcher.ts';
import {
  emptyProfile,
  observe,
  type Profile,
  profileToText,
} from '../../engines/profile/profile.ts';
import type { CaptureFormat, Row } from '../../engines/records/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import {
  type Analytics,
  type RowBatch,
  type TabularSource,
  UnreadableData,
} from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import { preprocessedRows, ScriptFailed } from '../scripts/preprocess.ts';
import { headOfAll } from './csv-head.ts';
import type { DatasetFormat } from './format.ts';
import { piecesOf, profileByColumns, profileShares, type Sharing } from './pieces.ts';
import { shareProfiler } from './share.ts';

/** A local file, and what to call it in messages when that is not its path. */
export type InputFile = string | { readonly path: string; readonly name: string };

export function pathOf(file: InputFile): string {
  return typeof file === 'string' ? file : file.path;
}

export interface ReadParts {
  readonly analytics: Analytics;
  /** Without it, inputs with a preprocessor are refused. */
  readonly scripts?: Scripts;
  /** This thread and others, for shares of a scan; results are the same in one alone. */
  readonly sharing?: Sharing;
}

export interface Inputs {
  readonly files: readonly InputFile[];
  readonly format: DatasetFormat;
  /** Makes the rows of each record. */
  readonly preprocessor?: ScriptSource;
}

/** Every input in one pass. Refuses unreadable data by file, line and value. */
export async function profileInputs(
  parts: ReadParts,
  { files, format, preprocessor }: Inputs,
  options: ScriptOptions = {},
): Promise<Outcome<Profile>> {
  if (files.length === 0) return ok(emptyProfile());
  try {
    const read = preprocessor
      ? await addPreprocessed(parts, { files, format, preprocessor, ...options })
      : await profileByFormat(parts, { files, format, ...options });
    return read.ok ? read : refuse(withNames(read.reason, files));
  } catch (error) {
    if (error instanceof UnreadableData || error instanceof ScriptFailed) {
      return refuse(withNames(error.message, files));
    }
    throw error;
  }
}

/** The profile of captured files as text, to keep for later windows. */
export async function profileCapture(
  parts: { readonly analytics: Analytics },
  inputs: { readonly files: readonly InputFile[]; readonly as: CaptureFormat },
  options: Abortable = {},
): Promise<Outcome<string>> {
  const format = { kind: 'capture', as: inputs.as } as const;
  const profile = await profileInputs(parts, { files: inputs.files, format }, options);
  return profile.ok ? ok(profileToText(profile.value)) : profile;
}

function withNames(message: string, files: readonly InputFile[]): string {
  return files.reduce<string>(
    (text, file) => (typeof file === 'string' ? text : text.replaceAll(file.path, file.name)),
    message,
  );
}

interface Reading extends Abortable {
  readonly files: readonly InputFile[];
  readonly format: DatasetFormat;
}

async function profileByFormat(
  { analytics, sharing = { width: 1, profile: shareProfiler(analytics) } }: ReadParts,
  { files, format, signal }: Reading,
): Promise<Outcome<Profile>> {
  const paths = files.map(pathOf);
  const options = signal ? { signal } : {};
  if (format.kind === 'capture') {
    const pieces = await piecesOf(paths);
    const shares = pieces.map((piece) => ({ kind: 'capture', piece, as: format.as }) as const);
    const found = await profileShares(shares, sharing, options);
    return found.ok ? ok(found.value ?? emptyProfile()) : found;
  }
  if (format.kind === 'parquet' && sharing.width > 1 && (await areLarge(paths))) {
    return profileByColumns(paths, sharing, options);
  }
  const head = format.kind === 'csv' && (await headOfAll(paths, format.header));
  if (head) {
    const { header } = format;
    const pieces = await piecesOf(paths);
    const shares = pieces.map((piece) => ({ kind: 'csv', piece, head, header }) as const);
    const found = await profileShares(shares, sharing, options);
    if (!found.ok) return found;
    if (found.value && found.value.rows > 0) return ok(found.value);
  }
  return ok(await profileTable(analytics, { paths, format, ...options }));
}

/** With less to read, starting a thread takes longer than it saves. */
const worthSharingBytes = 8 * 1024 * 1024;

async function areLarge(paths: readonly string[]): Promise<boolean> {
  let sizeBytes = 0;
  // What is not there is refused where it is read.
  for (const path of paths) sizeBytes += (await stat(path).catch(() => undefined))?.size ?? 0;
  return sizeBytes >= worthSharingBytes;
}

async function profileTable(
  analytics: Analytics,
  { signal, ...source }: TabularSource & Abortable,
): Promise<Profile> {
  const profile = emptyProfile();
  const { kind } = source.format;
  profile.looseNumbers = kind === 'json' || kind === 'jsonLines';
  for await (const batch of analytics.scan(source, signal ? { signal } : {})) {
    observe(profile, batch);
  }
  return profile;
}

async function addPreprocessed(
  { scripts }: ReadParts,
  { files, format, preprocessor: source, ...options }: ScriptOptions & Required<Inputs>,
): Promise<Outcome<Profile>> {
  if (!scripts) return refuse('record preprocessor scripts are not supported by this server');
  if (format.kind === 'parquet') {
    return refuse(
      'record preprocessor scripts are for captured records, CSV and JSON, not Parquet',
    );
  }
  const profile = emptyProfile();
  // Values pass as JSON, where 3 and 3.0 are the same number.
  profile.looseNumbers = true;
  let waiting: Row[] = [];
  const add = (batch: RowBatch) => void observe(profile, batch);
  const request = { source, paths: files.map(pathOf), format };
  for await (const rows of preprocessedRows({ scripts }, request, options)) {
    for (const row of rows) {
      waiting.push(row);
      if (waiting.length < batchRows) continue;
      add(batchOf(waiting));
      waiting = [];
    }
  }
  if (waiting.length > 0) add(batchOf(waiting));
  return ok(profile);
}
