/** OpenID Connect providers. */
import type * as sdk from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { arnOf, setup, startMs } from './policy.fixture.ts';

const Url = 'https://id.example.com/realm/';
const OpenIDConnectProviderArn = arnOf('oidc-provider/id.example.com/realm');
const ThumbprintList = ['a'.repeat(40)];

async function start() {
  const made = setup();
  const asked = { Url, ClientIDList: ['one', 'one'], ThumbprintList };
  const answer = await made.run('CreateOpenIDConnectProvider', asked);
  expect(answer).toEqual({ OpenIDConnectProviderArn, Tags: [] });
  return made;
}

test('a provider is kept, changed and deleted', async () => {
  const { run } = await start();
  const get = () =>
    run<sdk.GetOpenIDConnectProviderResponse>('GetOpenIDConnectProvider', {
      OpenIDConnectProviderArn,
    });
  expect(await get()).toEqual({
    Url: 'id.example.com/realm',
    ClientIDList: ['one'],
    ThumbprintList,
    CreateDate: new Date(startMs),
  });
  const change = { OpenIDConnectProviderArn };
  await run('AddClientIDToOpenIDConnectProvider', { ...change, ClientID: 'two' });
  await run('AddClientIDToOpenIDConnectProvider', { ...change, ClientID: 'two' });
  await run('RemoveClientIDFromOpenIDConnectProvider', { ...change, ClientID: 'one' });
  await run('RemoveClientIDFromOpenIDConnectProvider', { ...change, ClientID: 'absent' });
  const fresh = ['b'.repeat(40)];
  await run('UpdateOpenIDConnectProviderThumbprint', { ...change, ThumbprintList: fresh });
  expect(await get()).toMatchObject({ ClientIDList: ['two'], ThumbprintList: fresh });
  expect(await run('ListOpenIDConnectProviders')).toEqual({
    OpenIDConnectProviderList: [{ Arn: OpenIDConnectProviderArn }],
  });
  const b = { Key: 'b', Value: '' };
  await run('TagOpenIDConnectProvider', { ...change, Tags: [{ Key: 'a', Value: '' }, b] });
  await run('UntagOpenIDConnectProvider', { ...change, TagKeys: ['a'] });
  expect(await run('ListOpenIDConnectProviderTags', change)).toMatchObject({ Tags: [b] });
  await run('DeleteOpenIDConnectProvider', change);
  await run('DeleteOpenIDConnectProvider', change);
  await expect(get()).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
  });
});

describe('is refused', () => {
  test.each([
    ['http', { Url: 'http://id.example.com' }, 'ValidationError'],
    ['no URL', { Url: 'https://' }, 'ValidationError'],
    ['a query', { Url: 'https://id.example.com/?a=b' }, 'ValidationError'],
    ['a user', { Url: 'https://a:b@id.example.com' }, 'ValidationError'],
    ['a thumbprint that is none', { Url, ThumbprintList: ['x'.repeat(40)] }, 'ValidationError'],
    [
      'six thumbprints',
      { Url, ThumbprintList: Array.from({ length: 6 }, () => 'a'.repeat(40)) },
      'InvalidInputException',
    ],
    [
      'a hundred and one clients',
      { Url, ClientIDList: Array.from({ length: 101 }, (_, i) => `c${i}`) },
      'LimitExceededException',
    ],
  ])('%s', async (_what, input, code) => {
    const { run } = setup();
    await expect(run('CreateOpenIDConnectProvider', input)).rejects.toMatchObject({ code });
    expect(await run('ListOpenIDConnectProviders')).toEqual({ OpenIDConnectProviderList: [] });
  });

  test('a second one of the same URL', async () => {
    const { run } = await start();
    const same = { Url: 'https://id.example.com/realm' };
    await expect(run('CreateOpenIDConnectProvider', same)).rejects.toMatchObject({
      code: 'EntityAlreadyExistsException',
    });
  });
});
