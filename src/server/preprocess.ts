/** Tries a preprocessor on the first records of a file. Needs no running server. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { localScripts } from '../adapters/scripts/scripts.ts';
import { systemClock } from '../adapters/system/system.ts';
import { type DryRun, dryRunScript, mostDryRunRecords } from '../jobs/scripts/dry-run.ts';
import { kindOfRecords, type RecordFormat, recordsOf } from '../jobs/scripts/records.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';

export const recordKinds = ['capture', 'csv', 'json', 'jsonLines'] as const;

export interface TryRequest {
  readonly scriptPath: string;
  readonly recordsPath: string;
  /** Told from the file when undefined. */
  readonly kind: (typeof recordKinds)[number] | undefined;
  /** The first record of a CSV file names the columns: it is not given to the script. */
  readonly header: boolean;
  readonly limit: number;
}

export interface Tried extends DryRun {
  readonly kind: (typeof recordKinds)[number];
  /** Of each record: its first line, or its place in a JSON document. */
  readonly numbers: readonly number[];
}

/** Refuses files that cannot be read, by name. What the script does is in the answer. */
export async function tryPreprocessor(request: TryRequest): Promise<Outcome<Tried>> {
  const workFolder = await mkdtemp(join(tmpdir(), 'modelkeep-preprocess-'));
  try {
    const text = await readFile(request.scriptPath, 'utf8');
    const kind = request.kind ?? (await kindOf(request.recordsPath));
    const format = formatOf(kind, request.header);
    const records = await firstRecords(request, format);
    const numbers = records.map(({ number }) => number);
    const given = records.map(({ text: csv, sent }) => (kind === 'csv' ? csv : sent));
    const source = { name: basename(request.scriptPath), text };
    const parts = { scripts: localScripts({ workFolder }), clock: systemClock };
    const asked = { source, kind: kindOfRecords(format), records: given };
    const done = await dryRunScript(parts, asked);
    return done.ok ? ok({ ...done.value, kind, numbers }) : done;
  } catch (cause) {
    return refuse(reasonOf(cause));
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

async function firstRecords({ recordsPath, limit }: TryRequest, format: RecordFormat) {
  const records = [];
  const most = Math.min(limit, mostDryRunRecords);
  for await (const record of recordsOf([recordsPath], format)) {
    records.push(record);
    if (records.length >= most) break;
  }
  return records;
}

function formatOf(kind: TryRequest['kind'], header: boolean): RecordFormat {
  if (kind === 'capture') return { kind, as: {} };
  return kind === 'csv' ? { kind, header } : { kind: kind ?? 'jsonLines' };
}

const lookedAtBytes = 65_536;

async function kindOf(path: string): Promise<(typeof recordKinds)[number]> {
  if (/\.csv$/i.test(path)) return 'csv';
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(lookedAtBytes), 0, lookedAtBytes, 0);
    const start = buffer.toString('utf8', 0, bytesRead).trimStart();
    const firstLine = start.split('\n')[0] ?? '';
    if (firstLine.includes('"captureData"')) return 'capture';
    return start.startsWith('[') || /\.json$/i.test(path) ? 'json' : 'jsonLines';
  } finally {
    await file.close();
  }
}
