/** Program logs on a real folder. */
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../kernel/clock.ts';
import type { LogNames, LogPage, ProgramLogs } from '../../ports/program-logs.ts';
import { fileProgramLogs } from './program-logs.ts';
import { DamagedLog, firstFrame, frames, KnownFiles } from './sealed-file.ts';
import { testSealer } from './sealer.fixture.ts';

let folder: string;
const startMs = Date.parse('2001-02-03T04:05:06Z');
const clock = new VirtualClock(startMs);
const sealer = testSealer();
const all = { mostLines: 100_000, mostBytes: 1e9 };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('lines are kept in order, with their time, one file a program, sealed', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  for (const line of ['alpha', 'beta', 'gamma']) logs.append('endpoints/churn/blue', line);
  logs.append('jobs/one', 'x');
  await logs.close();
  const later = fileProgramLogs({ folder, sealer, clock });
  const page = await later.read('endpoints/churn/blue', all);
  expect(page?.lines.map(({ text, timeMs }) => [text, timeMs])).toEqual(
    ['alpha', 'beta', 'gamma'].map((text) => [text, startMs]),
  );
  expect(textsOf(await later.read('jobs/one', all))).toEqual(['x']);
  const bytes = await readFile(join(folder, 'endpoints/churn/blue.log'));
  expect(bytes.includes('beta')).toBe(false);
});

test('a file past its size is put aside, and an older one goes', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock, fileBytes: 40 });
  for (let i = 0; i < 9; i += 1) {
    logs.append('flood', `line ${i} of a program that prints`);
    // Each line is written by itself: what waits together is written together.
    await logs.close();
  }
  expect((await readdir(folder)).sort()).toEqual(['flood.log.1']);
  expect(textsOf(await logs.read('flood', all))).toEqual(['line 8 of a program that prints']);
});

test('a flood drops lines, and says how many', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  for (let i = 0; i < 30_000; i += 1) logs.append('flood', 'x');
  await logs.close();
  const texts = textsOf(await logs.read('flood', all)) ?? [];
  expect(texts.some((text) => /^… \d+ lines were dropped$/.test(text))).toBe(true);
  expect(texts.length).toBeLessThan(30_000);
});

test.each(['../x', '/etc/x', 'a//b', '', 'a/../b', '.hidden'])('the name %j is a bug', (name) => {
  expect(() => fileProgramLogs({ folder, sealer, clock }).append(name, 'x')).toThrow('log name');
});

const textsOf = (page: LogPage | undefined) => page?.lines.map(({ text }) => text);

async function namesOf(logs: ProgramLogs, which: LogNames): Promise<string[]> {
  const names: string[] = [];
  for await (const name of logs.names(which)) names.push(name);
  return names;
}

/** A log of lines `line 0`, `line 1`, … of which a file holds a few. */
async function turnedOver(lines: number) {
  const logs = fileProgramLogs({ folder, sealer, clock, fileBytes: 200 });
  for (let i = 0; i < lines; i += 1) {
    logs.append('a/log', `line ${i}`);
    await logs.read('a/log', all);
  }
  return logs;
}

test('what was appended is read at once, with its times and places', async () => {
  const own = new VirtualClock(startMs);
  const logs = fileProgramLogs({ folder, sealer, clock: own });
  logs.append('a/log', 'first\nsecond');
  own.moveTo(startMs + 5);
  logs.append('a/log', 'größer');
  const page = await logs.read('a/log', all);
  expect(page?.lines.map(({ text, timeMs }) => [text, timeMs - startMs])).toEqual([
    ['first', 0],
    ['second', 0],
    ['größer', 5],
  ]);
  expect(page?.lines.map(({ position }) => position)).toEqual([0, 31, 63]);
  expect([page?.begin, page?.end]).toEqual([0, page?.lines[2]?.endPosition]);
  expect(await logs.extent('a/log')).toEqual({ firstMs: startMs, lastMs: startMs + 5 });
  await logs.close();
});

test('a clock that goes back does not take the lines with it', async () => {
  let nowMs = startMs;
  const logs = fileProgramLogs({ folder, sealer, clock: { nowMs: () => nowMs } });
  logs.append('log', 'a');
  nowMs -= 60_000;
  logs.append('log', 'b');
  const page = await logs.read('log', all);
  expect(page?.lines.map(({ timeMs }) => timeMs)).toEqual([startMs, startMs]);
  await logs.close();
});

test('a log that went on in other files is one log', async () => {
  const logs = await turnedOver(40);
  const page = await logs.read('a/log', all);
  const texts = textsOf(page) ?? [];
  // Two files are kept, and the older lines are gone.
  expect(texts.length).toBeGreaterThan(5);
  expect(texts).toEqual(Array.from({ length: 40 }, (_, i) => `line ${i}`).slice(-texts.length));
  const lineBytes = Buffer.byteLength('2001-02-03T04:05:06.000Z line 0\n');
  expect(page?.end).toBe(40 * lineBytes + 30);
  expect(page?.lines[0]?.position).toBe(page?.begin);
  await logs.close();
});

