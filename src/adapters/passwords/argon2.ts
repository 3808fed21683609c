/**
 * Passwords hashed with Argon2id (RFC 9106) at the parameters that OWASP gives as its minimum:
 * 19 MiB, two passes, one lane. Hashes with stronger or weaker parameters are read as they say.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Random } from '../../kernel/random.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import { HashThread } from './hash-thread.ts';

const memoryKib = 19_456;
const passes = 2;
const lanes = 1;
const saltBytes = 16;
const hashBytes = 32;
/** What a hash may ask of the machine. */
const mostMemoryKib = 262_144;
const mostPasses = 16;
const mostLanes = 8;

const phc = new RegExp(
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})/.source +
    /\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/.source,
);

/** `random` must be fit for salts, which need not be secret. */
export function argon2Passwords(random: Random): PasswordHasher {
  const thread = new HashThread();
  return {
    async hash(password) {
      const salt = random.bytes(saltBytes);
      const hash = await thread.hash({
        ...{ password: bytesOf(password), salt, hashLength: hashBytes },
        ...{ memorySize: memoryKib, iterations: passes, parallelism: lanes },
      });
      const cost = `m=${memoryKib},t=${passes},p=${lanes}`;
      return `$argon2id$v=19$${cost}$${unpadded(salt)}$${unpadded(hash)}`;
    },
    async verify(password, hash) {
      const read = readHash(hash);
      if (!read) return false;
      const { expected, ...options } = read;
      // No password has no hash; it is refused after the same time as any other.
      const given = bytesOf(password === '' ? 'none' : password);
      const asked = { ...options, password: given, hashLength: expected.length };
      return timingSafeEqual(await thread.hash(asked), expected) && password !== '';
    },
  };
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** The same letters are the same password, however a keyboard composes them. */
function bytesOf(password: string): Uint8Array {
  return Buffer.from(password.normalize('NFC'), 'utf8');
}

function readHash(text: string) {
  const [, memory = '', iterations = '', parallelism = '', salt = '', hash = ''] =
    phc.exec(text) ?? [];
  const options = {
    memorySize: Number(memory),
    iterations: Number(iterations),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    expected: Buffer.from(hash, 'base64'),
  };
  const within =
    options.memorySize >= 8 * options.parallelism &&
    options.memorySize <= mostMemoryKib &&
    options.iterations >= 1 &&
    options.iterations <= mostPasses &&
    options.parallelism >= 1 &&
    options.parallelism <= mostLanes;
  return within ? options : undefined;
}
