/** Program logs on a real folder. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../kernel/clock.ts';
import { fileProgramLogs } from './program-logs.ts';

let folder: string;
const clock = new VirtualClock(Date.parse('2001-02-03T04:05:06Z'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('lines are kept in order, with their time, one file a program', async () => {
  const logs = fileProgramLogs({ folder, clock });
  for (const line of ['a', 'b', 'c']) logs.append('endpoints/churn/blue', line);
  logs.append('jobs/one', 'x');
  await logs.close();
  const text = await readFile(join(folder, 'endpoints/churn/blue.log'), 'utf8');
  expect(text).toBe(['a', 'b', 'c'].map((l) => `2001-02-03T04:05:06.000Z ${l}\n`).join(''));
  expect(await readFile(join(folder, 'jobs/one.log'), 'utf8')).toContain(' x\n');
});

test('a file past its size is put aside, and an older one goes', async () => {
  const logs = fileProgramLogs({ folder, clock, fileBytes: 40 });
  for (let i = 0; i < 9; i += 1) {
    logs.append('flood', `line ${i} of a program that prints`);
    // Each line is written by itself: what waits together is written together.
    await logs.close();
  }
  const last = await readFile(join(folder, 'flood.log.1'), 'utf8');
  expect(last).toContain('line 8');
  expect(last).not.toContain('line 0');
});

test('a flood drops lines, and says how many', async () => {
  const logs = fileProgramLogs({ folder, clock });
  for (let i = 0; i < 30_000; i += 1) logs.append('flood', 'x');
  await logs.close();
  const text = await readFile(join(folder, 'flood.log'), 'utf8');
  expect(text).toMatch(/… \d+ lines were dropped/);
  expect(text.split('\n').length).toBeLessThan(30_000);
});

test.each(['../x', '/etc/x', 'a//b', '', 'a/../b', '.hidden'])('the name %j is a bug', (name) => {
  expect(() => fileProgramLogs({ folder, clock }).append(name, 'x')).toThrow('log name');
});
