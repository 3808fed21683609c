/** Versions, their labels and values: moved, repeated, forgotten, sealed. */
import { describe, expect, test } from 'vitest';
import { dayMs } from '../../kernel/clock.ts';
import { labels } from './rows.ts';
import { dump, good, scope, setupSecrets, text, token } from './secrets.fixture.ts';

const put = (name: string, value: string, more: { labels?: string[] } = {}) => ({
  ...{ token: token(name), value: text(value), ...more },
});

describe('putting', () => {
  test('moves AWSCURRENT to the new version and AWSPREVIOUS to the old', async () => {
    const { secrets, make, read, labels: staged } = setupSecrets();
    const secret = await make('s', 'one');
    good(await secrets.versions.put(secret, put('v2', 'two')));
    expect(await staged(secret)).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] });
    good(await secrets.versions.put(secret, put('v3', 'three')));
    expect(await staged(secret)).toEqual({ v1: [], v2: ['AWSPREVIOUS'], v3: ['AWSCURRENT'] });
    expect(await read(secret)).toBe('three');
    expect(await read(secret, { label: 'AWSPREVIOUS' })).toBe('two');
    expect(await read(secret, { id: token('v1') })).toBe('one');
    expect(await read(secret, { id: token('v1'), label: 'AWSCURRENT' })).toBe('invalidRequest');
    expect(await read(secret, { id: token('v9') })).toBe('notFound');
    expect(await read(secret, { label: 'other' })).toBe('notFound');
  });

  test('the same token again is the same version, unless the value differs', async () => {
    const { secrets, make, read, labels: staged } = setupSecrets();
    const secret = await make('s', 'one');
    good(await secrets.versions.put(secret, put('v2', 'two')));
    const again = good(await secrets.versions.put(secret, put('v2', 'two')));
    expect(again.labels).toEqual(['AWSCURRENT']);
    // Repeating an old call does not bring its value back.
    good(await secrets.versions.put(secret, put('v1', 'one')));
    expect(await staged(secret)).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] });
    expect(await secrets.versions.put(secret, put('v2', 'other'))).toMatchObject({
      problem: 'exists',
    });
    const bytes = { token: token('v2'), value: { ...text('two'), form: 'bytes' as const } };
    expect(await secrets.versions.put(secret, bytes)).toMatchObject({ problem: 'exists' });
    expect(await read(secret)).toBe('two');
  });

  test('the same token at the same time makes one version', async () => {
    const { secrets, make, labels: staged } = setupSecrets();
    const secret = await make('s');
    const puts = ['a', 'a', 'b'].map((value) => secrets.versions.put(secret, put('v', value)));
    const answers = (await Promise.all(puts)).map((one) => (one.ok ? 'put' : one.problem));
    expect(answers).toEqual(['put', 'put', 'exists']);
    expect(Object.keys(await staged(secret))).toEqual(['v']);
  });

  test('labels of their own leave AWSCURRENT alone, but on the first version', async () => {
    const { secrets, make, labels: staged } = setupSecrets();
    const secret = await make('s');
    good(await secrets.versions.put(secret, put('v1', 'one', { labels: ['blue'] })));
    good(await secrets.versions.put(secret, put('v2', 'two', { labels: ['green', 'blue'] })));
    expect(await staged(secret)).toEqual({ v1: ['AWSCURRENT'], v2: ['green', 'blue'] });
  });

  test('a version has twenty labels at most', async () => {
    const { secrets, make } = setupSecrets();
    const secret = await make('s', 'one');
    const many = Array.from({ length: 20 }, (_, i) => `label${i}`);
    good(await secrets.versions.put(secret, put('v2', 'two', { labels: many })));
    const move = { label: 'more', to: token('v2') };
    expect(await secrets.versions.move(secret, move)).toMatchObject({ problem: 'limit' });
  });

  test('old versions without a label go, young and new ones stay', async () => {
    const { secrets, make, clock } = setupSecrets();
    const secret = await make('s', 'one');
    for (let i = 0; i < 110; i += 1) {
      good(await secrets.versions.put(secret, put(`w${i}`, 'x')));
      clock.moveTo(clock.nowMs() + 1_000);
    }
    expect(await secrets.versions.list(secret)).toHaveLength(111);
    clock.moveTo(clock.nowMs() + dayMs);
    good(await secrets.versions.put(secret, put('last', 'x')));
    const left = await secrets.versions.list(secret);
    expect(left.filter((one) => one.labels.length === 0)).toHaveLength(101);
    expect(left.some((one) => one.id === token('v1'))).toBe(false);
    expect(left.some((one) => one.id === token('w109'))).toBe(true);
  });
});

