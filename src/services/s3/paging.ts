/** Page sizes, continuation tokens and the url encoding of names, as S3's lists have them. */
import type { EncodingType } from '@aws-sdk/client-s3';
import { markLength, markOf } from '../../wire/page-tokens.ts';
import { faults } from './faults.ts';

export const maxPage = 1_000;

/** A page never has more than 1,000 entries, however many are asked for. */
export function pageSize(argument: string, asked: number | undefined): number {
  if (asked === undefined) return maxPage;
  if (Number.isInteger(asked) && asked >= 0) return Math.min(asked, maxPage);
  const message = `Argument ${argument} must be an integer between 0 and 2147483647`;
  throw faults.invalidArgument(argument, asked, message);
}

/** Tokens are opaque to clients, and of the list that gave them. */
export function writeToken(list: string, position: string): string {
  const text = Buffer.from(position).toString('base64url');
  return markOf(list, text) + text;
}

/** Throws InvalidArgument for a token that the list did not give. */
export function readToken(list: string, token: string): string {
  const position = Buffer.from(token.slice(markLength), 'base64url').toString();
  if (writeToken(list, position) === token) return position;
  throw faults.invalidArgument(
    'continuation-token',
    token,
    'The continuation token provided is incorrect',
  );
}

const asTheyAre = (name: string) => name;
const percentEncoded = (name: string) => encodeURIComponent(name).replaceAll('%2F', '/');

/** How names are written in an answer: as they are, or percent-encoded but for the slash. */
export function namesIn(encoding: EncodingType | undefined): (name: string) => string {
  if (encoding === undefined) return asTheyAre;
  if (encoding === 'url') return percentEncoded;
  const message = 'Invalid Encoding Method specified in Request';
  throw faults.invalidArgument('encoding-type', encoding, message);
}

export function optional<T>(value: T | undefined, map: (value: T) => T): T | undefined {
  return value === undefined ? undefined : map(value);
}
