/**
 * A store that keeps blobs encrypted, over one that keeps them as they are: each a head
 * (`blob-head.ts`) and a message of chunks (`chunked.ts`), or a message within a message. Deleting
 * a blob is not noticed here: who names blobs knows which there must be.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Random } from '../../kernel/random.ts';
import type { ChunkOpeners } from '../../ports/chunk-openers.ts';
import type { ByteRange, ObjectStore } from '../../ports/object-store.ts';
import type { TemporaryFiles } from '../../ports/temporary-files.ts';
import type { Keyring } from '../envelope/keyring.ts';
import {
  contextOf,
  innerCipher,
  kindOf,
  newCipher,
  newId,
  outerCipher,
  signalOf,
  withinOf,
} from './blob-ciphers.ts';
import { blobHead, prefixBytes, ringKeys } from './blob-head.ts';
import { type ChunkedForm, messageHeadBytes, storageForm } from './chunked.ts';
import { type Aside, type Head, openMessage, sealMessage } from './messages.ts';
import { DamagedBlob, type SealedStore, type SealOptions } from './sealed-store.ts';
import { makeSmallSeals } from './small-seals.ts';

export interface SealedObjectsParts {
  readonly keyring: Keyring;
  /** Must be fit for keys. */
  readonly random: Random;
  /** Where decrypted copies lie. */
  readonly temporaryFiles: TemporaryFiles;
  /** Beside this thread; without any, all is opened here. */
  readonly openers?: ChunkOpeners | undefined;
}

const everything: ByteRange = { start: 0, end: Number.MAX_SAFE_INTEGER };
const { chunkBytes } = storageForm;

export function sealedObjects(
  inner: ObjectStore,
  { keyring, random, temporaryFiles, openers }: SealedObjectsParts,
): SealedStore {
  const keys = ringKeys(keyring);
  const read = (id: string, range: ByteRange, options: SealOptions) =>
    readBlob({ inner, keys, id, options, openers }, range);
  return {
    async put(content, options = {}) {
      let sizeBytes = 0;
      const counted = async function* () {
        for await (const part of content) {
          sizeBytes += part.length;
          yield part;
        }
      };
      const id = newId(random);
      const stream = sealBlob({ keys, random, id, options }, counted());
      await inner.put(stream, { ...signalOf(options), id, partsStay: true });
      return { id, sizeBytes };
    },
    read: (id, range = everything, options = {}) => read(id, range, options),
    delete: (id) => inner.delete(id),
    asFile: (id, options = {}) =>
      temporaryFiles.make(read(id, everything, options), signalOf(options)),
    ids: () => inner.ids(),
    close: () => inner.close(),
    small: makeSmallSeals({ keys, random, temporaryFiles }),
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
    const { salt, cipher } = newCipher(random, { key: under, context });
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
  readonly openers: ChunkOpeners | undefined;
}

/** Says that what was opened is a message itself, of that form. */
class IsTwice extends Error {
  readonly form: ChunkedForm;

  constructor(form: ChunkedForm) {
    super();
    this.form = form;
  }
}

async function* readBlob(reading: Reading, range: ByteRange): ByteStream {
  try {
    yield* readOuter(reading, range, false);
  } catch (cause) {
    if (!(cause instanceof IsTwice)) throw named(cause, reading.id);
    // Thrown for the head, before anything was handed on.
    yield* readWithin(reading, range, cause.form);
  }
}

/** Says which blob is damaged. */
function named(cause: unknown, id: string): unknown {
  if (!(cause instanceof DamagedBlob) || cause.message.includes(id)) return cause;
  return new DamagedBlob(`blob ${id}: ${cause.message}`, { cause });
}

function readOuter(reading: Reading, range: ByteRange, twice: boolean): ByteStream {
  const { inner, keys, id, options } = reading;
  const head: Head = {
    lengthBytes: prefixBytes,
    chunkBytes,
    aside: asideOf(reading),
    // Who opens what is within takes no part for longer.
    partsPass: twice || options.partsPass,
    open(prefix) {
      const { kind, form, cipher } = outerCipher(prefix, { keys, id, options });
      if (kind === 'twice' && !twice) throw new IsTwice(form);
      return cipher;
    },
  };
  const reads = { ...signalOf(options), partsPass: true } as const;
  return openMessage((part) => inner.read(id, part, reads), head, range);
}

/** Only files can be read by another thread. */
function asideOf({ inner, id, options, openers }: Reading): Aside | undefined {
  const openBlob = inner.openBlob?.bind(inner, id);
  return openers && openBlob && { openers, openBlob, ...signalOf(options) };
}

function readWithin(reading: Reading, range: ByteRange, form: ChunkedForm): ByteStream {
  const { id, options } = reading;
  const head: Head = {
    lengthBytes: messageHeadBytes,
    chunkBytes: form.chunkBytes,
    open: (found) => innerCipher(found, { id, options, form }),
  };
  return openMessage((part) => readOuter(reading, part, true), head, range);
}
