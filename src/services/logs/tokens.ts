/** Tokens of pages: opaque to clients, refused unless they are of the listing they came from. */
import { faults } from './faults.ts';

/** `what` names the listing; `at` is where it goes on. */
export function encodeToken(what: string, at: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([what, ...at])).toString('base64url');
}

/** What a token holds; undefined without one. Throws InvalidParameterException. */
export function decodeToken(
  token: string | undefined,
  what: string,
): readonly unknown[] | undefined {
  if (token === undefined) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch (cause) {
    if (cause instanceof SyntaxError) throw faults.invalidToken();
    throw cause;
  }
  if (!Array.isArray(parts) || parts[0] !== what) throw faults.invalidToken();
  const [, ...at] = parts;
  // Base64 is read leniently; what reads alike is not yet the token that was given.
  if (encodeToken(what, at) !== token) throw faults.invalidToken();
  return at;
}

/** The text that a token of one text holds. */
export function textIn(token: string | undefined, what: string): string | undefined {
  const parts = decodeToken(token, what);
  if (!parts) return undefined;
  const [text] = parts;
  if (typeof text !== 'string') throw faults.invalidToken();
  return text;
}
