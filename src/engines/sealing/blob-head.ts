/**
 * The head of a sealed blob, before the message that holds its content:
 * `"MKB" ‖ version(1) ‖ kind(1) ‖ 0(3) ‖ check of the ring's key(8) ‖ mac(16)`. The mac, under a
 * key derived from the ring's, covers the blob's id, the rest of the head, and the message's salt
 * and commitment: a file put in another's place is known for it, whoever's key is on its content.
 */
import { timingSafeEqual } from 'node:crypto';
import { shortHmac } from '../../kernel/hmac.ts';
import { deriveKey, type Keyring, keyCheck, keyCheckBytes } from '../envelope/keyring.ts';
import { type ChunkedForm, firstStorageForm, messageHeadBytes, storageForm } from './chunked.ts';
import { DamagedBlob } from './sealed-store.ts';

/** `own`: the store's key; `callers`: the caller's; `twice`: the caller's inside the store's. */
export type Kind = 'own' | 'callers' | 'twice';

/** The form of the messages by the version. */
const forms: ReadonlyMap<number, ChunkedForm> = new Map([
  [1, firstStorageForm],
  [2, storageForm],
]);
const version = 2;
const kinds: readonly Kind[] = ['own', 'callers', 'twice'];
const begins = 'MKB';
const magic = Buffer.from(begins);
const versionAt = magic.length;
const kindAt = versionAt + 1;
const checkAt = kindAt + 4;
const macAt = checkAt + keyCheckBytes;
const macBytes = 16;
export const headBytes = macAt + macBytes;
/** The head, and that of the message. */
export const prefixBytes = headBytes + messageHeadBytes;

/** What is derived from a key of the ring. */
export interface RingKeys {
  readonly check: Uint8Array;
  readonly contents: Uint8Array;
  readonly heads: Uint8Array;
}

/** Derives each once: a ring has few keys. */
export function ringKeys(keyring: Keyring): {
  current(): RingKeys;
  find(check: Uint8Array): RingKeys | undefined;
} {
  const known = new Map<Uint8Array, RingKeys>();
  const keysOf = (key: Uint8Array) => {
    const keys = known.get(key) ?? {
      check: keyCheck(key),
      contents: deriveKey(key, { purpose: 'object contents' }),
      heads: deriveKey(key, { purpose: 'object heads' }),
    };
    known.set(key, keys);
    return keys;
  };
  return {
    current: () => keysOf(keyring.current),
    find(check) {
      const key = keyring.find(check);
      return key && keysOf(key);
    },
  };
}

export interface HeadOptions {
  readonly id: string;
  readonly kind: Kind;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
}

export function blobHead(ring: RingKeys, { id, kind, salt, commitment }: HeadOptions): Buffer {
  const own = Uint8Array.of(version, kinds.indexOf(kind), 0, 0, 0);
  const rest = Buffer.concat([magic, own, ring.check]);
  const mac = macOf(ring, id, [rest, salt, commitment]);
  return Buffer.concat([rest, mac]);
}

/** The keys that a blob says it was sealed under. */
export function ringOf(
  keys: ReturnType<typeof ringKeys>,
  prefix: Uint8Array,
): RingKeys | undefined {
  return keys.find(prefix.subarray(checkAt, macAt));
}

/** `prefix` is of `prefixBytes`. Throws `DamagedBlob` when it is not what was put under the id. */
export function readHead(
  keys: ReturnType<typeof ringKeys>,
  id: string,
  prefix: Uint8Array,
): { readonly kind: Kind; readonly ring: RingKeys; readonly form: ChunkedForm } {
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.length);
  const form = forms.get(bytes[versionAt] ?? 0);
  if (!bytes.subarray(0, magic.length).equals(magic) || !form) {
    throw new DamagedBlob(`${id} is no sealed blob`);
  }
  const ring = ringOf(keys, bytes);
  if (!ring) throw new DamagedBlob(`${id} was sealed by another server, or its head was changed`);
  const mac = macOf(ring, id, [bytes.subarray(0, macAt), bytes.subarray(headBytes)]);
  const kind = kinds[bytes[kindAt] ?? kinds.length];
  if (!kind || !timingSafeEqual(mac, bytes.subarray(macAt, headBytes))) {
    throw new DamagedBlob(`${id} was changed, or is another blob`);
  }
  return { kind, ring, form };
}

/** Everything after the id has a length of its own. */
function macOf(ring: RingKeys, id: string, parts: readonly Uint8Array[]): Buffer {
  const mac = shortHmac('sha256', ring.heads, [`${id}\0`, ...parts]);
  return Buffer.from(mac.slice(0, macBytes), 'latin1');
}
