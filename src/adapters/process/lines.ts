/** Cuts a program's output into lines, bounded in length and in number per second. */
import { StringDecoder } from 'node:string_decoder';

const maxLineLength = 16_384;
const maxLinesPerSecond = 1_000;

export interface LineCutter {
  push(bytes: Uint8Array): void;
  /** The last line may lack its end. */
  end(): void;
}

/** A line that is too long is cut, and the rest of it left out. */
export function lineCutter(onLine: (line: string) => void): LineCutter {
  const decoder = new StringDecoder('utf8');
  let open = '';
  const emit = (line: string) => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    onLine(text.length > maxLineLength ? `${text.slice(0, maxLineLength)} …` : text);
  };
  const push = (text: string) => {
    const [first = '', ...rest] = text.split('\n');
    open = (open + first).slice(0, maxLineLength + 1);
    for (const next of rest) {
      emit(open);
      open = next.slice(0, maxLineLength + 1);
    }
  };
  return {
    push: (bytes) => push(decoder.write(Buffer.from(bytes))),
    end() {
      push(decoder.end());
      if (open !== '') emit(open);
      open = '';
    },
  };
}

/** Passes on at most so many lines a second, then says how many it left out. */
export function throttled(onLine: (line: string) => void): (line: string) => void {
  let second = 0;
  let lines = 0;
  return (line) => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) {
      const dropped = lines - maxLinesPerSecond;
      if (dropped > 0) onLine(`[${dropped} lines were left out]`);
      second = now;
      lines = 0;
    }
    lines += 1;
    if (lines <= maxLinesPerSecond) onLine(line);
  };
}
