/**
 * Marks the page tokens of a service's lists with the operation that gave them, and takes back only
 * what is so marked: a token that is made up or of another list is refused, never read as a place.
 * Not secret, and no guard of anything: whoever may list may also begin where they like.
 */
import { createHash } from 'node:crypto';
import type { Fault } from './operation.ts';

export interface PageTokens {
  /** The member of inputs that has a token, and the member of outputs that gives the next. */
  readonly taken: string;
  readonly given: string;
  readonly refusal: (token: string) => Fault;
}

type AnyTable = Readonly<Record<string, (input: never, ctx: never) => Promise<object | void>>>;
type Fields = Readonly<Record<string, unknown>>;

export const markLength = 8;

/** The same operations, whose tokens are their own. Operations without tokens are as they were. */
export function withOwnTokens<Table extends AnyTable>(table: Table, tokens: PageTokens): Table {
  const wrapped = Object.entries(table).map(([name, operation]) => [
    name,
    async (input: Fields, ctx: unknown) => {
      const { [tokens.taken]: token, ...others } = input;
      const meant =
        typeof token !== 'string' ? input : { ...others, ...taken(name, token, tokens) };
      return marked(name, await operation(meant as never, ctx as never), tokens);
    },
  ]);
  return Object.fromEntries(wrapped) as Table;
}

function marked(operation: string, output: object | void, { given }: PageTokens): object | void {
  const token = (output as Fields | undefined)?.[given];
  if (typeof token !== 'string') return output;
  return { ...(output as Fields), [given]: markOf(operation, token) + token };
}

/** An empty token asks for the first page: some clients begin so. */
function taken(operation: string, token: string, tokens: PageTokens): Fields {
  return token === '' ? {} : { [tokens.taken]: unmarked(operation, token, tokens) };
}

function unmarked(operation: string, token: string, { refusal }: PageTokens): string {
  const inner = token.slice(markLength);
  if (inner === '' || markOf(operation, inner) !== token.slice(0, markLength)) {
    throw refusal(token);
  }
  return inner;
}

/** Eight letters that tell the tokens of one list from all others. */
export function markOf(operation: string, token: string): string {
  const digest = createHash('sha256').update(`${operation}\n${token}`).digest('base64url');
  return digest.slice(0, markLength);
}
