/** Secrets made, found, deleted after a while, and taken back. */
import { describe, expect, test } from 'vitest';
import { dayMs } from '../../kernel/clock.ts';
import { dump, good, scope, setupSecrets, startMs, text, token } from './secrets.fixture.ts';

const create = (name: string, value = 'one', id = 'v1') => ({
  ...{ name, scope, tags: [], first: { token: token(id), value: text(value) } },
});

describe('making', () => {
  test('gives an ARN of its own to every secret of a name', async () => {
    const { secrets } = setupSecrets();
    const { secret } = good(await secrets.life.create(create('prod/db')));
    expect(secret.arn).toMatch(
      /^arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod\/db-[A-Za-z0-9]{6}$/,
    );
    await secrets.life.destroy(secret);
    const again = good(await secrets.life.create(create('prod/db'))).secret;
    expect(again.arn).not.toBe(secret.arn);
    expect(await secrets.versions.list(secret)).toEqual([]);
  });

  test('the very same call again is the same secret; another one is refused', async () => {
    const { secrets } = setupSecrets();
    const made = good(await secrets.life.create(create('s')));
    expect(good(await secrets.life.create(create('s'))).secret.arn).toBe(made.secret.arn);
    for (const other of [
      create('s', 'two'),
      create('s', 'one', 'v2'),
      { name: 's', scope, tags: [] },
    ]) {
      expect(await secrets.life.create(other)).toMatchObject({ problem: 'exists' });
    }
    const both = await Promise.all([create('t', 'x'), create('t', 'y')].map(secrets.life.create));
    expect(both.map(({ ok }) => ok)).toEqual([true, false]);
  });

  test('finds by name, by ARN, and by ARN without its end', async () => {
    const { secrets, make } = setupSecrets();
    const secret = await make('a/b');
    const longer = await make(`${secret.name}-${secret.arn.slice(-6)}`);
    const partial = secret.arn.slice(0, -7);
    for (const reference of ['a/b', secret.arn, partial]) {
      expect((await secrets.life.find(reference, scope))?.arn).toBe(secret.arn);
    }
    expect((await secrets.life.find(longer.name, scope))?.arn).toBe(longer.arn);
    const elsewhere = secret.arn.replace('eu-west-1', 'us-east-1');
    for (const reference of [
      'a',
      'A/B',
      `${partial}-abcdef`,
      elsewhere,
      '',
      partial.slice(0, -1),
    ]) {
      expect(await secrets.life.find(reference, scope)).toBeUndefined();
    }
    expect(await secrets.life.find('a/b', { ...scope, account: '999999999999' })).toBeUndefined();
    expect(
      await secrets.life.find(secret.arn, { ...scope, account: '999999999999' }),
    ).toBeDefined();
  });
});

describe('deletion', () => {
  test('waits; until then the secret is only described, and can be taken back', async () => {
    const { secrets, make, read, clock } = setupSecrets();
    const secret = await make('s', 'one');
    const deleted = good(await secrets.life.scheduleDeletion(secret, 7));
    expect(deleted.deleteAtMs).toBe(startMs + 7 * dayMs);
    expect(await read(secret)).toBe('invalidRequest');
    const put = { token: token('v2'), value: text('two') };
    for (const answer of [
      await secrets.versions.put(secret, put),
      await secrets.versions.move(secret, { label: 'x', to: token('v1') }),
      await secrets.life.change(secret, (row) => ({ ok: true, value: row })),
      await secrets.life.scheduleDeletion(secret, 7),
      await secrets.life.create(create('s')),
      await secrets.rotations.cancel(secret),
    ]) {
      expect(answer).toMatchObject({ problem: 'invalidRequest' });
    }
    clock.moveTo(startMs + 6 * dayMs);
    expect(await secrets.life.purge(clock.nowMs())).toBe(startMs + 7 * dayMs);
    good(await secrets.life.restore(secret));
    expect(await secrets.life.purge(startMs + 100 * dayMs)).toBe(Infinity);
    expect(await read(secret)).toBe('one');
    good(await secrets.life.restore(secret));
  });

  test('leaves nothing when the time is over', async () => {
    const { secrets, make, store, wakes } = setupSecrets();
    const secret = await make('s', 'one');
    // Its name and versions begin as those of the other do.
    const other = await make(`${secret.arn.split(':').at(-1)}|`.replace('|', '/x'), 'kept');
    good(await secrets.life.scheduleDeletion(secret, 7));
    expect(wakes()).toBe(1);
    expect(await secrets.life.purge(startMs + 7 * dayMs)).toBe(Infinity);
    const rows = await dump(store, ['secrets/secret', 'secrets/version', 'secrets/value']);
    expect(rows).not.toContain(`${secret.arn}|`);
    expect(rows).toContain(`${other.arn}|`);
    expect(await secrets.life.restore(secret)).toMatchObject({ problem: 'notFound' });
  });

  test('at once, even while it waits', async () => {
    const { secrets, make, read } = setupSecrets();
    const secret = await make('s', 'one');
    good(await secrets.life.scheduleDeletion(secret, 7));
    await secrets.life.destroy(secret);
    expect(await read(secret)).toBe('notFound');
    const again = await make('s', 'two');
    // What was meant for the old one does not touch the new one.
    await secrets.life.destroy(secret);
    expect(await read(again)).toBe('two');
  });
});
