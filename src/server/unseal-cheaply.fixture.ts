/** Keys from passphrases at no cost, for tests that are not about the cost. */
import { scryptSync } from 'node:crypto';
import type { KeyDerivation } from '../ports/key-derivation.ts';

export const argon2Derivation: KeyDerivation = {
  derive: async (passphrase, { salt }) => scryptSync(passphrase, salt, 32, { N: 2 }),
};
