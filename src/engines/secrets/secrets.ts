/** The secrets engine: everything that services and jobs do with secrets. */
import { type Life, makeLife } from './life.ts';
import { withoutSecrets } from './masking.ts';
import type { SecretParts } from './parts.ts';
import { makeRotations, type Rotations } from './rotation.ts';
import { makeVersions, type Versions } from './versions.ts';

export type { SecretParts } from './parts.ts';

export interface Secrets {
  readonly life: Life;
  readonly versions: Versions;
  readonly rotations: Rotations;
  readonly keys: SecretParts['keys'];
  /** By the server's clock. */
  nowMs(): number;
  /** Text that is to be told, without any value of the secret (by its ARN). */
  masked(secret: string, text: string): Promise<string>;
}

export function makeSecrets(parts: SecretParts): Secrets {
  return {
    life: makeLife(parts),
    versions: makeVersions(parts),
    rotations: makeRotations(parts),
    keys: parts.keys,
    nowMs: () => parts.clock.nowMs(),
    masked: (secret, text) => withoutSecrets(parts, secret, text),
  };
}
