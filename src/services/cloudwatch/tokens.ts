/** Page tokens: opaque to clients, and refused unless they are of the call they came from. */
import { faults } from './faults.ts';

/** `what` names the listing; `at` is where it goes on. */
export function encodeToken(what: string, at: string | number): string {
  return Buffer.from(JSON.stringify([what, at])).toString('base64url');
}

/** The place a text token stands for; undefined without a token. Throws InvalidNextToken. */
export function textIn(token: string | undefined, what: string): string | undefined {
  if (token === undefined) return undefined;
  const at = decode(token, what);
  if (typeof at !== 'string') throw faults.invalidToken();
  return at;
}

/** The place a counting token stands for; 0 without a token. Throws InvalidNextToken. */
export function countIn(token: string | undefined, what: string): number {
  if (token === undefined) return 0;
  const at = decode(token, what);
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) throw faults.invalidToken();
  return at;
}

function decode(token: string, what: string): unknown {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch (cause) {
    if (cause instanceof SyntaxError) throw faults.invalidToken();
    throw cause;
  }
  if (!Array.isArray(parts) || parts.length !== 2 || parts[0] !== what) throw faults.invalidToken();
  const [, at] = parts;
  // Base64 is read leniently; what reads alike is not yet the token that was given.
  if (encodeToken(what, at) !== token) throw faults.invalidToken();
  return at;
}
