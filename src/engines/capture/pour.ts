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
  if (end < 0) return head.length > longestHeader ? refuse('the header is too long') : ok(undefined);
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
  let tail = Buffer.alloc(0);
  for await (const part of journal.read()) {
    let bytes = Buffer.concat([tail, part]);
    if (inHeader) {
      const end = bytes.indexOf(lineFeed);
      inHeader = end < 0;
      bytes = inHeader ? bytes : bytes.subarray(end + 1);
    }
    const whole = inHeader ? 0 : bytes.lastIndexOf(lineFeed) + 1;
    if (whole > 0) yield bytes.subarray(0, whole);
    tail = bytes.subarray(whole);
  }
}