describe('labels', () => {
  const moving = async () => {
    const setup = setupSecrets();
    const secret = await setup.make('s', 'one');
    good(await setup.secrets.versions.put(secret, put('v2', 'two')));
    good(await setup.secrets.versions.put(secret, put('v3', 'three', { labels: ['blue'] })));
    return { ...setup, secret, move: setup.secrets.versions.move };
  };

  test('a moved AWSCURRENT leaves AWSPREVIOUS behind', async () => {
    const { secret, move, labels: staged } = await moving();
    const back = { label: labels.current, to: token('v1'), from: token('v2') };
    good(await move(secret, back));
    expect(await staged(secret)).toEqual({
      ...{ v1: ['AWSCURRENT'], v2: ['AWSPREVIOUS'], v3: ['blue'] },
    });
  });

  test('a label is taken away, moved, or put where there was none', async () => {
    const { secret, move, labels: staged } = await moving();
    good(await move(secret, { label: 'blue', from: token('v3') }));
    good(await move(secret, { label: 'green', to: token('v3') }));
    good(await move(secret, { label: 'green', to: token('v1'), from: token('v3') }));
    expect((await staged(secret)).v1).toEqual(['AWSPREVIOUS', 'green']);
    good(await move(secret, { label: 'green', to: token('v1') }));
  });

  test.each([
    [{ label: 'AWSCURRENT', to: token('v3') }, /RemoveFromVersionId can't be empty.*v2/],
    [{ label: 'AWSCURRENT', to: token('v3'), from: token('v1') }, /not currently attached/],
    [{ label: 'AWSCURRENT', from: token('v2') }, /only move staging label AWSCURRENT/],
    [{ label: 'blue', from: token('v1') }, /not currently attached/],
    [{ label: 'blue', to: token('v8'), from: token('v3') }, /can't find.*v8/],
    [{ label: 'blue' }, /MoveToVersionId, RemoveFromVersionId/],
  ])('%j is refused', async (asked, reason) => {
    const { secret, move, labels: staged } = await moving();
    const before = await staged(secret);
    const answer = await move(secret, asked);
    expect(answer.ok ? 'moved' : answer.reason).toMatch(reason);
    expect(await staged(secret)).toEqual(before);
  });
});

describe('sealing', () => {
  test('no value is in a row', async () => {
    const { secrets, make, store } = setupSecrets();
    const secret = await make('s', 'hunter2-hunter2');
    good(await secrets.versions.put(secret, put('v2', 'correct horse')));
    const rows = await dump(store, ['secrets/secret', 'secrets/version', 'secrets/value']);
    expect(rows).toContain('AWSPREVIOUS');
    for (const value of ['hunter2-hunter2', 'correct horse']) {
      expect(rows).not.toContain(value);
      expect(rows).not.toContain(Buffer.from(value).toString('base64').slice(0, 12));
    }
  });

  test('a value is bound to its secret, its version and its form', async () => {
    const { secrets, make, read, store } = setupSecrets();
    const one = await make('one', 'first');
    const two = await make('two', 'second');
    good(await secrets.versions.put(one, put('v2', 'third')));
    const values = { name: 'secrets/value' };
    const row = async (arn: string, name: string) =>
      await store.get<Record<string, string>>(values, `${arn}|${token(name)}`);
    const replace = async (arn: string, name: string, by: object | undefined) =>
      await store.write((tx) => tx.put(values, `${arn}|${token(name)}`, by));
    await replace(one.arn, 'v1', await row(two.arn, 'v1'));
    expect(await read(one, { id: token('v1') })).toBe('decryption');
    await replace(one.arn, 'v1', await row(one.arn, 'v2'));
    expect(await read(one, { id: token('v1') })).toBe('decryption');
    await replace(one.arn, 'v2', { ...(await row(one.arn, 'v2')), form: 'bytes' });
    expect(await read(one)).toBe('decryption');
    expect(await read(two)).toBe('second');
  });

  test('a disabled key neither opens nor seals, until it is enabled', async () => {
    const { secrets, addKey, setState, read } = setupSecrets();
    const key = await addKey();
    const first = { token: token('v1'), value: text('one') };
    const made = await secrets.life.create({ name: 's', scope, tags: [], keyId: key.id, first });
    const { secret } = good(made);
    await setState(key, 'Disabled');
    expect(await read(secret)).toBe('decryption');
    expect(await secrets.versions.put(secret, put('v2', 'two'))).toMatchObject({
      problem: 'encryption',
      reason: expect.stringMatching(/^Secrets Manager can't encrypt/),
    });
    expect(await secrets.versions.put(secret, put('v1', 'one'))).toMatchObject({
      problem: 'decryption',
    });
    await setState(key, 'Enabled');
    expect(await read(secret)).toBe('one');
  });

  test('a key that is not there seals nothing', async () => {
    const { secrets } = setupSecrets();
    const first = { token: token('v1'), value: text('one') };
    const asked = { name: 's', scope, tags: [], keyId: 'alias/nothing', first };
    expect(await secrets.life.create(asked)).toMatchObject({ problem: 'encryption' });
    expect(await secrets.life.find('s', scope)).toBeUndefined();
  });

  test('another key: labelled values are sealed anew', async () => {
    const { secrets, make, addKey, setState, read } = setupSecrets();
    const secret = await make('s', 'one');
    good(await secrets.versions.put(secret, put('v2', 'two')));
    const key = await addKey();
    const changed = { ...secret, keyId: key.arn };
    good(
      await secrets.life.change(secret, (row) => ({ ok: true, value: { ...row, keyId: key.arn } })),
    );
    good(await secrets.versions.reseal(changed));
    expect((await secrets.versions.list(secret)).map(({ keyArn }) => keyArn)).toEqual([
      key.arn,
      key.arn,
    ]);
    expect(await read(secret, { label: 'AWSPREVIOUS' })).toBe('one');
    await setState(key, 'Disabled');
    expect(await read(secret)).toBe('decryption');
  });
});

test('reading is noted by the day', async () => {
  const { secrets, make, read, clock } = setupSecrets();
  const secret = await make('s', 'one');
  const accessed = async () => (await secrets.life.find('s', scope))?.accessedDayMs;
  expect(await accessed()).toBeUndefined();
  await read(secret);
  expect(await accessed()).toBe(Date.UTC(2024, 4, 14));
  clock.moveTo(clock.nowMs() + dayMs);
  await read(secret);
  expect(await accessed()).toBe(Date.UTC(2024, 4, 15));
});
