/** Tries a preprocessor on a few records and tells what became of each. Changes nothing. */
import { parseJsonTexts } from '../../engines/records/json-text.ts';
import { recordOf } from '../../engines/records/rows.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type {
  RecordKind,
  RecordScript,
  ScriptLimits,
  ScriptSource,
  Scripts,
  ScriptsAvailable,
} from '../../ports/scripts.ts';

export interface DryRunParts {
  readonly scripts: Scripts;
  readonly clock: Clock;
}

export interface DryRunRequest {
  readonly source: ScriptSource;
  readonly kind: RecordKind;
  /** Captured lines or JSON documents, or for `csv` the text of lines; at most 100. */
  readonly records: readonly string[];
  readonly limits?: Partial<ScriptLimits>;
}

export interface DryRunRow {
  readonly names: readonly string[];
  /** Null is a missing cell. */
  readonly cells: readonly (string | null)[];
}

export interface DryRunRecord {
  readonly rows: readonly DryRunRow[];
  /** The traceback, or what is wrong with what the handler returned; then there are no rows. */
  readonly error?: string;
  readonly tookMs: number;
}

export interface DryRun {
  /** Why the script cannot be loaded; then there are no records. */
  readonly error?: string;
  readonly loadedMs: number;
  readonly records: readonly DryRunRecord[];
  /** What the script printed and logged. */
  readonly logs: readonly string[];
  readonly sandbox: ScriptsAvailable['sandbox'];
}

export const mostDryRunRecords = 100;
const mostLogs = 1_000;
const dryRunLimits: Partial<ScriptLimits> = { recordTimeoutMs: 10_000, totalTimeoutMs: 120_000 };

/** Refuses too many records. One after another, so that each has its own time. */
export async function dryRunScript(
  { scripts, clock }: DryRunParts,
  { source, kind, records, limits }: DryRunRequest,
  options: Abortable = {},
): Promise<Outcome<DryRun>> {
  if (records.length > mostDryRunRecords) {
    return refuse(`at most ${mostDryRunRecords} records, and there are ${records.length}`);
  }
  const refusal = records.map((record) => refusalOf(record, kind)).findIndex(Boolean);
  if (refusal !== -1) {
    return refuse(`record ${refusal + 1} ${refusalOf(records[refusal] ?? '', kind)}`);
  }
  const logs: string[] = [];
  const say = (line: string) => void (logs.length < mostLogs && logs.push(line));
  const { sandbox } = await scripts.available();
  const startedMs = clock.nowMs();
  const bounds = { ...dryRunLimits, ...limits };
  const opened = await scripts.openPreprocessor(source, { ...options, kind, limits: bounds, say });
  const loadedMs = clock.nowMs() - startedMs;
  if (!opened.ok) return ok({ error: opened.reason, loadedMs, records: [], logs, sandbox });
  try {
    const sent = kind === 'csv' ? records.map((record) => JSON.stringify(record)) : records;
    const done = await oneByOne(opened.value, sent, clock);
    return ok({ loadedMs, records: done, logs, sandbox });
  } finally {
    await opened.value.close();
  }
}

function refusalOf(text: string, kind: RecordKind): string | undefined {
  if (kind === 'csv') return undefined;
  if (text.includes('\n')) return 'has several lines';
  if (kind === 'capture') {
    const record = recordOf(text);
    return record.ok ? undefined : record.reason;
  }
  const values = parseJsonTexts(text);
  if (!values.ok) return `is not JSON: ${values.reason}`;
  return values.value.length === 1 ? undefined : 'is not one JSON document';
}

async function oneByOne(
  script: RecordScript,
  records: readonly string[],
  clock: Clock,
): Promise<readonly DryRunRecord[]> {
  const done: DryRunRecord[] = [];
  for (const record of records) {
    const startedMs = clock.nowMs();
    const [handled] = await script.handle([record]);
    const tookMs = clock.nowMs() - startedMs;
    if (!handled?.ok) {
      done.push({ rows: [], error: handled?.reason ?? 'the script did not answer', tookMs });
      continue;
    }
    const rows = handled.value.map(({ names, cells }) => ({
      names,
      cells: cells.map((cell) => cell ?? null),
    }));
    done.push({ rows, tookMs });
  }
  return done;
}
