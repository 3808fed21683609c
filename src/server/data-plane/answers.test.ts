/** What a process may ask of the main one, and what is refused to it. */
import { expect, test } from 'vitest';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { defaultSpoolLimits, Spool } from '../../engines/capture/spool.ts';
import { RequestCounters } from '../../engines/hosting/counters.ts';
import { users } from '../../engines/identity/rows.ts';
import type { TrailEvent } from '../../engines/trail/event.ts';
import type { TrailLine } from '../../engines/trail/trail.ts';
import { seededRandom } from '../../kernel/random.ts';
import { answersTo } from './answers.ts';
import { remoteStore } from './remote-store.ts';
import { remoteTrail } from './remote-trail.ts';

function answering({ maxTotalBytes = 10_000, recordLine = async (_line: TrailLine) => {} } = {}) {
  const store = memoryMetadataStore();
  const journals = memoryJournals();
  const spool = new Spool({
    ...{ journals, random: seededRandom(1), onChange: () => {} },
    limits: { ...defaultSpoolLimits, maxTotalBytes },
  });
  const counters = new RequestCounters();
  const trail = { recordLine, isWritable: async () => true };
  const noted = { uses: 0, counted: 0, connections: 0 };
  const parts = {
    ...{ store, trail, spool, counters },
    noteUse: () => void (noted.uses += 1),
    onCounted: () => void (noted.counted += 1),
  };
  const answers = answersTo('p1', parts, (count) => void (noted.connections = count));
  return { store, journals, spool, counters, noted, answers };
}

test('rows about callers are read, and those of other services are not', async () => {
  const { store, answers } = answering();
  const row = { id: 'AIDA1', name: 'ann' } as never;
  await store.write((tx) => tx.put(users, '1/ann', row));
  const remote = remoteStore(async (reading) => answers.read(reading, undefined));
  expect(await remote.get(users, '1/ann')).toEqual(row);
  expect(await remote.get(users, '1/bob')).toBeUndefined();
  expect(await remote.list(users, { limit: 5 })).toEqual([{ key: '1/ann', row }]);
  const byId = { index: 'id', equals: 'AIDA1', limit: 1 };
  expect(await remote.listBy(users, byId)).toEqual([{ key: '1/ann', row, value: 'AIDA1' }]);
  await expect(remote.get({ name: 'secrets/versions' }, 'k')).rejects.toThrow('not for the data');
  await expect(remote.write(async () => 1)).rejects.toThrow('writes no metadata');
});

test('only journals of its own are taken over, and none when there is no room', async () => {
  const { journals, spool, answers } = answering({ maxTotalBytes: 100 });
  await expect(answers.handOver('capture.p2.x', undefined)).rejects.toThrow('of its own');
  const journal = await journals.open('capture.p1.x');
  await journal.append(Buffer.alloc(100));
  expect(await answers.handOver('capture.p1.x', undefined)).toBe(true);
  expect(spool.full).toBe(true);
  await journals.open('capture.p1.y');
  expect(await answers.handOver('capture.p1.y', undefined)).toBe(false);
});

test('what was counted is added to what is counted here', async () => {
  const { counters, noted, answers } = answering();
  const theirs = new RequestCounters();
  const scope = { partition: 'aws', region: 'r', account: '1' };
  const request = { instances: 1, modelStatus: 200, modelLatencyUs: 5, overheadLatencyUs: 1 };
  for (const one of [theirs, counters]) {
    one.count({ scope, endpoint: 'e', variant: 'v' }, request, 0);
  }
  const use = { caller: { accessKeyId: 'A', arn: '', userId: '', account: '1' }, use: {} as never };
  await answers.told({ tallies: theirs.take(), uses: [use], connections: 3 }, undefined);
  expect(noted).toEqual({ uses: 1, counted: 1, connections: 3 });
  const invocations = counters.take().find(({ metric }) => metric === 'Invocations');
  expect(invocations).toMatchObject({ values: [1], counts: [2] });
});

test('records of one turn go over together; one that is not kept refuses all', async () => {
  const kept: string[] = [];
  const { answers } = answering({
    async recordLine({ eventID }) {
      if (eventID === 'bad') throw new Error('no space left');
      kept.push(eventID);
    },
  });
  const sent: (readonly TrailLine[])[] = [];
  const trail = remoteTrail({
    async record(lines) {
      sent.push(lines);
      await answers.record(lines, undefined);
    },
    isWritable: async () => false,
  });
  const event = (eventID: string) => ({ eventID }) as TrailEvent;
  await Promise.all(['a', 'b'].map((id) => trail.record(event(id))));
  expect([kept, sent.length]).toEqual([['a', 'b'], 1]);
  expect(await trail.isWritable()).toBe(true);
  const together = ['c', 'bad'].map((id) => trail.record(event(id)));
  for (const one of await Promise.allSettled(together)) expect(one.status).toBe('rejected');
  // From here on the main process is asked.
  expect(await trail.isWritable()).toBe(false);
  await trail.record(event('d'));
  expect(await trail.isWritable()).toBe(true);
});
