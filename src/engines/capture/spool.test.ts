/** How records gather in journals: by the turn, cut by size, and told of when they fail. */
import { expect, test } from 'vitest';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Journal, Journals } from '../../ports/journals.ts';
import { Spool, type SpoolLimits } from './spool.ts';

const target = { destinationUri: 's3://captures/p', endpointName: 'Churn', variantName: 'A' };
const startMs = Date.UTC(2026, 0, 5, 10, 59, 30);
const limits: SpoolLimits = { maxAgeMs: 60_000, maxSizeBytes: 1_000, maxTotalBytes: 4_000 };

/** Journals that note every append, and fail those whose text says so. */
function watched() {
  const inner = memoryJournals();
  const appended: string[] = [];
  const watch = (journal: Journal): Journal => ({
    name: journal.name,
    get sizeBytes() {
      return journal.sizeBytes;
    },
    async append(bytes) {
      const text = Buffer.from(bytes).toString();
      if (text.includes('fails')) throw new Error('no space left');
      appended.push(text);
      await journal.append(bytes);
    },
    read: () => journal.read(),
    truncate: (sizeBytes) => journal.truncate(sizeBytes),
    remove: () => journal.remove(),
  });
  const journals: Journals = { ...inner, open: async (name) => watch(await inner.open(name)) };
  return { journals, appended };
}

function spoolOn(journals: Journals, over: Partial<SpoolLimits> = {}) {
  const parts = { journals, random: seededRandom(1), onChange: () => {} };
  return new Spool({ ...parts, limits: { ...limits, ...over } });
}

test('records of one turn are appended together, in order, and each is told of', async () => {
  const { journals, appended } = watched();
  const spool = spoolOn(journals);
  const told = ['a\n', 'b\n', 'c\n'].map((line) => spool.append(target, startMs, line));
  expect(await Promise.all(told)).toEqual([true, true, true]);
  expect(await spool.append(target, startMs, 'd\n')).toBe(true);
  expect(appended.slice(1)).toEqual(['a\nb\nc\n', 'd\n']);
});

test('each of a group that cannot be written learns so, and the room it took is free', async () => {
  const { journals } = watched();
  const spool = spoolOn(journals, { maxTotalBytes: 1_200 });
  const long = `fails${'x'.repeat(500)}\n`;
  const told = [long, long].map((line) => spool.append(target, startMs, line));
  for (const one of await Promise.allSettled(told)) expect(one.status).toBe('rejected');
  expect(await spool.append(target, startMs, `${'y'.repeat(900)}\n`)).toBe(true);
});

test('a target that looks the same shares a journal, another key or hour does not', async () => {
  const { journals } = watched();
  const spool = spoolOn(journals);
  await spool.append(target, startMs, 'a\n');
  await spool.append({ ...target }, startMs, 'b\n');
  expect(await journals.names()).toHaveLength(1);
  await spool.append({ ...target, keyId: 'alias/k' }, startMs, 'c\n');
  await spool.append(target, startMs + 30_000, 'd\n');
  expect(await journals.names()).toHaveLength(3);
});

test('from half of the room on, journals are cut at a sixteenth of their size', async () => {
  const { journals } = watched();
  const spool = spoolOn(journals, { maxSizeBytes: 1_600 });
  const line = `${'x'.repeat(149)}\n`;
  const append = (variantName: string) => spool.append({ ...target, variantName }, startMs, line);
  for (let count = 0; count < 10; count += 1) await append('A');
  expect(await spool.sealDue(startMs)).toHaveLength(0);
  for (let count = 0; count < 3; count += 1) await append('B');
  expect((await spool.sealDue(startMs)).length).toBeGreaterThan(0);
});

test('what is being begun or sealed is not taken for what another process left', async () => {
  const { journals } = watched();
  const spool = spoolOn(journals, { maxSizeBytes: 2 });
  const told = [spool.append(target, startMs, 'a\n'), spool.append(target, startMs, 'b\n')];
  const sealed = await spool.sealDue(startMs);
  await Promise.all(told);
  const all = await spool.sealDue(startMs);
  expect(sealed.length).toBeLessThanOrEqual(2);
  expect(all.map(({ name }) => name).sort()).toEqual([...(await journals.names())].sort());
  for (const journal of all) await spool.done(journal);
  expect(await spool.sealDue(startMs)).toEqual([]);
});
