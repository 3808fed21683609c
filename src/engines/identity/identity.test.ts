/** The administrator of a first start, and who signs with which key. */
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import type { Collection, MetadataStore } from '../../ports/metadata-store.ts';
import { account, addRole, startMs, testIdentity, testVault } from './identity.fixture.ts';
import { accessKeys, attachments, keyUses, nameKey, roles, users } from './rows.ts';

const given = { accessKeyId: 'AKIDMINE00000000', secretAccessKey: 'my-own-secret' };
const oldRows: Collection<object> = { name: 'identity/administrator' };
const userKey = nameKey(account, 'administrator');

describe('the administrator', () => {
  test('is made by a first start, with keys that later starts keep', async () => {
    const { identity, store } = testIdentity();
    const first = await identity.ensureAdministrator();
    expect(first).toEqual({
      ok: true,
      value: {
        accessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
        secretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
      },
    });
    const later = testIdentity({ store, seed: 2 }).identity;
    expect(first).toMatchObject({ value: await later.administrator() });
    expect(await later.ensureAdministrator()).toEqual(first);
  });

  test('is a user with every right', async () => {
    const { identity, store } = testIdentity();
    await identity.ensureAdministrator(given);
    const user = await store.get(users, userKey);
    expect(user).toMatchObject({
      arn: 'arn:aws:iam::123456789012:user/administrator',
      attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
    });
    const rows = await store.list(attachments, { limit: 10 });
    expect(rows.map(({ row }) => row)).toMatchObject([{ as: 'policy', id: user?.id }]);
    const keys = await store.list(accessKeys, { limit: 10 });
    expect(JSON.stringify(keys)).not.toContain(given.secretAccessKey);
  });

  test('is one, however many first starts there are at once', async () => {
    const store = memoryMetadataStore();
    const starts = [1, 2, 3].map((seed) =>
      testIdentity({ store, seed }).identity.ensureAdministrator(),
    );
    const [first, ...others] = await Promise.all(starts);
    expect(first?.ok).toBe(true);
    for (const other of others) expect(other).toEqual(first);
    expect(await store.list(accessKeys, { limit: 10 })).toHaveLength(1);
  });

  test('of an older data folder becomes a user, with the same id and key', async () => {
    const { identity, store, vault } = testIdentity();
    const { accessKeyId, secretAccessKey } = given;
    const context = { collection: 'identity/administrator', accessKeyId };
    const sealedSecret = vault.seal(secretAccessKey, context);
    const old = { accessKeyId, sealedSecret, userId: 'AIDAOLD', createdAtMs: 7 };
    await store.write((tx) => tx.put(oldRows, 'administrator', old));
    expect(await identity.ensureAdministrator()).toEqual({ ok: true, value: given });
    expect(await store.get(users, userKey)).toMatchObject({ id: 'AIDAOLD', createdAtMs: 7 });
    expect(await store.list(oldRows, { limit: 1 })).toEqual([]);
    const again = testIdentity({ store, seed: 4 }).identity;
    expect(await again.ensureAdministrator(given)).toEqual({ ok: true, value: given });
  });

  test('is never given back what was taken away', async () => {
    const { identity, store, space } = testIdentity();
    await identity.ensureAdministrator(given);
    await space.write((tx) => tx.delete(accessKeys, given.accessKeyId));
    const later = testIdentity({ store, seed: 2 }).identity;
    expect(await later.ensureAdministrator()).toEqual({ ok: true, value: undefined });
    expect((await later.ensureAdministrator(given)).ok).toBe(false);
    expect(await later.findSecret(given.accessKeyId, undefined)).toBeUndefined();
  });

  test.each([
    [{ accessKeyId: 'short' }, /access key id must have 16 to 128/],
    [{ accessKeyId: 'AKIA/2345678901234' }, /access key id/],
    [{ accessKeyId: 'A'.repeat(129) }, /access key id/],
    [{ secretAccessKey: '1234567' }, /secret access key must have 8 to 128/],
    [{ secretAccessKey: 'with spaces in it' }, /secret access key/],
    [{ secretAccessKey: 'x'.repeat(129) }, /secret access key/],
  ])('is not made with %j', async (bad, reason) => {
    const { identity } = testIdentity();
    const outcome = await identity.ensureAdministrator({ ...given, ...bad });
    expect(outcome.ok ? '' : outcome.reason).toMatch(reason);
    expect(await identity.administrator()).toBeUndefined();
  });

  test('keeps the keys of the first start, and says so without a secret', async () => {
    const { identity, store } = testIdentity();
    await identity.ensureAdministrator(given);
    const other = { ...given, secretAccessKey: 'another-secret' };
    const outcome = await testIdentity({ store }).identity.ensureAdministrator(other);
    expect(outcome.ok ? '' : outcome.reason).toMatch(/set at first start/);
    expect(JSON.stringify(outcome)).not.toMatch(/-secret/);
    expect(await identity.administrator()).toEqual(given);
  });

  test('does not open under another root key', async () => {
    const { identity, store } = testIdentity();
    await identity.ensureAdministrator(given);
    const other = testIdentity({ store, vault: testVault('other') }).identity;
    const outcome = await other.ensureAdministrator();
    expect(outcome.ok ? '' : outcome.reason).toMatch(/does not open: sealed under another key/);
    await expect(other.findSecret(given.accessKeyId, undefined)).rejects.toThrow('another key');
  });
});

