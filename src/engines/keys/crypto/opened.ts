/**
 * Bytes of keys that are open, the most recently used of them, so that not each use opens them
 * again. Whether a key may be used is looked at elsewhere, each time: nothing here stands for it.
 */
import type { KeyObject } from 'node:crypto';
import { assert, defined } from '../../../kernel/assert.ts';
import type { Reader } from '../../../ports/metadata-store.ts';
import type { Vault } from '../../envelope/vault.ts';
import { type KeyRow, type MaterialRow, materialRows } from '../rows.ts';
import { materialKey, openMaterial, privateKeyOf } from './material.ts';
import { isPairSpec } from './specs.ts';

export interface OpenedMaterials {
  /**
   * What `use` makes of the bytes of a symmetric or HMAC key; undefined when the key has no such
   * material. The bytes are cleared some time later: `use` must not keep them, nor wait.
   */
  withBytes<T>(
    key: KeyRow,
    material: string,
    use: (bytes: Uint8Array) => T,
  ): Promise<T | undefined>;
  /** Of the one material of a pair; undefined when there is none. */
  privateKey(key: KeyRow): Promise<KeyObject | undefined>;
  /** SPKI DER. */
  publicKey(key: KeyRow): Promise<Buffer | undefined>;
  /** Clears what is open of a key: it is gone, or some of its bytes are. */
  forget(keyArn: string): void;
}

export interface OpenedParts {
  readonly reader: Reader;
  readonly vault: Vault;
  /** Most that are open at once. */
  readonly limit?: number;
}

const usualLimit = 500;

interface Opened {
  readonly keyArn: string;
  /** Of a pair empty. */
  readonly bytes: Buffer;
  readonly privateKey?: KeyObject;
}

export function makeOpenedMaterials({
  reader,
  vault,
  limit = usualLimit,
}: OpenedParts): OpenedMaterials {
  /** The least recently used first. */
  const open = new Map<string, Opened>();
  /** Tells whether something was forgotten while it was being read. */
  let forgotten = 0;

  const drop = (name: string) => {
    open.get(name)?.bytes.fill(0);
    open.delete(name);
  };

  async function use<T>(
    { key, material }: { readonly key: KeyRow; readonly material: string },
    work: (opened: Opened) => T,
  ): Promise<T | undefined> {
    const name = materialKey(key, material);
    const known = open.get(name);
    if (known) {
      open.delete(name);
      open.set(name, known);
      return work(known);
    }
    const before = forgotten;
    const row = await reader.get(materialRows, name);
    if (!row || row.sealed === '') return undefined;
    const opened = openedOf(key, row, vault);
    if (before === forgotten) {
      drop(name);
      open.set(name, opened);
      if (open.size > limit) drop(defined(open.keys().next().value, 'the oldest'));
      return work(opened);
    }
    try {
      return work(opened);
    } finally {
      opened.bytes.fill(0);
    }
  }

  return {
    withBytes: (key, material, work) => use({ key, material }, ({ bytes }) => work(bytes)),
    async privateKey(key) {
      if (key.material === undefined) return undefined;
      return use({ key, material: key.material }, ({ privateKey }) => privateKey);
    },
    async publicKey(key) {
      if (key.material === undefined) return undefined;
      const row = await reader.get(materialRows, materialKey(key, key.material));
      return row?.publicKey === undefined ? undefined : Buffer.from(row.publicKey, 'base64');
    },
    forget(keyArn) {
      forgotten += 1;
      for (const [name, opened] of open) if (opened.keyArn === keyArn) drop(name);
    },
  };
}

function openedOf(key: KeyRow, row: MaterialRow, vault: Vault): Opened {
  const opened = openMaterial(row, vault);
  assert(opened.ok, `material ${row.id} of ${key.arn} does not open`);
  const bytes = opened.value;
  if (!isPairSpec(key.spec)) return { keyArn: key.arn, bytes };
  try {
    return { keyArn: key.arn, bytes: Buffer.alloc(0), privateKey: privateKeyOf(bytes) };
  } finally {
    bytes.fill(0);
  }
}
