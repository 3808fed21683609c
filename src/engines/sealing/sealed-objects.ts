/**
 * A store that keeps blobs encrypted, over one that keeps them as they are: each a head
 * (`blob-head.ts`) and a message of chunks (`chunked.ts`), or a message within a message. Deleting
 * a blob is not noticed here: who names blobs knows which there must be.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Random } from '../../kernel/random.ts';
import type { ByteRange, ObjectStore } from '../../ports/object-store.ts';
import type { TemporaryFiles } from '../../ports/temporary-files.ts';
import type { Keyring } from '../envelope/keyring.ts';
import { blobHead, headBytes, type Kind, prefixBytes, readHead, ringKeys } from './blob-head.ts';
import {
  type ChunkCipher,
  chunkCipher,
  commitsTo,
  messageHeadBytes,
  saltBytes,
  storageForm,
} from './chunked.ts';
import { type Head, openMessage, sealMessage } from './messages.ts';
import { ahead } from './pulling.ts';
import { DamagedBlob, type SealedStore, type SealOptions, WrongKey } from './sealed-store.ts';

export interface SealedObjectsParts {
  readonly keyring: Keyring;
  /** Must be fit for keys. */
  readonly random: Random;
  /** Where decrypted copies lie. */
  readonly temporaryFiles: TemporaryFiles;
}

const idBytes = 16;
const everything: ByteRange = { start: 0, end: Number.MAX_SAFE_INTEGER };
const { chunkBytes } = storageForm;

export function sealedObjects(
  inner: ObjectStore,
  { keyring, random, temporaryFiles }: SealedObjectsParts,
): SealedStore {
  const keys = ringKeys(keyring);
  const read = (id: string, range: ByteRange, options: SealOptions) =>
    readBlob({ inner, keys, id, options }, range);
  return {
    async put(content, options = {}) {
      let sizeBytes = 0;
      const counted = async function* () {
        for await (const part of content) {
          sizeBytes += part.length;
          yield part;
        }
      };
      const id = Buffer.from(random.bytes(idBytes)).toString('hex');
      const stream = sealBlob({ keys, random, id, options }, counted());
      await inner.put(ahead(stream), { ...signalOf(options), id });
      return { id, sizeBytes };
    },
    read: (id, range = everything, options = {}) => read(id, range, options),
    delete: (id) => inner.delete(id),
    asFile: (id, options = {}) =>
      temporaryFiles.make(read(id, everything, options), signalOf(options)),
    ids: () => inner.ids(),
    close: () => inner.close(),
  };
}

interface Sealing {
  readonly keys: ReturnType<typeof ringKeys>;
  readonly random: Random;
  readonly id: string;
  readonly options: SealOptions;
}

async function* sealBlob({ keys, random, id, options }: Sealing, content: ByteStream): ByteStream {
  const kind = kindOf(options);
  const ring = keys.current();
  const { key = ring.contents } = options;
  /** A message under a key of its own, by a salt of its own. */
  const message = (under: Uint8Array, context: string, of: ByteStream) => {
    const salt = random.bytes(saltBytes);
    const cipher = chunkCipher(storageForm, { key: under, salt, context });
    return { salt, cipher, stream: sealMessage(cipher, salt, of) };
  };
  const within = kind === 'twice' ? message(key, withinOf(id), content).stream : content;
  const used = kind === 'callers' ? key : ring.contents;
  const { salt, cipher, stream } = message(used, contextOf(id, kind), within);
  yield blobHead(ring, { id, kind, salt, commitment: cipher.commitment });
  yield* stream;
}

interface Reading {
  readonly inner: ObjectStore;
  readonly keys: ReturnType<typeof ringKeys>;
  readonly id: string;
  readonly options: SealOptions;
}

/** Says that what was opened is a message itself. */
class IsTwice extends Error {}

async function* readBlob(reading: Reading, range: ByteRange): ByteStream {
  try {
    yield* readOuter(reading, range, false);
  } catch (cause) {
    if (!(cause instanceof IsTwice)) throw cause;
    // Thrown for the head, before anything was handed on.
    yield* readWithin(reading, range);
  }
}

function readOuter(reading: Reading, range: ByteRange, twice: boolean): ByteStream {
  const { inner, keys, id, options } = reading;
  const head: Head = {
    lengthBytes: prefixBytes,
    chunkBytes,
    open(prefix) {
      const { kind, ring } = readHead(keys, id, prefix);
      if ((kind === 'own') !== (options.key === undefined)) throw wrongKey(options);
      if (kind === 'twice' && !twice) throw new IsTwice();
      const callers = kind === 'callers' ? options.key : undefined;
      const under = { key: callers ?? ring.contents, context: contextOf(id, kind) };
      return opened(prefix.subarray(headBytes), under, () =>
        callers ? wrongKey(options) : new DamagedBlob(`${id} was changed`),
      );
    },
  };
  return openMessage((part) => inner.read(id, part, signalOf(options)), head, range);
}

function readWithin(reading: Reading, range: ByteRange): ByteStream {
  const { id, options } = reading;
  const head: Head = {
    lengthBytes: messageHeadBytes,
    chunkBytes,
    open(found) {
      if (!options.key) throw wrongKey(options);
      const under = { key: options.key, context: withinOf(id) };
      return opened(found, under, () => wrongKey(options));
    },
  };
  return openMessage((part) => readOuter(reading, part, true), head, range);
}

function kindOf({ key, twice }: SealOptions): Kind {
  if (!key) return 'own';
  return twice ? 'twice' : 'callers';
}

const contextOf = (id: string, kind: Kind) => `modelkeep object ${kind} ${id}`;
const withinOf = (id: string) => `modelkeep object within ${id}`;

function signalOf({ signal }: SealOptions): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

function wrongKey({ key }: SealOptions): WrongKey {
  return new WrongKey(key ? 'sealed under another key' : 'sealed under a key of its owner');
}

function opened(
  head: Uint8Array,
  { key, context }: { readonly key: Uint8Array; readonly context: string },
  otherwise: () => Error,
): ChunkCipher {
  const salt = head.subarray(0, saltBytes);
  const cipher = chunkCipher(storageForm, { key, salt, context });
  if (!commitsTo(cipher, head.subarray(saltBytes))) throw otherwise();
  return cipher;
}