test('places outlive files that are put aside, and the server', async () => {
  const first = await turnedOver(12);
  const page = await first.read('a/log', all);
  const line = page?.lines.at(-2);
  await first.close();
  const logs = fileProgramLogs({ folder, sealer, clock, fileBytes: 200 });
  for (const text of ['x', 'y', 'z']) {
    logs.append('a/log', text);
    await logs.read('a/log', all);
  }
  const from = line?.position ?? 0;
  const later = await logs.read('a/log', { ...all, from });
  expect(textsOf(later)).toEqual(['line 10', 'line 11', 'x', 'y', 'z']);
  await logs.close();
});

test('every page, forward and backward, gives every line once', async () => {
  const logs = await turnedOver(40);
  const whole = textsOf(await logs.read('a/log', all)) ?? [];
  const forward: string[] = [];
  for (let from = 0, more = true; more; ) {
    const page = await logs.read('a/log', { from, mostLines: 3, mostBytes: 1e6 });
    forward.push(...(textsOf(page) ?? []));
    from = page?.lines.at(-1)?.endPosition ?? from;
    more = page?.lines.length !== 0;
  }
  expect(forward).toEqual(whole);
  const backward: string[] = [];
  for (let from = Number.MAX_SAFE_INTEGER, more = true; more; ) {
    const range = { from, backward: true, mostLines: 100, mostBytes: 20 };
    const page = await logs.read('a/log', range);
    backward.unshift(...(textsOf(page) ?? []));
    from = page?.lines[0]?.position ?? from;
    more = page?.lines.length !== 0;
  }
  expect(backward).toEqual(whole);
  await logs.close();
});

test('the last lines of a long log, further back than is looked at first', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  for (let i = 0; i < 9_000; i += 1) logs.append('long', `${i} ${'x'.repeat(100)}`);
  const page = await logs.read('long', { backward: true, mostLines: 8_000, mostBytes: 1e9 });
  expect(page?.lines.length).toBe(8_000);
  expect(page?.lines[0]?.text).toMatch(/^1000 x/);
  expect(page?.lines.at(-1)?.text).toMatch(/^8999 x/);
  await logs.close();
});

test('only lines of a time, the start included, the end not', async () => {
  const own = new VirtualClock(startMs);
  const logs = fileProgramLogs({ folder, sealer, clock: own });
  for (let i = 0; i < 5; i += 1) {
    own.moveTo(startMs + i);
    logs.append('log', `${i}`);
  }
  const times = { startMs: startMs + 1, endMs: startMs + 4 };
  expect(textsOf(await logs.read('log', { ...all, ...times }))).toEqual(['1', '2', '3']);
  const last = { ...times, backward: true, mostLines: 2, mostBytes: 1e6 };
  expect(textsOf(await logs.read('log', last))).toEqual(['2', '3']);
  await logs.close();
});

test('a line longer than a page is read alone, and a very long one is broken', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  logs.append('log', 'a');
  logs.append('log', 'x'.repeat(300_000));
  const page = await logs.read('log', { from: 1, mostLines: 10, mostBytes: 1_000 });
  expect(page?.lines.map(({ text }) => text.length)).toEqual([262_144]);
  const next = { from: page?.lines[0]?.endPosition ?? 0, mostLines: 10, mostBytes: 1e6 };
  expect((await logs.read('log', next))?.lines[0]?.text.length).toBe(300_000 - 262_144);
  await logs.close();
});

