/** One thread's part of a scan: lines read from bytes, or columns of files with types. */
import { emptyProfile, observe, type Profile } from '../../engines/profile/profile.ts';
import { CellTable } from '../../engines/profile/table.ts';
import { type CaptureFormat, rowsOfCapture } from '../../engines/records/rows.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { type Analytics, UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { type Block, blocksOf, lineNumberAt } from './blocks.ts';
import { captureBytes, LineReader } from './capture-line.ts';
import type { CsvHead } from './csv-head.ts';
import { csvStops, readCsvLine } from './csv-line.ts';
import type { ProfileShare, Share } from './pieces.ts';

/** Shares that are done one after another are read into the same memory. */
export function shareProfiler(analytics: Analytics): ProfileShare {
  let spare: CellTable | undefined;
  return async (share, options) => {
    const table = spare ?? new CellTable();
    spare = undefined;
    try {
      return ok(await profileOf(share, { analytics, table }, options));
    } catch (error) {
      if (error instanceof UnreadableData) return refuse(error.message);
      throw error;
    } finally {
      spare = table;
    }
  };
}

interface Parts {
  readonly analytics: Analytics;
  /** What was in it is nobody's. */
  readonly table: CellTable;
}

function profileOf(
  share: Share,
  { analytics, table }: Parts,
  options: Abortable,
): Promise<Profile | undefined> {
  switch (share.kind) {
    case 'capture':
      table.renew();
      return profileCapture(share, table, options);
    case 'csv':
      table.renew(share.head.names);
      return profileCsv(share, table, options);
    case 'columns':
      return profileColumns(share, analytics, options);
  }
}

async function profileCapture(
  { piece, as }: Extract<Share, { kind: 'capture' }>,
  table: CellTable,
  options: Abortable,
): Promise<Profile> {
  const profile = emptyProfile();
  const reader = new LineReader(table, as);
  for (const part of piece) {
    for await (const block of blocksOf(part, options)) {
      const bytes = captureBytes(block.bytes);
      for (let at = block.start; at < block.end; ) {
        const next = reader.read(bytes, at);
        if (next > 0) at = next;
        else at = await readOther({ ...block, start: at }, { profile, table, as, path: part.path });
        if (table.isFull) flush(profile, table);
      }
    }
  }
  flush(profile, table);
  return profile;
}

interface Reading {
  readonly profile: Profile;
  readonly table: CellTable;
  readonly as: CaptureFormat;
  readonly path: string;
}

/**
 * Reads the first line of the block in whichever way it is written; answers where the next begins.
 */
async function readOther(
  { bytes, start, offset }: Block,
  { profile, table, as, path }: Reading,
): Promise<number> {
  const end = bytes.indexOf(10, start);
  const text = bytes.toString('utf8', start, end);
  if (text.trim() === '') return end + 1;
  const found = rowsOfCapture(text, as);
  if (!found.ok) {
    throw new UnreadableData(path, found.reason, await lineNumberAt(path, offset + start));
  }
  profile.looseNumbers ||= found.value.json;
  for (const row of found.value.rows) {
    table.addRow(row);
    if (table.isFull) flush(profile, table);
  }
  return end + 1;
}

function flush(profile: Profile, table: CellTable): void {
  if (table.rows === 0) return;
  observe(profile, table.take());
  table.start();
}

/**
 * Undefined for files that are written in a way that is not read here, and for those without rows.
 */
async function profileCsv(
  { piece, head, header }: Extract<Share, { kind: 'csv' }>,
  table: CellTable,
  options: Abortable,
): Promise<Profile | undefined> {
  const profile = emptyProfile();
  try {
    for (const part of piece) {
      for await (const block of blocksOf(part, options)) {
        const isHead = header && part.from === 0 && block.offset === 0;
        const from = isHead ? block.bytes.indexOf(10, block.start) + 1 : block.start;
        if (!readCsv({ ...block, start: from }, { profile, table, head })) return undefined;
      }
    }
  } catch (error) {
    if (error instanceof UnreadableData) return undefined;
    throw error;
  }
  flush(profile, table);
  return profile;
}

function readCsv(
  { bytes, start, end }: Block,
  { profile, table, head }: { profile: Profile; table: CellTable; head: CsvHead },
): boolean {
  const source = { bytes, stops: csvStops };
  for (let at = start; at < end; ) {
    at = readCsvLine(table, source, { from: at, shape: head });
    if (at === 0) return false;
    if (table.isFull) flush(profile, table);
  }
  return true;
}

async function profileColumns(
  { paths, index, of }: Extract<Share, { kind: 'columns' }>,
  analytics: Analytics,
  options: Abortable,
): Promise<Profile> {
  const profile = emptyProfile();
  const source = { paths, format: { kind: 'parquet' }, share: { index, of } } as const;
  for await (const batch of analytics.scan(source, options)) observe(profile, batch);
  return profile;
}
