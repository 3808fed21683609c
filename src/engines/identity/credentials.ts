/** Access keys: how they look, and how new ones are drawn. Where they are kept is not said here. */
import { randomText } from '../../kernel/ids.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** How the ids of temporary keys begin. */
export const temporaryPrefix = 'ASIA';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const secretAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** `random` must be fit for keys. */
export function newCredentials(random: Random): Credentials {
  return {
    accessKeyId: `AKIA${randomText(random, base32, 16)}`,
    secretAccessKey: randomText(random, secretAlphabet, 40),
  };
}

/** Of a session; they are worth nothing without its token. */
export function newTemporaryCredentials(random: Random): Credentials {
  const { accessKeyId, secretAccessKey } = newCredentials(random);
  return { accessKeyId: accessKeyId.replace('AKIA', temporaryPrefix), secretAccessKey };
}

/** What the secret of a long-term key is bound to where it is sealed. */
export function sealedSecretContext(accessKeyId: string): Readonly<Record<string, string>> {
  return { collection: 'identity/access-keys', accessKeyId };
}

/** Names the field and the rule, never the value. */
export function checkCredentials(given: Credentials): Outcome<Credentials> {
  if (!/^[A-Za-z0-9_]{16,128}$/.test(given.accessKeyId)) {
    return refuse('the access key id must have 16 to 128 letters, digits or underscores');
  }
  if (!/^[\x21-\x7e]{8,128}$/.test(given.secretAccessKey)) {
    return refuse('the secret access key must have 8 to 128 printable characters without spaces');
  }
  return ok({ accessKeyId: given.accessKeyId, secretAccessKey: given.secretAccessKey });
}
