/** The lines of a text file, one at a time, in bounded memory. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';

/** Larger than any body a request may have, in base64. */
export const lineLimitBytes = 64 * 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Blank lines are left out, but counted. Throws `UnreadableData`: not UTF-8, too long. */
export async function* linesOf(path: string, { signal }: Abortable = {}): AsyncIterable<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let rest = '';
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch (cause) {
      const error = new UnreadableData(path, 'is not UTF-8', number + 1);
      error.cause = cause;
      throw error;
    }
  };
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new UnreadableData(path, 'there is no such file');
  for await (const bytes of createReadStream(path, signal ? { signal } : {})) {
    const parts = (rest + decode(bytes)).split('\n');
    rest = parts.pop() ?? '';
    for (const text of parts) {
      number += 1;
      if (text.trim() !== '') yield { number, text };
    }
    if (rest.length > lineLimitBytes) {
      throw new UnreadableData(path, `is longer than ${lineLimitBytes} bytes`, number + 1);
    }
  }
  rest += decode();
  if (rest.trim() !== '') yield { number: number + 1, text: rest };
}
