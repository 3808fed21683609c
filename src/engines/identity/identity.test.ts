/** The administrator is made once, kept sealed, and found without reading the store. */
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { makeIdentity, type SecretVault } from './identity.ts';

/** Stands in for the envelope: hides nothing, but is bound to its name and context. */
function toyVault(name: string): SecretVault {
  return {
    seal: (text, context) => JSON.stringify([name, text, context]),
    open: (sealed, context) => {
      const [madeBy, text, madeFor] = JSON.parse(sealed) as [string, string, object];
      if (madeBy !== name) return refuse('sealed under another key');
      return JSON.stringify(madeFor) === JSON.stringify(context) ? ok(text) : refuse('corrupted');
    },
  };
}

function identityOn(store: MetadataStore, { vault = 'root', seed = 1 } = {}) {
  return makeIdentity({
    store,
    vault: toyVault(vault),
    random: seededRandom(seed),
    clock: new VirtualClock(1_000),
    account: '123456789012',
    partition: 'aws',
  });
}

const given = { accessKeyId: 'AKIDMINE00000000', secretAccessKey: 'my-own-secret' };

test('a first start makes keys that later starts keep', async () => {
  const store = memoryMetadataStore();
  const first = await identityOn(store).ensureAdministrator();
  if (!first.ok) throw new Error(first.reason);
  expect(first.value.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
  expect(first.value.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
  const later = identityOn(store, { seed: 2 });
  expect(await later.administrator()).toEqual(first.value);
  expect(await later.ensureAdministrator()).toEqual(first);
  expect(await later.ensureAdministrator(first.value)).toEqual(first);
});

test('two first starts at once agree', async () => {
  const store = memoryMetadataStore();
  const starts = [1, 2, 3].map((seed) => identityOn(store, { seed }).ensureAdministrator());
  const [first, ...others] = await Promise.all(starts);
  expect(first?.ok).toBe(true);
  for (const other of others) expect(other).toEqual(first);
});

test('given keys are the administrator', async () => {
  const identity = identityOn(memoryMetadataStore());
  expect(await identity.administrator()).toBeUndefined();
  expect(await identity.findSecret(given.accessKeyId, undefined)).toBeUndefined();
  expect(await identity.ensureAdministrator(given)).toEqual({ ok: true, value: given });
  expect(await identity.findSecret(given.accessKeyId, undefined)).toEqual({
    secretAccessKey: given.secretAccessKey,
    caller: {
      accessKeyId: given.accessKeyId,
      arn: 'arn:aws:iam::123456789012:user/administrator',
      userId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      account: '123456789012',
    },
  });
  expect(await identity.findSecret('AKIDOTHER0000000', undefined)).toBeUndefined();
});

describe('is refused, with the reason', () => {
  test.each([
    [{ accessKeyId: 'short' }, /access key id must have 16 to 128/],
    [{ accessKeyId: 'AKIA/2345678901234' }, /access key id/],
    [{ accessKeyId: 'A'.repeat(129) }, /access key id/],
    [{ secretAccessKey: '1234567' }, /secret access key must have 8 to 128/],
    [{ secretAccessKey: 'with spaces in it' }, /secret access key/],
    [{ secretAccessKey: 'x'.repeat(129) }, /secret access key/],
  ])('%j', async (bad, reason) => {
    const store = memoryMetadataStore();
    const identity = identityOn(store);
    const outcome = await identity.ensureAdministrator({ ...given, ...bad });
    expect(outcome.ok ? '' : outcome.reason).toMatch(reason);
    expect(await identity.administrator()).toBeUndefined();
  });

  test('other keys than those of the first start', async () => {
    const store = memoryMetadataStore();
    await identityOn(store).ensureAdministrator(given);
    const other = { ...given, secretAccessKey: 'another-secret' };
    const outcome = await identityOn(store).ensureAdministrator(other);
    expect(outcome.ok ? '' : outcome.reason).toMatch(/set at first start/);
    expect(await identityOn(store).administrator()).toEqual(given);
  });

  test('a store sealed under another root key', async () => {
    const store = memoryMetadataStore();
    await identityOn(store).ensureAdministrator(given);
    const other = identityOn(store, { vault: 'other' });
    const outcome = await other.ensureAdministrator();
    expect(outcome.ok ? '' : outcome.reason).toMatch(/does not open: sealed under another key/);
    await expect(other.findSecret(given.accessKeyId, undefined)).rejects.toThrow('another key');
  });
});

test('requests do not read the store', async () => {
  const store = memoryMetadataStore();
  let reads = 0;
  const counted: MetadataStore = {
    get: (from, key) => {
      reads += 1;
      return store.get(from, key);
    },
    list: (from, range) => store.list(from, range),
    listBy: (from, range) => store.listBy(from, range),
    write: (work, options) => store.write(work, options),
    close: () => store.close(),
  };
  const identity = identityOn(counted);
  await identity.ensureAdministrator(given);
  for (const id of [given.accessKeyId, 'AKIDOTHER0000000'])
    await identity.findSecret(id, undefined);
  expect(reads).toBe(0);
});
