/** Shamir's scheme over GF(2^8), by a package that was audited. */
import { ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { SecretSharing } from '../../ports/secret-sharing.ts';

export const shamirSharing: SecretSharing = {
  async split(secret, { count, threshold }) {
    const { split } = await import('shamir-secret-sharing');
    const plain = plainBytes(secret);
    const shares = await split(plain, count, threshold);
    plain.fill(0);
    return shares;
  },
  async combine(shares) {
    const { combine } = await import('shamir-secret-sharing');
    const plain = shares.map(plainBytes);
    try {
      return ok(await combine(plain));
    } catch (cause) {
      // It throws for shares that cannot belong together, and for nothing else.
      return refuse(reasonOf(cause));
    } finally {
      for (const bytes of plain) bytes.fill(0);
    }
  },
};

/** The package takes no kind of bytes but the plainest: a `Buffer` is none. */
const plainBytes = (bytes: Uint8Array) => Uint8Array.from(bytes);
