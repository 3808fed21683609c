/** Journals that end in one process become another's: each once, with every record it kept. */
import { expect, test } from 'vitest';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { records } from '../../engines/capture/pour.ts';
import { defaultSpoolLimits, Spool, spoolPrefix } from '../../engines/capture/spool.ts';
import { gather } from '../../kernel/bytes.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Journal } from '../../ports/journals.ts';
import { makeHandOver } from './hand-over.ts';
import { ownJournals } from './own-journals.ts';

const target = { destinationUri: 's3://captures/p', endpointName: 'Churn', variantName: 'A' };
const nowMs = Date.UTC(2026, 0, 5, 10, 59, 30);
const signal = new AbortController().signal;

function twoProcesses() {
  const shared = memoryJournals();
  // Closing the folder of one process closes what it has, and takes nothing away.
  const journals = ownJournals(async () => ({ ...shared, close: async () => {} }));
  const limits = defaultSpoolLimits;
  const parts = { limits, onChange: () => {} };
  const theirs = new Spool({
    ...{ ...parts, journals, random: seededRandom(1), prefix: `${spoolPrefix}p1.` },
  });
  const ours = new Spool({
    ...{ ...parts, journals: shared, random: seededRandom(2) },
    isElsewhere: (name) => name.startsWith(`${spoolPrefix}p1.`),
  });
  return { shared, journals, theirs, ours };
}

const textOf = async (journal: Journal) => (await gather(records(journal), 1_000)).toString();

test('what another process writes to is not taken for something left over', async () => {
  const { theirs, ours, shared } = twoProcesses();
  await theirs.append(target, nowMs, 'a\n');
  expect(await shared.names()).toEqual([expect.stringMatching(/^capture\.p1\./)]);
  expect(await ours.sealDue(nowMs)).toEqual([]);
});

test('an ended journal is handed over, and is not there a second time', async () => {
  const { journals, theirs, ours } = twoProcesses();
  await theirs.append(target, nowMs, 'a\n');
  await theirs.append(target, nowMs, 'b\n');
  theirs.sealBefore(nowMs + 1);
  const give = async (name: string) => {
    await ours.adopt(name);
    await ours.adopt(name);
    return true;
  };
  const loop = makeHandOver({ spool: theirs, journals, give });
  expect(await loop.tick(nowMs, { signal })).toBe(Number.POSITIVE_INFINITY);
  expect(await theirs.sealDue(nowMs)).toEqual([]);
  const [journal, ...more] = await ours.sealDue(nowMs);
  expect(more).toEqual([]);
  expect(journal && (await textOf(journal))).toBe('a\nb\n');
});

test('a journal that there is no room for stays, and is offered again', async () => {
  const { journals, theirs } = twoProcesses();
  await theirs.append(target, nowMs, 'a\n');
  theirs.sealBefore(nowMs + 1);
  const answers = [false, true];
  const asked: string[] = [];
  const give = async (name: string) => {
    asked.push(name);
    return answers.shift() ?? false;
  };
  const loop = makeHandOver({ spool: theirs, journals, give });
  expect(await loop.tick(nowMs, { signal })).toBe(nowMs + 5_000);
  expect(await loop.tick(nowMs + 5_000, { signal })).toBe(Number.POSITIVE_INFINITY);
  expect(asked).toHaveLength(2);
  expect(new Set(asked).size).toBe(1);
});
