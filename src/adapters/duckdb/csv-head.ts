/** The first record of a CSV file: how many columns there are and what they are called. */
import { open } from 'node:fs/promises';
import { UnreadableData } from '../../ports/analytics.ts';

/** A longer first record is refused. */
export const headLimitBytes = 4 * 1024 * 1024;

export interface CsvHead {
  /** The header's, or `_c0`, `_c1`, … */
  readonly names: readonly string[];
  /** Blank lines before the first record. */
  readonly blankLines: number;
}

export async function headOf(path: string, header: boolean): Promise<CsvHead> {
  const whole = await firstBytes(path);
  const [blank = ''] = /^[\r\n]*/.exec(whole) ?? [];
  const text = whole.slice(blank.length);
  const record = firstRecord(text);
  if (!record) {
    if (text.trim() === '') throw new UnreadableData(path, 'is empty');
    const rule = `the first record does not end within ${headLimitBytes} bytes`;
    throw new UnreadableData(path, `${rule}; is a quote left open?`, 1);
  }
  if (header && record.some((cell) => cell.includes('\ufffd')) && !(await isUtf8(path))) {
    throw new UnreadableData(path, 'is not UTF-8', 1);
  }
  const names = record.map((cell, i) => (header && cell !== '' ? cell : `_c${i}`));
  const again = names.find((name, i) => names.indexOf(name) !== i);
  if (again !== undefined) {
    throw new UnreadableData(path, `the column ${JSON.stringify(again)} is there twice`, 1);
  }
  const blankLines = blank.split(/\r\n|\n|\r/).length - 1;
  const [lineEnd = ''] = /\r\n|\n|\r/.exec(text) ?? [];
  // Skipping counts lines by one sort of end; by another it would skip rows.
  if (blank !== lineEnd.repeat(blankLines)) {
    throw new UnreadableData(path, 'has line ends of two sorts', 1);
  }
  return { names, blankLines };
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(headLimitBytes);
    const { bytesRead } = await file.read(buffer, 0, headLimitBytes, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
      throw new UnreadableData(path, 'is UTF-16; only UTF-8 is read', 1);
    }
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      throw new UnreadableData(path, 'is compressed (gzip); decompress it first', 1);
    }
    const whole =
      bytesRead < headLimitBytes ? `${bytes.toString('utf8')}\n` : bytes.toString('utf8');
    return whole.replace(/^\uFEFF/, '');
  } finally {
    await file.close();
  }
}

/** Whether the first bytes are UTF-8, not counting a character that the cut goes through. */
async function isUtf8(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(headLimitBytes) });
    new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead), {
      stream: true,
    });
    return true;
  } catch (cause) {
    if (cause instanceof TypeError) return false;
    throw cause;
  } finally {
    await file.close();
  }
}

/** The cells up to the first line end outside quotes; undefined when there is none. */
function firstRecord(text: string): readonly string[] | undefined {
  if (text.trim() === '') return undefined;
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i] ?? '';
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      cells.push(cell);
      cell = '';
    } else if (c === '\n' || c === '\r') return [...cells, cell];
    else cell += c;
  }
  return undefined;
}
