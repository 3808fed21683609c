/**
 * Finds the first line of a JSON Lines file that is no JSON object, once DuckDB has said there is
 * one: DuckDB counts records, not lines, and neither shows the line nor numbers it as people do.
 */
import { createReadStream } from 'node:fs';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { shown } from './errors.ts';

/** A longer line is not looked into, nor is what follows it. */
const lineLimitBytes = 64 * 1024 * 1024;
const lineEnd = 0x0a;

/** Undefined when every line reads as an object here: the fault is of another kind. */
export async function badJsonLine(
  path: string,
  { signal }: Abortable,
): Promise<UnreadableData | undefined> {
  let number = 0;
  for await (const bytes of linesOf(path, signal)) {
    number += 1;
    const why = problemOf(bytes);
    if (why !== undefined) return new UnreadableData(path, why, number);
  }
  return undefined;
}

async function* linesOf(path: string, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, signal ? { signal } : {})) {
    let from = 0;
    for (let at = chunk.indexOf(lineEnd); at >= 0; at = chunk.indexOf(lineEnd, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, at)]);
      parts = [];
      sizeBytes = 0;
      from = at + 1;
    }
    parts.push(chunk.subarray(from));
    sizeBytes += chunk.length - from;
    if (sizeBytes > lineLimitBytes) return;
  }
  yield Buffer.concat(parts);
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function problemOf(bytes: Buffer): string | undefined {
  let text = '';
  try {
    text = decoder.decode(bytes);
    if (text.trim() === '') return undefined;
    const value: unknown = JSON.parse(text);
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isRecord ? undefined : `every value must be an object: ${shown(text)}`;
  } catch (cause) {
    if (cause instanceof SyntaxError) return `not JSON: ${shown(text)}`;
    return `is not UTF-8: ${shown(bytes.toString('latin1'))}`;
  }
}
