/** What is kept of the trail, through sealing, crashes, full disks and the end of its time. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { dayMs, minuteMs } from '../../kernel/clock.ts';
import { DamagedJournal } from '../sealing/sealed-journals.ts';
import { TextFilter } from './filter.ts';
import type { LineForm } from './forms.ts';
import { type StretchRow, stretchRows } from './rows.ts';
import { stretchId } from './stretch.ts';
import { eventOf, fullableJournals, startMs, type TestTrail, testTrail } from './trail.fixture.ts';
import type { Stretch, TrailLine } from './trail.ts';
import { stretchBytes } from './writer.ts';

const limitBytes = 64 * 1_024 * 1_024;

async function idsIn({ trail }: TestTrail, stretch: Stretch): Promise<readonly string[]> {
  const bytes = await gather(trail.read(stretch), limitBytes);
  const lines = bytes.toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line).eventID);
}

async function allStretches({ trail }: TestTrail): Promise<readonly Stretch[]> {
  const found: Stretch[] = [];
  for (;;) {
    const page = await trail.stretches(found.at(-1)?.id, 1);
    if (page.length === 0) return found;
    found.push(...page);
  }
}

test('records become stretches of five minutes, in order', async () => {
  const bench = testTrail();
  const first = await bench.record({}, {});
  expect(await bench.tick()).toBe(startMs + 1_000 + 5 * minuteMs);
  expect(await allStretches(bench)).toEqual([]);
  bench.clock.moveTo(startMs + 1_000 + 5 * minuteMs);
  expect(await bench.tick()).toBeGreaterThan(startMs + 80 * dayMs);
  const second = await bench.record({});
  await bench.trail.seal();
  const stretches = await allStretches(bench);
  expect(stretches.map(({ count }) => count)).toEqual([2, 1]);
  expect(stretches[0]).toMatchObject({ beganAtMs: startMs + 1_000, endedAtMs: startMs + 2_000 });
  const ids = await Promise.all(stretches.map((stretch) => idsIn(bench, stretch)));
  expect(ids).toEqual([first, second]);
  expect(await bench.parts.journals.names()).toEqual([]);
});

test('nothing is due before the first record, and sealing nothing leaves nothing', async () => {
  const bench = testTrail();
  expect(await bench.tick()).toBe(Number.POSITIVE_INFINITY);
  await bench.trail.seal();
  expect(await allStretches(bench)).toEqual([]);
});

test('a large stretch ends by itself, and the loop is woken', async () => {
  let woken = 0;
  const bench = testTrail({ wake: () => void (woken += 1) });
  const filler = 'x'.repeat(90_000);
  const count = Math.ceil(stretchBytes / 90_000);
  for (let i = 0; i < count; i += 1) await bench.record({ requestParameters: { filler } });
  // Once when it was begun, once when it ended.
  expect(woken).toBe(2);
  await bench.tick();
  expect(await allStretches(bench)).toMatchObject([{ count }]);
});

/** Counts the appends to journals that are opened from here on. */
function countAppends({ parts: { journals } }: TestTrail): { appends: number } {
  const counted = { appends: 0 };
  const open = journals.open;
  journals.open = async (name) => {
    const journal = await open(name);
    const append = journal.append.bind(journal);
    journal.append = async (bytes) => {
      counted.appends += 1;
      await append(bytes);
    };
    return journal;
  };
  return counted;
}

test('records that come together are one append, in the order they came', async () => {
  const bench = testTrail();
  const counted = countAppends(bench);
  const ids = Array.from({ length: 50 }, (_, i) => `e${i}`);
  await Promise.all(ids.map((eventID) => bench.trail.record(eventOf(startMs, { eventID }))));
  await bench.trail.seal();
  expect(counted.appends).toBe(1);
  const [stretch] = await allStretches(bench);
  expect(stretch && (await idsIn(bench, stretch))).toEqual(ids);
});

test('while each turn of the loop brings more, those of some turns are one append', async () => {
  const bench = testTrail();
  const counted = countAppends(bench);
  const record = (eventID: string) => bench.trail.record(eventOf(startMs, { eventID }));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const kept: Promise<void>[] = [];
  for (const name of ['a', 'b', 'c']) {
    kept.push(record(`${name}1`), record(`${name}2`));
    await turn();
  }
  await Promise.all(kept);
  expect(counted.appends).toBe(1);
  // None waits for long: a busy server is one that always brings more.
  let isBusy = true;
  const lone = record('first').then(() => {
    isBusy = false;
  });
  let more = 0;
  for (; isBusy && more < 100; more += 1) {
    void record(`more${more}`);
    await turn();
  }
  await lone;
  expect(more).toBeLessThan(10);
  await bench.trail.idle();
});

test('the memory of sealed stretches is used again, and each keeps what is its own', async () => {
  const bench = testTrail();
  for (const eventID of ['long', 's', 'middle']) {
    await bench.record({ eventID, userAgent: eventID.repeat(50) });
    await bench.trail.seal();
  }
  const ids = await Promise.all((await allStretches(bench)).map((one) => idsIn(bench, one)));
  expect(ids).toEqual([['long'], ['s'], ['middle']]);
});

