/**
 * Under which ciphers the bytes of a blob are: one, or one within another. What is done with them
 * is in `sealed-objects.ts` for streams and in `small-seals.ts` for what fits in one chunk.
 */
import type { Random } from '../../kernel/random.ts';
import { headBytes, type Kind, readHead, type ringKeys, ringOf } from './blob-head.ts';
import {
  type ChunkCipher,
  type ChunkedForm,
  chunkCipher,
  commitsTo,
  saltBytes,
  storageForm,
} from './chunked.ts';
import { DamagedBlob, type SealOptions, WrongKey } from './sealed-store.ts';

const idBytes = 16;

export function newId(random: Random): string {
  return Buffer.from(random.bytes(idBytes)).toString('hex');
}

const processBytes = 8;
const largestCount = 0xffff_ffff;

/**
 * Ids in the order in which they were drawn, of a beginning that is this process's alone: as keys
 * of rows they lie side by side, so rows written together share their pages.
 */
export function orderedIds(random: Random): () => string {
  let beginning = '';
  let count = largestCount;
  return () => {
    if (count === largestCount) {
      beginning = Buffer.from(random.bytes(processBytes)).toString('hex');
      count = -1;
    }
    count += 1;
    const rest = Buffer.from(random.bytes(4)).toString('hex');
    return `${beginning}${count.toString(16).padStart(8, '0')}${rest}`;
  };
}

export interface Under {
  readonly key: Uint8Array;
  readonly context: string;
}

/** For a new message. */
export function newCipher(
  random: Random,
  under: Under,
): { readonly salt: Uint8Array; readonly cipher: ChunkCipher } {
  const salt = random.bytes(saltBytes);
  return { salt, cipher: chunkCipher(storageForm, { ...under, salt }) };
}

export interface Opening {
  readonly keys: ReturnType<typeof ringKeys>;
  readonly id: string;
  readonly options: SealOptions;
}

/** `prefix` is of `prefixBytes`. Throws `DamagedBlob` or `WrongKey`. */
export function outerCipher(prefix: Uint8Array, opening: Opening): Outer {
  if (opening.options.key) return checkedOuter(prefix, opening);
  return knownOuter(prefix, opening);
}

interface Outer {
  readonly kind: Kind;
  /** Also of what is within. */
  readonly form: ChunkedForm;
  readonly cipher: ChunkCipher;
}

interface KnownOuter extends Outer {
  readonly prefix: Uint8Array;
}

/** Of blobs under the store's own key that were read last: deriving takes half of a small read. */
const known = new WeakMap<Opening['keys'], Map<string, KnownOuter>>();
const mostKnown = 500;

function knownOuter(prefix: Uint8Array, opening: Opening): Outer {
  const { keys, id } = opening;
  const ofRing = known.get(keys) ?? new Map<string, KnownOuter>();
  const found = ofRing.get(id);
  // The very bytes that were checked, and the ring still has the key.
  if (found && Buffer.compare(found.prefix, prefix) === 0 && ringOf(keys, prefix)) return found;
  const outer = checkedOuter(prefix, opening);
  const [oldest] = ofRing.keys();
  if (ofRing.size >= mostKnown && oldest !== undefined) ofRing.delete(oldest);
  known.set(keys, ofRing.set(id, { ...outer, prefix: Buffer.from(prefix) }));
  return outer;
}

function checkedOuter(prefix: Uint8Array, { keys, id, options }: Opening): Outer {
  const { kind, ring, form } = readHead(keys, id, prefix);
  if ((kind === 'own') !== (options.key === undefined)) throw wrongKey(options);
  const callers = kind === 'callers' ? options.key : undefined;
  const under = { form, key: callers ?? ring.contents, context: contextOf(id, kind) };
  const cipher = committed(prefix.subarray(headBytes), under);
  if (cipher) return { kind, form, cipher };
  throw callers ? wrongKey(options) : new DamagedBlob(`${id} was changed`);
}

/** Of the message that is within another; `head` is of `messageHeadBytes`. Throws `WrongKey`. */
export function innerCipher(
  head: Uint8Array,
  { id, options, form }: Pick<Opening, 'id' | 'options'> & { readonly form: ChunkedForm },
): ChunkCipher {
  const { key } = options;
  const cipher = key && committed(head, { form, key, context: withinOf(id) });
  if (!cipher) throw wrongKey(options);
  return cipher;
}

/** Undefined when the message was sealed under another key, or its head was changed. */
function committed(
  head: Uint8Array,
  { form, ...under }: Under & { readonly form: ChunkedForm },
): ChunkCipher | undefined {
  const salt = head.subarray(0, saltBytes);
  const cipher = chunkCipher(form, { ...under, salt });
  return commitsTo(cipher, head.subarray(saltBytes)) ? cipher : undefined;
}

export function kindOf({ key, twice }: SealOptions): Kind {
  if (!key) return 'own';
  return twice ? 'twice' : 'callers';
}

export const contextOf = (id: string, kind: Kind) => `modelkeep object ${kind} ${id}`;
export const withinOf = (id: string) => `modelkeep object within ${id}`;

export function signalOf({ signal }: SealOptions): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

function wrongKey({ key }: SealOptions): WrongKey {
  return new WrongKey(key ? 'sealed under another key' : 'sealed under a key of its owner');
}
