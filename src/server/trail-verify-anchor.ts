/**
 * The heads of the chains of digests in a file, which should lie on another disk than the data, or
 * on one that can only be appended to from elsewhere. Replaced as a whole, never half.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Anchor, AnchorRecord } from '../engines/trail/digests/anchor.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';

/** `read` throws for a file that is no anchor; one that is not there yet notes nothing. */
export function fileAnchor(path: string): Anchor {
  /** One write after another: each reads what the one before wrote. */
  let last: Promise<void> = Promise.resolve();
  async function read(): Promise<readonly AnchorRecord[]> {
    const found = await readAnchor(path);
    if (!found.ok) throw new Error(found.reason);
    return found.value;
  }
  async function write(record: AnchorRecord): Promise<void> {
    const others = (await read()).filter(
      ({ trailArn, region }) => trailArn !== record.trailArn || region !== record.region,
    );
    await replace(path, JSON.stringify([...others, record], null, 2));
  }
  return {
    read,
    write(record) {
      const run = last.then(() => write(record));
      last = run.catch(() => {});
      return run;
    },
  };
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Refused when there is a file that is no anchor. */
export async function readAnchor(path: string): Promise<Outcome<readonly AnchorRecord[]>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ok([]);
    return refuse(`the anchor ${path} cannot be read: ${reasonOf(cause)}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every(isRecord)) return ok(value);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return refuse(`${path} is no anchor of a trail`);
}

const texts = [
  ...(['trailArn', 'region', 'bucket', 'key', 'sha256'] as const),
  ...(['signature', 'endTime', 'trailCreated'] as const),
] as const;

function isRecord(value: unknown): value is AnchorRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Readonly<Record<string, unknown>>;
  const isWhole = typeof record['chainLength'] === 'number';
  return isWhole && texts.every((name) => typeof record[name] === 'string');
}
