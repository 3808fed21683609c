/** Lists of secrets and versions: found, sorted, in pages. */
import { expect, test } from 'vitest';
import { token } from '../../engines/secrets/secrets.fixture.ts';
import { setup } from './secretsmanager.fixture.ts';

interface Listed {
  readonly SecretList: readonly { readonly Name: string }[];
  readonly NextToken?: string;
}

async function stocked() {
  const all = setup();
  const { run, clock } = all;
  for (const [Name, Description] of [
    ['beta', 'second'],
    ['alpha', 'first'],
    ['gamma', 'third'],
  ]) {
    await run('CreateSecret', { Name, Description, SecretString: 'x' });
    clock.moveTo(clock.nowMs() + 1_000);
  }
  await run('UpdateSecret', { SecretId: 'beta', Description: 'changed' });
  const list = async (input: object) => {
    const names: string[] = [];
    for (let NextToken: string | undefined; ; ) {
      const next = NextToken ? { NextToken } : {};
      const page: Listed = await run<Listed>('ListSecrets', { ...input, ...next });
      names.push(page.SecretList.map(({ Name }) => Name).join(' '));
      NextToken = page.NextToken;
      if (!NextToken) return names;
    }
  };
  return { ...all, list };
}

test('secrets are found and sorted', async () => {
  const { list } = await stocked();
  expect(await list({})).toEqual(['beta alpha gamma']);
  expect(await list({ SortOrder: 'desc' })).toEqual(['gamma alpha beta']);
  expect(await list({ SortBy: 'name' })).toEqual(['alpha beta gamma']);
  expect(await list({ SortBy: 'last-changed-date', SortOrder: 'desc' })).toEqual([
    'beta gamma alpha',
  ]);
  expect(await list({ SortBy: 'last-accessed-date' })).toEqual(['alpha beta gamma']);
  expect(await list({ Filters: [{ Key: 'description', Values: ['third', 'chan'] }] })).toEqual([
    'beta gamma',
  ]);
  expect(await list({ Filters: [{ Key: 'name', Values: ['!beta'] }] })).toEqual(['alpha gamma']);
});

test('pages are whole, whatever the order', async () => {
  const { list } = await stocked();
  expect(await list({ MaxResults: 1 })).toEqual(['beta', 'alpha', 'gamma']);
  expect(await list({ MaxResults: 2, SortBy: 'name', SortOrder: 'desc' })).toEqual([
    'gamma beta',
    'alpha',
  ]);
});

test('entries tell what DescribeSecret tells', async () => {
  const { run } = await stocked();
  const { SecretList } = await run<Listed>('ListSecrets', {
    Filters: [{ Key: 'name', Values: ['alpha'] }],
  });
  const { VersionIdsToStages, ...described } = await run('DescribeSecret', { SecretId: 'alpha' });
  expect(SecretList).toEqual([{ ...described, SecretVersionsToStages: VersionIdsToStages }]);
});

test.each([
  ['nonsense'],
  [Buffer.from('["a"]').toString('base64url')],
  [Buffer.from('["name","x"]').toString('base64url')],
  [Buffer.from('{"a":1}').toString('base64url')],
])('the token %s is refused', async (NextToken) => {
  const { refusal } = await stocked();
  expect(await refusal('ListSecrets', { NextToken })).toMatch(/^InvalidNextTokenException/);
});

test('filters need values', async () => {
  const { refusal } = await stocked();
  for (const filter of [{ Key: 'name' }, { Values: ['x'] }]) {
    expect(await refusal('ListSecrets', { Filters: [filter] })).toMatch(/^InvalidParameter/);
  }
});

test('versions are listed, those without a label only when asked for', async () => {
  const { run, clock, refusal } = setup();
  const { ARN } = await run('CreateSecret', { Name: 's' });
  for (const name of ['v1', 'v2', 'v3']) {
    const put = { SecretString: name, ClientRequestToken: token(name) };
    await run('PutSecretValue', { SecretId: 's', ...put });
    clock.moveTo(clock.nowMs() + 1_000);
  }
  const listed = await run<{ Versions: { VersionId: string }[] }>('ListSecretVersionIds', {
    SecretId: 's',
  });
  expect(listed).toMatchObject({
    ...{ ARN, Name: 's' },
    Versions: [
      {
        ...{ VersionId: token('v3'), VersionStages: ['AWSCURRENT'] },
        KmsKeyIds: ['DefaultEncryptionKey'],
      },
      { VersionId: token('v2'), VersionStages: ['AWSPREVIOUS'] },
    ],
  });
  const all = { SecretId: 's', IncludeDeprecated: true, MaxResults: 2 };
  const first = await run<{ Versions: object[]; NextToken: string }>('ListSecretVersionIds', all);
  const { NextToken } = first;
  const rest = await run('ListSecretVersionIds', { ...all, NextToken });
  expect(first.Versions).toHaveLength(2);
  expect(rest).toMatchObject({ Versions: [{ VersionId: token('v1') }] });
  expect(rest).not.toHaveProperty('NextToken');
  expect(await refusal('ListSecretVersionIds', { SecretId: 'x' })).toMatch(/^ResourceNotFound/);
});
