/** Rows of records through a preprocessor script: for every monitor, whatever it makes of them. */
import type { Row } from '../../engines/records/rows.ts';
import type { RecordScript, ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import { kindOfRecords, type RecordFormat, recordsOf, type ScriptRecord } from './records.ts';

export interface PreprocessRequest {
  readonly source: ScriptSource;
  readonly paths: readonly string[];
  readonly format: RecordFormat;
}

/** The message is for the job's failure reason; paths in it are those of the request. */
export class ScriptFailed extends Error {
  override readonly name = 'ScriptFailed';
}

const batchRecords = 256;
const batchCharacters = 1024 * 1024;
/** The script has the next batch already while the rows of one are taken. */
const batchesUnderWay = 3;

/**
 * The rows of a batch of records at a time, in order. Throws `ScriptFailed` for a script that
 * cannot be loaded or fails at a record, naming both, and `UnreadableData` for what is no record.
 */
export async function* preprocessedRows(
  { scripts }: { readonly scripts: Scripts },
  { source, paths, format }: PreprocessRequest,
  options: ScriptOptions = {},
): AsyncIterable<readonly Row[]> {
  const kind = kindOfRecords(format);
  const opened = await scripts.openPreprocessor(source, { ...options, kind });
  if (!opened.ok) throw new ScriptFailed(failure('preprocessor', opened.reason));
  const script = opened.value;
  try {
    const underWay: Sent[] = [];
    for await (const batch of inBatches(recordsOf(paths, format, options))) {
      underWay.push(send(script, batch));
      if (underWay.length >= batchesUnderWay) yield await rowsOf(underWay.shift(), options);
    }
    while (underWay.length > 0) yield await rowsOf(underWay.shift(), options);
  } finally {
    await script.close();
  }
}

interface Sent {
  readonly batch: readonly ScriptRecord[];
  readonly handled: ReturnType<RecordScript['handle']>;
}

function send(script: RecordScript, batch: readonly ScriptRecord[]): Sent {
  return { batch, handled: script.handle(batch.map(({ sent }) => sent)) };
}

async function rowsOf(sent: Sent | undefined, { say }: ScriptOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [at, outcome] of ((await sent?.handled) ?? []).entries()) {
    if (!outcome.ok) {
      const record = sent?.batch[at];
      say?.(outcome.reason);
      throw new ScriptFailed(failure('preprocessor', outcome.reason, record));
    }
    for (const row of outcome.value) rows.push(row);
  }
  return rows;
}

async function* inBatches(
  records: AsyncIterable<ScriptRecord>,
): AsyncIterable<readonly ScriptRecord[]> {
  let batch: ScriptRecord[] = [];
  let characters = 0;
  for await (const record of records) {
    batch.push(record);
    characters += record.sent.length;
    if (batch.length < batchRecords && characters < batchCharacters) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/** A failure reason has room for a thousand characters. */
const shownTrace = 560;
const shownRecord = 160;

/** Begins as the original's reason does; then what failed and where. */
export function failure(
  what: 'preprocessor' | 'postprocessor',
  trace: string,
  record?: ScriptRecord,
): string {
  const start = `Exception while invoking ${what} script. ${shortened(trace)}`;
  if (!record) return start;
  const { path, number, text } = record;
  const cut = text.length > shownRecord ? `${text.slice(0, shownRecord)}…` : text;
  return `${start}\nat the record ${path}:${number}: ${cut}`;
}

/** Python says last what is wrong, and JavaScript first. */
function shortened(trace: string): string {
  if (trace.length <= shownTrace) return trace;
  if (!trace.startsWith('Traceback')) return `${trace.slice(0, shownTrace)}…`;
  const tail = trace.slice(-shownTrace);
  return `…${tail.slice(Math.max(0, tail.indexOf('\n')))}`;
}