test('what a process that died has left becomes a stretch before any newer one', async () => {
  const bench = testTrail();
  const old = await bench.record({}, {});
  // Half a line, as a killed process leaves it.
  const [name = ''] = await bench.parts.journals.names();
  await (await bench.parts.journals.open(name)).append(Buffer.from('{"eventID":"half'));
  const next = bench.restarted();
  const fresh = await next.record({ eventID: 'fresh' });
  await next.trail.seal();
  const stretches = await allStretches(next);
  const ids = await Promise.all(stretches.map((stretch) => idsIn(next, stretch)));
  expect(ids).toEqual([old, fresh]);
  expect(stretches[0]).toMatchObject({ count: 2, endedAtMs: startMs + 2_000 });
  const found = await next.trail.lookup({
    attribute: { name: 'EventId', value: old[0] ?? '' },
    ...{ startMs, endMs: startMs + minuteMs, limit: 5 },
  });
  expect(found.events.map(({ eventID }) => eventID)).toEqual([old[0]]);
});

test('a process that died between the row and the journal leaves no stretch twice', async () => {
  const bench = testTrail();
  await bench.record({});
  const { journals } = bench.parts;
  const open = journals.open;
  const [name = ''] = await journals.names();
  const journal = await open(name);
  const { remove } = journal;
  journal.remove = async () => {
    throw new Error('killed');
  };
  await expect(bench.trail.seal()).rejects.toThrow('killed');
  journal.remove = remove;
  const next = bench.restarted();
  await next.tick();
  expect(await allStretches(next)).toHaveLength(1);
  expect(await journals.names()).toEqual([]);
});

test('while the disk is full records reject, and that is told until there is room', async () => {
  const journals = fullableJournals();
  const bench = testTrail({ journals });
  const [kept = ''] = await bench.record({});
  expect(await bench.trail.isWritable()).toBe(true);
  journals.full = true;
  await expect(bench.trail.record(eventOf(startMs))).rejects.toThrow('ENOSPC');
  expect(await bench.trail.isWritable()).toBe(false);
  expect(await bench.trail.isWritable()).toBe(false);
  journals.full = false;
  expect(await bench.trail.isWritable()).toBe(true);
  const [later = ''] = await bench.record({});
  await bench.trail.seal();
  const stretches = await allStretches(bench);
  const ids = await Promise.all(stretches.map((stretch) => idsIn(bench, stretch)));
  expect(ids).toEqual([[kept], [later]]);
  expect(await journals.names()).toEqual([]);
});

test('a record that gets through shows that the disk has room again', async () => {
  const journals = fullableJournals();
  const bench = testTrail({ journals });
  journals.full = true;
  await expect(bench.trail.record(eventOf(startMs))).rejects.toThrow('ENOSPC');
  journals.full = false;
  await bench.record({});
  journals.full = true;
  expect(await bench.trail.isWritable()).toBe(true);
});

test('calls that are refused on a full disk leave no journals behind', async () => {
  const journals = fullableJournals();
  const bench = testTrail({ journals });
  journals.full = true;
  for (let i = 0; i < 5; i += 1) {
    await expect(bench.trail.record(eventOf(startMs))).rejects.toThrow();
  }
  // That of the record that was the first to fail.
  expect(await journals.names()).toHaveLength(1);
});

test('a stretch that cannot be sealed is sealed later, and none overtakes it', async () => {
  const bench = testTrail();
  const { store } = bench.parts;
  await bench.record({});
  const write = store.write.bind(store);
  store.write = async () => {
    throw new Error('no room');
  };
  // More of them than are held in memory.
  for (let i = 0; i < 3; i += 1) {
    await expect(bench.trail.seal()).rejects.toThrow('no room');
    await bench.record({});
  }
  expect(await bench.tick()).toBe(bench.clock.nowMs() + minuteMs);
  store.write = write;
  await bench.trail.seal();
  const stretches = await allStretches(bench);
  const ids = await Promise.all(stretches.map((stretch) => idsIn(bench, stretch)));
  expect(ids).toEqual([['event-1'], ['event-2'], ['event-3'], ['event-4']]);
});

test('of a damaged journal what is sound is kept, and the journal stays as evidence', async () => {
  const bench = testTrail();
  const { journals } = bench.parts;
  await bench.record({});
  const [name = ''] = await journals.names();
  const journal = await journals.open(name);
  const { read } = journal;
  journal.read = async function* () {
    yield* read();
    throw new DamagedJournal('flipped');
  };
  const next = bench.restarted();
  await next.trail.seal();
  await next.record({ eventID: 'after' });
  await next.trail.seal();
  const ids = await Promise.all((await allStretches(next)).map((one) => idsIn(next, one)));
  expect(ids).toEqual([['event-1'], ['after']]);
  const last = next.restarted();
  await last.trail.seal();
  expect([await journals.names(), (await allStretches(last)).length]).toEqual([[name], 2]);
});

