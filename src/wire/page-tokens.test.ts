/** Page tokens are taken back by the operation that gave them and by no other. */
import { describe, expect, test } from 'vitest';
import { Fault } from './operation.ts';
import { withOwnTokens } from './page-tokens.ts';

interface Listing {
  readonly NextToken?: string;
}

const asked: (string | undefined)[] = [];
const list = async ({ NextToken }: Listing): Promise<Listing> => {
  asked.push(NextToken);
  return { NextToken: 'after-b' };
};
const table = withOwnTokens(
  { ListThings: list, ListOthers: list, GetThing: async (_: Listing) => {} },
  {
    taken: 'NextToken',
    given: 'NextToken',
    refusal: (token) => new Fault('InvalidNextToken', token, { status: 400 }),
  },
);

describe('withOwnTokens', () => {
  test('the operation itself sees its own tokens only', async () => {
    const { NextToken = '' } = await table.ListThings({});
    expect(NextToken).not.toBe('after-b');
    await table.ListThings({ NextToken });
    expect(asked).toEqual([undefined, 'after-b']);
  });

  test('tokens are the same each time: pages can be compared', async () => {
    expect(await table.ListThings({})).toEqual(await table.ListThings({}));
  });

  test('an empty token asks for the first page', async () => {
    expect(await table.ListThings({ NextToken: '' })).toEqual(await table.ListThings({}));
    expect(asked.at(-2)).toBeUndefined();
  });

  test.each([
    ['made up', async () => 'w-none'],
    ['of another list', async () => (await table.ListOthers({})).NextToken ?? ''],
    ['shortened', async () => (await table.ListThings({})).NextToken?.slice(0, -1) ?? ''],
    ['a mark and nothing more', async () => (await table.ListThings({})).NextToken?.slice(0, 8)],
  ])('a token that is %s is refused', async (_what, token) => {
    const NextToken = (await token()) ?? '';
    await expect(table.ListThings({ NextToken })).rejects.toMatchObject({
      code: 'InvalidNextToken',
    });
  });

  test('what answers no page stays as it was', async () => {
    expect(await table.GetThing({})).toBeUndefined();
  });
});
