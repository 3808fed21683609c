/**
 * The ONNX model of an archive (.tar.gz), read without unpacking the rest: by the rule of
 * `findModel`, the only `.onnx` file at any depth. Nothing is written.
 */
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract } from 'tar-stream';
import { gather, TooManyBytes } from '../../kernel/bytes.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';

export interface ModelLimits {
  /** Of the model. */
  readonly modelBytes: number;
  /** Of everything in the archive, unpacked. */
  readonly archiveBytes: number;
}

export interface ReadOptions {
  readonly limits?: ModelLimits;
  readonly signal?: AbortSignal;
}

const mebibyte = 2 ** 20;
const defaultLimits: ModelLimits = { modelBytes: 64 * mebibyte, archiveBytes: 512 * mebibyte };

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

/** Refused when there is not one such file, or it is too large. Throws the signal's reason. */
export async function modelInArchive(
  archivePath: string,
  { limits = defaultLimits, signal }: ReadOptions = {},
): Promise<Outcome<Uint8Array>> {
  signal?.throwIfAborted();
  const entries = extract();
  const feeding = pipeline(
    createReadStream(archivePath),
    createGunzip(),
    atMost(limits.archiveBytes),
    entries,
    signal ? { signal } : {},
  );
  // What fails before the first entry must end the loop too.
  feeding.catch((cause: Error) => entries.destroy(cause));
  try {
    const found = await modelAmong(entries, limits);
    if (found.ok) await feeding;
    return found;
  } catch (cause) {
    signal?.throwIfAborted();
    return refuse(`the model archive cannot be read: ${reasonOf(cause)}`);
  } finally {
    entries.destroy();
  }
}

async function modelAmong(
  entries: AsyncIterable<Entry>,
  { modelBytes }: ModelLimits,
): Promise<Outcome<Uint8Array>> {
  let found: Uint8Array | undefined;
  for await (const entry of entries) {
    const { name, type } = entry.header;
    const isFile = type === 'file' || type === 'contiguous-file';
    if (!isFile || !name.endsWith('.onnx')) {
      entry.resume();
      continue;
    }
    if (found) return refuse('the model archive holds more than one .onnx file');
    try {
      found = await gather(entry as AsyncIterable<Uint8Array>, modelBytes);
    } catch (cause) {
      if (!(cause instanceof TooManyBytes)) throw cause;
      return refuse(`the .onnx file of the model archive has ${cause.message}`);
    }
  }
  return found ? ok(found) : refuse('the model archive holds no .onnx file');
}

function atMost(limitBytes: number): Transform {
  let left = limitBytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(new TooManyBytes(limitBytes));
      else done(null, chunk);
    },
  });
}