test('a stretch that is not what was sealed is not read to its end', async () => {
  const bench = testTrail();
  await bench.record({});
  await bench.trail.seal();
  const [stretch] = await allStretches(bench);
  const id = defined(stretch, 'a stretch').id;
  const row = defined(await bench.parts.store.get(stretchRows, id), id);
  const changed = { ...row, sha256: '0'.repeat(64) };
  await bench.parts.store.write((tx) => tx.put(stretchRows, id, changed));
  const reading = idsIn(bench, defined(stretch, id));
  await expect(reading).rejects.toThrow(`the stretch ${id} of the trail was changed or damaged`);
});

test('stretches that were packed by gzip before are read, and held to their hash', async () => {
  const bench = testTrail();
  const lines = `${JSON.stringify(eventOf(startMs, { eventID: 'old' }))}\n`;
  const blob = await bench.parts.blobs.put(once(gzipSync(lines)));
  const id = stretchId(startMs, '00000000');
  const stretch = { id, beganAtMs: startMs, endedAtMs: startMs, count: 1 };
  const sha256 = createHash('sha256').update(lines).digest('hex');
  const row = { ...stretch, blobId: blob.id, filter: new TextFilter().folded(), sha256 };
  const put = (over: Partial<StretchRow>) =>
    bench.parts.store.write((tx) => tx.put(stretchRows, id, { ...row, ...over }));
  await put({});
  expect(await idsIn(bench, stretch)).toEqual(['old']);
  await put({ sha256: '0'.repeat(64) });
  await expect(idsIn(bench, stretch)).rejects.toThrow('changed or damaged');
});

test('a clock that was set back does not put new stretches before old ones', async () => {
  const bench = testTrail();
  await bench.record({});
  await bench.trail.seal();
  const earlier = testTrail({ ...bench.parts, clock: { nowMs: () => startMs - dayMs } });
  await earlier.trail.record(eventOf(startMs, { eventID: 'set back' }));
  await earlier.trail.seal();
  const ids = await Promise.all((await allStretches(earlier)).map((one) => idsIn(earlier, one)));
  expect(ids).toEqual([['event-1'], ['set back']]);
});

test('after ninety days a stretch and its blob are gone', async () => {
  const bench = testTrail();
  await bench.record({});
  await bench.trail.seal();
  const dueMs = await bench.tick();
  expect(dueMs).toBe(startMs + 1_000 + 90 * dayMs);
  bench.clock.moveTo(dueMs);
  expect(await bench.tick()).toBe(Number.POSITIVE_INFINITY);
  expect(await allStretches(bench)).toEqual([]);
  for await (const id of bench.parts.blobs.ids()) expect(id).toBe('no blob');
});

test('names that hold line breaks and escapes stay inside their record', async () => {
  const bench = testTrail();
  const userAgent = 'agent\n{"eventID":"forged"}\r\n\u001b[2J\u2028';
  await bench.record({ userAgent });
  await bench.trail.seal();
  const [stretch] = await allStretches(bench);
  const text = stretch ? (await gather(bench.trail.read(stretch), limitBytes)).toString() : '';
  expect(text.split('\n')).toHaveLength(2);
  expect(text).not.toContain('\u001b');
  expect(JSON.parse(text).userAgent).toBe(userAgent);
});

const [beforeId = '', behindId = ''] = JSON.stringify(eventOf(startMs, { eventID: '?' })).split(
  '?',
);
const form: LineForm = [beforeId, behindId];

function formed(eventID: string): TrailLine {
  return { text: eventID, form, eventID, subject: eventOf(startMs, { eventID }) };
}

test('records of one form are whole while they are written, after a crash, sealed', async () => {
  const bench = testTrail();
  const ids = Array.from({ length: 5 }, (_, at) => `formed-${at}`);
  for (const id of ids) await bench.trail.recordLine(formed(id));
  const query = { startMs, endMs: startMs + minuteMs, limit: 9 };
  const found = async ({ trail }: TestTrail) => (await trail.lookup(query)).events.toReversed();
  const events = ids.map((eventID) => eventOf(startMs, { eventID }));
  expect(await found(bench)).toEqual(events);
  const [name = ''] = await bench.parts.journals.names();
  expect((await bench.parts.journals.open(name)).sizeBytes).toBeLessThan(
    3 * JSON.stringify(events[0]).length,
  );
  const next = bench.restarted();
  expect(await found(next)).toEqual(events);
  await next.trail.seal();
  for (const id of ids) await next.trail.recordLine(formed(`${id} again`));
  await next.trail.seal();
  const [first, second] = await Promise.all(
    (await allStretches(next)).map((stretch) => idsIn(next, stretch)),
  );
  expect(first).toEqual(ids);
  expect(second).toEqual(ids.map((id) => `${id} again`));
});

test('data events are wanted when they were chosen, management events always', () => {
  const { trail } = testTrail();
  const about = { eventSource: 's3.amazonaws.com', eventName: 'GetObject', readOnly: true };
  expect(trail.wants({ ...about, category: 'Management' })).toBe(true);
  expect(trail.wants({ ...about, category: 'Data' })).toBe(false);
  trail.chooseData(({ eventName }) => eventName === 'GetObject');
  expect(trail.wants({ ...about, category: 'Data' })).toBe(true);
});
