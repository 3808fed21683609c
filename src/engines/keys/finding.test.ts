/** What references to keys mean, and which key they find. */
import { expect, test } from 'vitest';
import { linkAlias } from './aliases.ts';
import { aliasMeant, arnMeant, findKey, meantBy } from './finding.ts';
import { scope, setup, startMs } from './keys.fixture.ts';

const id = '1234abcd-1234-1234-1234-123456789012';
const multi = `mrk-${'a'.repeat(32)}`;
const arn = (what: string) => `arn:aws:kms:eu-west-1:111122223333:${what}`;

test.each([
  [id, 'key', id],
  [multi, 'key', multi],
  [arn(`key/${id}`), 'key', id],
  ['alias/a/b', 'alias', 'alias/a/b'],
  [arn('alias/a'), 'alias', 'alias/a'],
])('%s is %s %s', (reference, kind, name) => {
  expect(meantBy(reference, scope)).toEqual({ kind, name, scope });
  expect(arnMeant(reference, scope)).toBe(arn(kind === 'alias' ? name : `key/${name}`));
  expect(aliasMeant(reference, scope)).toBe(kind === 'alias' ? name : undefined);
});

test('an ARN brings its own account and region', () => {
  const meant = meantBy('arn:aws:kms:us-east-1:999988887777:alias/a', scope);
  expect(meant?.scope).toEqual({ ...scope, region: 'us-east-1', account: '999988887777' });
});

test.each([
  ...['', 'x', 'key', `key/${id}`, id.toUpperCase(), 'mrk-1', 'arn:', 'arn:aws:kms'],
  ...[arn(id), arn(`alias/key/${id}`).replace('kms', 's3'), arn('key/alias/x'), arn('key/')],
])('%s is nothing, and asking for it fails on nothing', async (reference) => {
  expect(meantBy(reference, scope)).toBeUndefined();
  expect(arnMeant(reference, scope)).toMatch(/^arn:aws:kms:eu-west-1:111122223333:key\/[^:]*$/);
  const { store } = setup();
  expect(await findKey(store, reference, scope)).toMatchObject({ ok: false, problem: 'notFound' });
});

test('a key is found by each of its names, and in its account only', async () => {
  const { store, create } = setup();
  const key = await create();
  await store.write((tx) => linkAlias(tx, key, { name: 'alias/x', nowMs: startMs }));
  for (const name of [key.id, key.arn, 'alias/x', arn('alias/x')]) {
    const found = await findKey(store, name, scope);
    expect(found.ok && found.value.id).toBe(key.id);
  }
  const other = { ...scope, account: '999988887777' };
  expect(await findKey(store, key.id, other)).toMatchObject({ ok: false });
  expect(await findKey(store, 'alias/x', other)).toMatchObject({ ok: false });
  expect(await findKey(store, key.arn, other)).toMatchObject({ ok: true });
});
