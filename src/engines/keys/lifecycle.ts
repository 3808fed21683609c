/** What the life of keys needs from the rest of the server, as operations and upkeep have it. */
import type { Wake } from '../../kernel/loop.ts';
import { type MaterialParts, newMaterial } from './crypto/material.ts';
import type { KeySpec, MaterialRow } from './rows.ts';

export interface Lifecycle {
  /** New bytes for a key, sealed; see `crypto/material.ts`. */
  newMaterial(spec: KeySpec, keyArn: string): Promise<MaterialRow>;
  /** Drops what is kept in memory of the key's opened bytes. */
  forget(keyArn: string): void;
  /** Tells the upkeep that something may be due earlier than it said. */
  readonly wake: Wake;
}

export interface LifecycleParts extends MaterialParts {
  readonly keys: Pick<Lifecycle, 'forget'>;
  readonly wake: Wake;
}

export function makeLifecycle({ keys, wake, ...parts }: LifecycleParts): Lifecycle {
  return {
    newMaterial: (spec, keyArn) => newMaterial(spec, parts, keyArn),
    forget: (keyArn) => keys.forget(keyArn),
    wake,
  };
}
