/** What every part of a CSV file has to know of its beginning, where that is plain. */
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { parseCsvText } from '../../engines/records/csv-text.ts';
import type { CsvShape } from './csv-line.ts';

export interface CsvHead extends CsvShape {
  readonly names: readonly string[];
}

/** A longer first line is the adapter's to read. */
const headBytes = 64 * 1024;
const mostColumns = 4_096;

/**
 * The head that all files share. Undefined when they have different ones, or when one begins in a
 * way that only the analytics adapter reads: that tells what is wrong with it, if anything is.
 */
export async function headOfAll(
  paths: readonly string[],
  header: boolean,
): Promise<CsvHead | undefined> {
  let shared: CsvHead | undefined;
  for (const path of paths) {
    const head = await headOf(path, header);
    if (!head || (shared && !isSame(head, shared))) return undefined;
    shared ??= head;
  }
  return shared;
}

function isSame(a: CsvHead, b: CsvHead): boolean {
  return a.hasReturns === b.hasReturns && a.names.join('\n') === b.names.join('\n');
}

async function headOf(path: string, header: boolean): Promise<CsvHead | undefined> {
  const first = await firstLine(path);
  if (first === undefined) return undefined;
  const hasReturns = first.endsWith('\r');
  const line = hasReturns ? first.slice(0, -1) : first;
  if (line === '' || hasControls(line)) return undefined;
  const parsed = parseCsvText(line);
  const cells = parsed.ok && parsed.value.length === 1 ? parsed.value[0] : undefined;
  if (!cells || cells.length > mostColumns) return undefined;
  const names = cells.map((cell, i) => (header && cell !== '' ? cell : `_c${i}`));
  if (new Set(names).size < names.length) return undefined;
  return { names, places: names.length, hasReturns };
}

/** Without its line feed, or the byte order mark. */
async function firstLine(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(headBytes) });
    const end = buffer.subarray(0, bytesRead).indexOf(10);
    // Whether a file of one line has another line end coming is not seen.
    if (end < 0) return undefined;
    const bytes = buffer.subarray(0, end);
    return isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : undefined;
  } finally {
    await file.close();
  }
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 32 && unit !== 9) return true;
  }
  return false;
}