/** A store that counts what is read through it. */
function counted(store: MetadataStore): { readonly store: MetadataStore; reads: number } {
  const counter = {
    reads: 0,
    store: {
      get: (from, key) => {
        counter.reads += 1;
        return store.get(from, key);
      },
      list: (from, range) => store.list(from, range),
      listBy: (from, range) => {
        counter.reads += 1;
        return store.listBy(from, range);
      },
      write: (work, options) => store.write(work, options),
      close: () => store.close(),
    } satisfies MetadataStore,
  };
  return counter;
}

describe('a key', () => {
  test('says who signs with it, from its first use without reading the store', async () => {
    const counter = counted(memoryMetadataStore());
    const { identity } = testIdentity({ store: counter.store });
    await identity.ensureAdministrator(given);
    const signer = await identity.findSecret(given.accessKeyId, undefined);
    expect(signer).toEqual({
      secretAccessKey: given.secretAccessKey,
      caller: {
        accessKeyId: given.accessKeyId,
        arn: 'arn:aws:iam::123456789012:user/administrator',
        userId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
        account,
      },
    });
    expect(await identity.findSecret('AKIDOTHER0000000', undefined)).toBeUndefined();
    counter.reads = 0;
    expect(await identity.findSecret(given.accessKeyId, undefined)).toBe(signer);
    expect(await identity.findSecret('AKIDOTHER0000000', undefined)).toBeUndefined();
    expect(counter.reads).toBe(0);
  });

  test('is unknown as soon as it is inactive, and known again when it is active', async () => {
    const { identity, space } = testIdentity();
    await identity.ensureAdministrator(given);
    const set = (status: 'Active' | 'Inactive') =>
      space.write(async (tx) => {
        const row = await tx.get(accessKeys, given.accessKeyId);
        if (row) await tx.put(accessKeys, given.accessKeyId, { ...row, status });
      });
    const isKnown = async () =>
      (await identity.findSecret(given.accessKeyId, undefined)) !== undefined;
    expect(await isKnown()).toBe(true);
    await set('Inactive');
    expect(await isKnown()).toBe(false);
    await set('Active');
    expect(await isKnown()).toBe(true);
  });

  test('is worth nothing without its user', async () => {
    const { identity, space } = testIdentity();
    await identity.ensureAdministrator(given);
    await identity.findSecret(given.accessKeyId, undefined);
    await space.write((tx) => tx.delete(users, userKey));
    expect(await identity.findSecret(given.accessKeyId, undefined)).toBeUndefined();
  });

  test('of the root user is the account', async () => {
    const { identity, space, vault } = testIdentity();
    const accessKeyId = 'AKIAROOTROOTROOT';
    const context = { collection: 'identity/access-keys', accessKeyId };
    const sealedSecret = vault.seal('root-secret', context);
    const row = { accessKeyId, account, userName: '', sealedSecret, createdAtMs: 1 };
    await space.write((tx) => tx.put(accessKeys, accessKeyId, { ...row, status: 'Active' }));
    const arn = 'arn:aws:iam::123456789012:root';
    expect(await identity.findSecret(accessKeyId, undefined)).toMatchObject({
      caller: { arn, userId: account },
    });
  });
});

describe('uses', () => {
  const use = { service: 's3', region: 'eu-west-1' };

  test('of keys and roles are written by the loop, and change no generation', async () => {
    const made = testIdentity();
    const { identity, store, space, clock } = made;
    await identity.ensureAdministrator(given);
    const { id, arn } = await addRole(made, 'r');
    const signer = await identity.findSecret(given.accessKeyId, undefined);
    if (!signer || 'expired' in signer) throw new Error('the key is good');
    identity.noteUse(signer.caller, { service: 'sts', region: 'us-east-1' });
    clock.atMs += 5;
    identity.noteUse(signer.caller, use);
    const session = { kind: 'role', issuerArn: arn, issuerId: id, name: 'n' } as const;
    const rest = { tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] };
    const issued = await identity.sessions.issue({
      ...{ account, durationSeconds: 900 },
      session: { ...session, ...rest },
    });
    const held = await identity.findSecret(issued.accessKeyId, issued.sessionToken);
    if (!held || 'expired' in held) throw new Error('the session is good');
    identity.noteUse(held.caller, use);
    identity.noteUse({ ...signer.caller, accessKeyId: 'AKIAGONE' }, use);
    const generation = space.generation();
    const { signal } = new AbortController();
    expect(await identity.loop.tick(clock.atMs, { signal })).toBe(clock.atMs + 60_000);
    expect(space.generation()).toBe(generation);
    expect(await store.list(keyUses, { limit: 10 })).toEqual([
      { key: given.accessKeyId, row: { atMs: startMs + 5, ...use } },
    ]);
    const role = await store.get(roles, nameKey(account, 'r'));
    expect(role?.lastUsed).toEqual({ atMs: startMs + 5, region: 'eu-west-1' });

    // A service that takes a role over has no key.
    clock.atMs += 5;
    identity.noteUse({ ...held.caller, accessKeyId: '' }, { service: 's', region: 'us-east-1' });
    await identity.flush();
    expect((await store.get(roles, nameKey(account, 'r')))?.lastUsed?.region).toBe('us-east-1');
  });
});
