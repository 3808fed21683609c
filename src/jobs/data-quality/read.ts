/**
 * Reads inputs into a profile, once. What was profiled before is merged, not read again: an hour's
 * profile is text that the caller keeps beside the hour's files.
 */
import { batchOf, batchRows } from '../../engines/profile/batcher.ts';
import {
  emptyProfile,
  observe,
  type Profile,
  profileToText,
} from '../../engines/profile/profile.ts';
import { type CaptureFormat, type Row, rowsOfCapture } from '../../engines/records/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import {
  type Analytics,
  type RowBatch,
  type TabularFormat,
  UnreadableData,
} from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import { preprocessedRows, ScriptFailed } from '../scripts/preprocess.ts';
import type { DatasetFormat } from './format.ts';
import { linesOf } from './lines.ts';

/** A local file, and what to call it in messages when that is not its path. */
export type InputFile = string | { readonly path: string; readonly name: string };

export function pathOf(file: InputFile): string {
  return typeof file === 'string' ? file : file.path;
}

export interface ReadParts {
  readonly analytics: Analytics;
  /** Without it, inputs with a preprocessor are refused. */
  readonly scripts?: Scripts;
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
  const { analytics } = parts;
  const profile = emptyProfile();
  if (files.length === 0) return ok(profile);
  try {
    if (preprocessor)
      return await addPreprocessed(profile, parts, { files, format, preprocessor, ...options });
    if (format.kind === 'capture') await addCapture(profile, files, { ...options, as: format.as });
    else await addTable(profile, analytics, { files, format, ...options });
    return ok(profile);
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

interface TableInputs extends Abortable {
  readonly files: readonly InputFile[];
  readonly format: TabularFormat;
}

async function addTable(
  profile: Profile,
  analytics: Analytics,
  { files, format, signal }: TableInputs,
): Promise<void> {
  profile.looseNumbers = format.kind === 'json' || format.kind === 'jsonLines';
  const source = { paths: files.map(pathOf), format };
  for await (const batch of analytics.scan(source, signal ? { signal } : {})) {
    observe(profile, batch);
  }
}

async function addPreprocessed(
  profile: Profile,
  { scripts }: ReadParts,
  { files, format, preprocessor: source, ...options }: ScriptOptions & Required<Inputs>,
): Promise<Outcome<Profile>> {
  if (!scripts) return refuse('record preprocessor scripts are not supported by this server');
  if (format.kind === 'parquet') {
    return refuse(
      'record preprocessor scripts are for captured records, CSV and JSON, not Parquet',
    );
  }
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

async function addCapture(
  profile: Profile,
  files: readonly InputFile[],
  options: Abortable & { readonly as: CaptureFormat },
): Promise<void> {
  let waiting: Row[] = [];
  const add = (batch: RowBatch) => void observe(profile, batch);
  for (const file of files) {
    for await (const line of linesOf(pathOf(file), options)) {
      const found = rowsOfCapture(line.text, options.as);
      if (!found.ok) throw new UnreadableData(pathOf(file), found.reason, line.number);
      profile.looseNumbers ||= found.value.json;
      for (const row of found.value.rows) waiting.push(row);
      if (waiting.length < batchRows) continue;
      add(batchOf(waiting));
      waiting = [];
    }
  }
  if (waiting.length > 0) add(batchOf(waiting));
}
