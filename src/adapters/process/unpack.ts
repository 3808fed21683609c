/**
 * Unpacks a model archive (.tar.gz) that a user made, into a folder nothing else writes to. Plain
 * files and folders only: with no link in the archive, no entry can lead out of the folder.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract, type Header } from 'tar-stream';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';

export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export const defaultUnpackLimits: UnpackLimits = { maxBytes: 20 * 2 ** 30, maxEntries: 100_000 };

export interface Unpacking {
  readonly archivePath: string;
  /** Made when missing; must be empty. */
  readonly folder: string;
  readonly limits: UnpackLimits;
  readonly signal?: AbortSignal | undefined;
}

/** One file or folder of an archive: its header, and a stream of its content. */
type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

const maxNameBytes = 1_024;
const blockBytes = 512;
/** What an entry may bring besides its content: headers, long names, attributes. */
const overheadBytes = 8_192;
/** Read ahead, the end of the archive, padding. */
const slackBytes = 1_048_576;

/** Refused with the entry and the rule it breaks. What was unpacked until then stays behind. */
export async function unpack({ archivePath, folder, ...job }: Unpacking): Promise<Outcome<void>> {
  const { signal } = job;
  await mkdir(folder, { recursive: true });
  signal?.throwIfAborted();
  // No wait between here and the loop: what fails unheard would leave the loop waiting for ever.
  const allowance = { bytes: slackBytes };
  const entries = extract();
  const feeding = pipeline(
    createReadStream(archivePath),
    createGunzip(),
    atMost(allowance),
    entries,
    signal ? { signal } : {},
  );
  // What fails before the first byte (a missing file, a signal) must end the entries too.
  feeding.catch((cause: Error) => entries.destroy(cause));
  try {
    const totals = { entries: 0, bytes: 0 };
    for await (const entry of entries) {
      const { header } = entry;
      const size = header.size ?? 0;
      totals.entries += 1;
      totals.bytes += size;
      allowance.bytes += Math.ceil(size / blockBytes) * blockBytes + overheadBytes;
      const refusal = check(header) ?? checkTotals(totals, job.limits);
      if (refusal !== undefined) return refuse(`the model archive is refused: ${refusal}`);
      const blocked = await write(entry, join(folder, header.name));
      if (blocked) return refuse(`the model archive is refused: ${blocked}`);
    }
    await feeding;
    return ok(undefined);
  } catch (cause) {
    signal?.throwIfAborted();
    return refuse(`the model archive cannot be unpacked: ${reasonOf(cause)}`);
  } finally {
    entries.destroy();
  }
}

/** The rule an entry breaks; undefined when it is harmless. */
function check({ name, type }: Header): string | undefined {
  const shown = JSON.stringify(name.slice(0, 200));
  if (Buffer.byteLength(name) > maxNameBytes) {
    return `the name of entry ${shown} is longer than ${maxNameBytes} bytes`;
  }
  if (name.startsWith('/')) return `entry ${shown} has an absolute path`;
  if (name.split('/').includes('..')) return `entry ${shown} leads out of the folder`;
  if (name.includes('\0')) return `the name of entry ${shown} contains a zero byte`;
  if (type === 'symlink' || type === 'link') return `entry ${shown} is a link`;
  const plain = type === 'file' || type === 'contiguous-file' || type === 'directory';
  return plain ? undefined : `entry ${shown} is neither a file nor a folder (${type})`;
}

function checkTotals(
  totals: { readonly entries: number; readonly bytes: number },
  { maxBytes, maxEntries }: UnpackLimits,
): string | undefined {
  if (totals.entries > maxEntries) return `it has more than ${maxEntries} entries`;
  if (totals.bytes > maxBytes) return `it holds more than ${maxBytes} bytes`;
  return undefined;
}

/** Rules that only the file system knows, by its codes; its own words would tell our paths. */
const pathRules: Readonly<Record<string, string>> = {
  EEXIST: 'needs a folder where the archive has a file',
  ENOTDIR: 'needs a folder where the archive has a file',
  EISDIR: 'is a file where the archive has a folder',
  ENAMETOOLONG: 'has a part of its path that is too long',
};

/** The rule the entry breaks where it would be written; undefined once it is. */
async function write(entry: Entry, path: string): Promise<string | undefined> {
  try {
    await writePlain(entry, path);
    return undefined;
  } catch (cause) {
    const rule = pathRules[(cause as NodeJS.ErrnoException).code ?? ''];
    if (rule === undefined) throw cause;
    return `entry ${JSON.stringify(entry.header.name.slice(0, 200))} ${rule}`;
  }
}

async function writePlain(entry: Entry, path: string): Promise<void> {
  if (entry.header.type === 'directory') {
    await mkdir(path, { recursive: true });
    entry.resume();
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  const mode = (entry.header.mode ?? 0) & 0o100 ? 0o755 : 0o644;
  await pipeline(entry, createWriteStream(path, { mode }));
}

/** Fails when more passes than allowed: headers, unlike contents, are gathered in memory. */
function atMost(allowance: { bytes: number }): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      allowance.bytes -= chunk.length;
      if (allowance.bytes < 0) done(new Error('a header in it is too large'));
      else done(null, chunk);
    },
  });
}
