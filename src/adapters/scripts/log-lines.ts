/**
 * Cuts what a script prints into lines, bounded in length and in number; bytes that are no text are
 * replaced. Nothing is kept but the last few.
 */
import { StringDecoder } from 'node:string_decoder';

const maxLineLength = 4_096;
const maxLines = 10_000;
const keptLines = 6;
const keptLength = 200;

export interface LogLines {
  /** One for each stream: lines of two are not mixed. */
  cutter(): { push(bytes: Uint8Array): void; end(): void };
  /** The last lines, to say why a script ended. */
  last(): readonly string[];
  /** True when an interpreter said that it had no memory left. */
  outOfMemory(): boolean;
}

const noMemory = /heap out of memory|^MemoryError|Cannot allocate memory/;

/** After so many lines it says once that the rest is left out. */
export function logLines(say: (line: string) => void): LogLines {
  const last: string[] = [];
  let count = 0;
  let lacking = false;
  const emit = (line: string) => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    const cut = text.length > maxLineLength ? `${text.slice(0, maxLineLength)} …` : text;
    lacking ||= noMemory.test(cut);
    if (cut.trim() !== '') last.push(cut.slice(0, keptLength));
    if (last.length > keptLines) last.shift();
    count += 1;
    if (count <= maxLines) say(cut);
    if (count === maxLines) say(`[what the script prints after ${maxLines} lines is left out]`);
  };
  return { cutter: () => cutter(emit), last: () => last, outOfMemory: () => lacking };
}

function cutter(emit: (line: string) => void) {
  const decoder = new StringDecoder('utf8');
  let open = '';
  const push = (text: string) => {
    const [first = '', ...rest] = text.split('\n');
    open = (open + first).slice(0, maxLineLength + 1);
    for (const next of rest) {
      emit(open);
      open = next.slice(0, maxLineLength + 1);
    }
  };
  return {
    push: (bytes: Uint8Array) => push(decoder.write(Buffer.from(bytes))),
    end() {
      push(decoder.end());
      if (open !== '') emit(open);
      open = '';
    },
  };
}
