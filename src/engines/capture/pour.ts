/** Reads a spooled journal back: its header, then the whole lines after it. */
import type { ByteStream } from '../../kernel/bytes.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Journal } from '../../ports/journals.ts';
import type { SpoolHeader } from './spool.ts';

const lineFeed = 0x0a;
const longestHeader = 8_192;

/** Refused when the first line is not ours; undefined when a killed process left not even that. */
export async function readHeader(journal: Journal): Promise<Outcome<SpoolHeader | undefined>> {
  let head = Buffer.alloc(0);
  for await (const part of journal.read()) {
    head = Buffer.concat([head, part]);
    if (head.includes(lineFeed) || head.length > longestHeader) break;
  }
  const end = head.indexOf(lineFeed);
  if (end < 0)
    return head.length > longestHeader ? refuse('the header is too long') : ok(undefined);
  return parseHeader(head.subarray(0, end).toString('utf8'));
}

function parseHeader(text: string): Outcome<SpoolHeader> {
  try {
    const header: SpoolHeader = JSON.parse(text);
    if (header.version === 1 && typeof header.uri === 'string') return ok(header);
  } catch {
    // Falls through: text that is no JSON is refused like JSON of another kind.
  }
  return refuse('the first line is not a header of captured records');
}

/** The records. A line without its end was never answered for, and is left out. */
export async function* records(journal: Journal): ByteStream {
  let inHeader = true;
  // Parts of a line that has no end yet, joined only once it has: lines may be megabytes long.
  let waiting: Uint8Array[] = [];
  for await (const part of journal.read()) {
    const start = inHeader ? part.indexOf(lineFeed) + 1 : 0;
    if (inHeader && start === 0) continue;
    inHeader = false;
    const end = part.lastIndexOf(lineFeed) + 1;
    if (end > start) {
      yield Buffer.concat([...waiting, part.subarray(start, end)]);
      waiting = [];
    }
    waiting.push(part.subarray(Math.max(start, end)));
  }
}
