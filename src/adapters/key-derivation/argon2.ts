/** Argon2id of version 1.3 (RFC 9106), without secret and associated data. */
import type { KeyDerivation } from '../../ports/key-derivation.ts';

const keyBytes = 32;

/** Nothing is loaded before the first key: most servers start from a file. */
export const argon2Derivation: KeyDerivation = {
  async derive(passphrase, { salt, cost }) {
    const { argon2id } = await import('hash-wasm');
    return argon2id({
      password: passphrase,
      salt,
      memorySize: cost.memoryKib,
      iterations: cost.passes,
      parallelism: cost.lanes,
      hashLength: keyBytes,
      outputType: 'binary',
    });
  },
};
