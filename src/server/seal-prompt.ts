/** Asks people at a terminal for secrets, without showing what they type. */
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';

export interface Ask {
  /** What was typed, without the end of the line; to be wiped by the caller. */
  secret(question: string): Promise<Outcome<Buffer>>;
  /** Tells something beside the answers, which go where output goes. */
  say(text: string): void;
}

const longestBytes = 4_096;
const enter = new Set([10, 13, 4]);
const interrupt = 3;
const rubOut = new Set([8, 127]);

/** What is needed of a terminal: `process.stdin` is one, when a person sits there. */
export interface Terminal {
  readonly isTTY?: boolean;
  setRawMode(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', hear: (bytes: Buffer) => void): unknown;
  off(event: 'data', hear: (bytes: Buffer) => void): unknown;
}

export function askAt(terminal: Terminal, write: (text: string) => void): Ask {
  return {
    async secret(question) {
      if (!terminal.isTTY) {
        return refuse('nobody can be asked here: use a terminal, or --passphrase-file');
      }
      write(question);
      const typed = await typedLine(terminal);
      write('\n');
      return typed;
    },
    say: (text) => write(`${text}\n`),
  };
}

/** Questions go to standard error: what a command prints may be evaluated by a shell. */
export const terminalAsk: Ask = {
  secret: (question) => askTerminal().secret(question),
  say: (text) => askTerminal().say(text),
};

const askTerminal = () => askAt(process.stdin, (text) => void process.stderr.write(text));

function typedLine(terminal: Terminal): Promise<Outcome<Buffer>> {
  const line = Buffer.alloc(longestBytes);
  let length = 0;
  return new Promise((resolve) => {
    const end = (outcome: Outcome<Buffer>) => {
      terminal.off('data', hear);
      terminal.setRawMode(false);
      terminal.pause();
      resolve(outcome);
    };
    const hear = (bytes: Buffer) => {
      for (const byte of bytes) {
        if (enter.has(byte)) return end(ok(line.subarray(0, length)));
        if (byte === interrupt) return end(refuse('interrupted'));
        if (rubOut.has(byte)) length = withoutLast(line, length);
        else if (length < line.length) line[length++] = byte;
      }
      bytes.fill(0);
    };
    terminal.setRawMode(true);
    terminal.resume();
    terminal.on('data', hear);
  });
}

/** One letter of UTF-8 back: over its continuing bytes to the first. */
function withoutLast(line: Buffer, length: number): number {
  let left = length;
  while (left > 0) {
    left -= 1;
    if (((line[left] ?? 0) & 0xc0) !== 0x80) break;
  }
  return left;
}
