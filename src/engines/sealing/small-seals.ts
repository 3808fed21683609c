/**
 * Small contents sealed in one go: the very bytes that a blob of them would have, for whoever keeps
 * them in a place of its own.
 */
import { assert } from '../../kernel/assert.ts';
import { once } from '../../kernel/bytes.ts';
import type { Random } from '../../kernel/random.ts';
import type { TemporaryFiles } from '../../ports/temporary-files.ts';
import {
  contextOf,
  innerCipher,
  kindOf,
  newCipher,
  type Opening,
  orderedIds,
  outerCipher,
  signalOf,
  type Under,
  withinOf,
} from './blob-ciphers.ts';
import { blobHead, headBytes, prefixBytes, type ringKeys } from './blob-head.ts';
import { type ChunkCipher, messageHeadBytes } from './chunked.ts';
import { DamagedBlob, mostSmallBytes, type SealOptions, type SmallSeals } from './sealed-store.ts';

export interface SmallSealsParts {
  readonly keys: ReturnType<typeof ringKeys>;
  readonly random: Random;
  readonly temporaryFiles: TemporaryFiles;
}

export function makeSmallSeals({ keys, random, temporaryFiles }: SmallSealsParts): SmallSeals {
  const nextId = orderedIds(random);
  const open = (id: string, sealed: Uint8Array, options: SealOptions) =>
    openSmall(sealed, { keys, id, options });
  return {
    seal(content, options = {}) {
      assert(content.length <= mostSmallBytes, 'too much for one chunk');
      const id = nextId();
      return { id, sealed: sealSmall({ keys, random, id, options }, content) };
    },
    open: ({ id, sealed }, options = {}) => open(id, sealed, options),
    asFile: async ({ id, sealed }, options = {}) =>
      temporaryFiles.make(once(open(id, sealed, options)), signalOf(options)),
  };
}

interface Sealing extends Opening {
  readonly random: Random;
}

function sealSmall({ keys, random, id, options }: Sealing, content: Uint8Array): Buffer {
  const kind = kindOf(options);
  const ring = keys.current();
  const { key = ring.contents } = options;
  const message = (under: Under, of: Uint8Array) => {
    const { salt, cipher } = newCipher(random, under);
    const chunk = cipher.seal(0);
    const sealed = Buffer.concat([salt, cipher.commitment, chunk.update(of), chunk.end()]);
    return { salt, sealed, commitment: cipher.commitment };
  };
  const within =
    kind === 'twice' ? message({ key, context: withinOf(id) }, content).sealed : content;
  const used = kind === 'callers' ? key : ring.contents;
  const { sealed, ...head } = message({ key: used, context: contextOf(id, kind) }, within);
  return Buffer.concat([blobHead(ring, { id, kind, ...head }), sealed]);
}

/** The message's head belongs to the prefix: its chunk comes right behind. */
function openSmall(sealed: Uint8Array, opening: Opening): Uint8Array {
  const { id } = opening;
  if (sealed.length < prefixBytes) throw new DamagedBlob(`${id} ends before its content`);
  const { kind, form, cipher } = outerCipher(sealed.subarray(0, prefixBytes), opening);
  const content = onlyChunk(sealed.subarray(headBytes), cipher, id);
  if (kind !== 'twice') return content;
  const inner = innerCipher(content.subarray(0, messageHeadBytes), { ...opening, form });
  return onlyChunk(content, inner, id);
}

function onlyChunk(message: Uint8Array, cipher: ChunkCipher, id: string): Uint8Array {
  const content = cipher.open(0, message.subarray(messageHeadBytes));
  if (!content) throw new DamagedBlob(`${id} was changed`);
  return content;
}