describe('a file of lines that another program wrote', () => {
  /** The text in a file, as an older version or a process that died would leave it. */
  const file = async (text: string, torn = '') => {
    const place = { path: join(folder, 'old/log.log'), name: 'old/log', sealer };
    const parts = { ...place, known: new KnownFiles() };
    const at = { base: 0, sizeBytes: 0 };
    await mkdir(join(folder, 'old'), { recursive: true });
    const kept = [firstFrame(parts, 0), frames(parts, at, Buffer.from(text)), Buffer.from(torn)];
    await writeFile(place.path, Buffer.concat(kept));
    await utimes(place.path, startMs / 1_000, startMs / 1_000);
    return parts;
  };

  test('that carry no time take that of the line before, or of the file', async () => {
    const begun = 'none\n2001-02-03T04:05:06.007Z some\nnone again\nhalf a li';
    const parts = await file(begun);
    const logs = fileProgramLogs({ folder, sealer, clock });
    const page = await logs.read('old/log', all);
    expect(page?.lines.map(({ text, timeMs }) => [text, timeMs - startMs])).toEqual([
      ['none', 0],
      ['some', 7],
      ['none again', 7],
    ]);
    // A line is read once it is whole, from where the lines ended.
    const at = { base: 0, sizeBytes: Buffer.byteLength(begun) };
    await appendFile(parts.path, frames(parts, at, Buffer.from('ne\n')));
    const end = page?.end ?? 0;
    expect(textsOf(await logs.read('old/log', { ...all, from: end }))).toEqual(['half a line']);
    expect(textsOf(await logs.read('old/log', { ...all, from: end + 2 }))).toEqual([]);
  });

  test.each(['\0', '\0\0\0\0\0\0\0\0\0\0', '\0\0\0'])('with a torn end %j', async (torn) => {
    await file('none\n', torn);
    const logs = fileProgramLogs({ folder, sealer, clock });
    expect(textsOf(await logs.read('old/log', all))).toEqual(['none']);
    logs.append('old/log', 'more');
    const page = await logs.read('old/log', all);
    expect(textsOf(page)).toEqual(['none', 'more']);
    await logs.close();
  });

  test('with a torn frame', async () => {
    const { path } = await file('none\n');
    const writer = fileProgramLogs({ folder, sealer, clock });
    writer.append('old/log', 'torn');
    await writer.close();
    const whole = await readFile(path);
    for (let cut = 1; cut < 30; cut += 1) {
      await writeFile(path, whole.subarray(0, whole.length - cut));
      const logs = fileProgramLogs({ folder, sealer, clock });
      expect(textsOf(await logs.read('old/log', all))).toEqual(['none']);
      logs.append('old/log', 'more');
      expect(textsOf(await logs.read('old/log', all))).toEqual(['none', 'more']);
      await logs.close();
    }
  });

  test('damaged, is refused, and put aside by the next line', async () => {
    const { path } = await file('none\n');
    const whole = await readFile(path);
    for (const at of [0, 5, 12, 40, 50, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(path, changed);
      const logs = fileProgramLogs({ folder, sealer, clock });
      await expect(logs.read('old/log', all), `${at}`).rejects.toBeInstanceOf(DamagedLog);
    }
    await writeFile(path, Buffer.from('plain text of whoever can write here\n'));
    const logs = fileProgramLogs({ folder, sealer, clock });
    logs.append('old/log', 'more');
    await logs.close();
    await rm(`${path}.1`);
    const page = await logs.read('old/log', all);
    expect(textsOf(page)).toEqual(['more']);
    expect(page?.begin).toBe('plain text of whoever can write here\n'.length);
  });

  test('that is the file of another log, is refused', async () => {
    const { path } = await file('none\n');
    await rename(path, join(folder, 'old/other.log'));
    const logs = fileProgramLogs({ folder, sealer, clock });
    await expect(logs.read('old/other', all)).rejects.toBeInstanceOf(DamagedLog);
  });

  test('whose folder is a symbolic link, is not written', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'old'));
    const logs = fileProgramLogs({ folder, sealer, clock });
    logs.append('old/log', 'more');
    await logs.close();
    expect(await readdir(join(folder, 'elsewhere'))).toEqual([]);
  });

  test('that is a symbolic link, is refused', async () => {
    const { path } = await file('none\n');
    await rename(path, join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), path);
    const logs = fileProgramLogs({ folder, sealer, clock });
    await expect(logs.read('old/log', all)).rejects.toThrow('is a symbolic link');
  });
});

test('names come in order, from a place, either way', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  const names = ['a-b/x', 'a/x', 'a/y/z', 'a0', 'b/x'];
  for (const name of names) logs.append(name, 'x');
  expect(await namesOf(logs, { prefix: '' })).toEqual([...names].sort());
  expect(await namesOf(logs, { prefix: 'a/' })).toEqual(['a/x', 'a/y/z']);
  expect(await namesOf(logs, { prefix: 'a/y/z' })).toEqual(['a/y/z']);
  expect(await namesOf(logs, { prefix: 'c' })).toEqual([]);
  expect(await namesOf(logs, { prefix: '', after: 'a/x' })).toEqual(['a/y/z', 'a0', 'b/x']);
  const down = { prefix: '', descending: true };
  expect(await namesOf(logs, { ...down, after: 'a/y/z' })).toEqual(['a/x', 'a-b/x']);
  expect(await namesOf(logs, { prefix: '../' })).toEqual([]);
  expect(await logs.madeAtMs('a/y')).toBeGreaterThan(0);
  expect(await logs.madeAtMs('c')).toBeUndefined();
  await logs.close();
});

test('more logs than are held open at a time', async () => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 300; i += 1) {
      logs.append(`many/${i}`, `round ${round}`);
      if (i % 10 === 9) await namesOf(logs, { prefix: 'many/' });
    }
  }
  expect(textsOf(await logs.read('many/0', all))).toEqual(['round 0', 'round 1']);
  expect((await namesOf(logs, { prefix: 'many/' })).length).toBe(300);
  await logs.close();
});

const longName = 'x'.repeat(500);
const strange = ['none', '../../etc/passwd', '', '/', 'a\u0000b', longName, `${longName}/x`];

test.each(strange)('there is no log %j', async (name) => {
  const logs = fileProgramLogs({ folder, sealer, clock });
  expect(await logs.read(name, all)).toBeUndefined();
  expect(await logs.extent(name)).toBeUndefined();
  expect(await logs.madeAtMs(name)).toBeUndefined();
});
