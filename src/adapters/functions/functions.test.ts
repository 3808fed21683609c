/** Functions in both languages, and those that hang, end, lie, or leave something running. */

import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionCall, Functions } from '../../ports/functions.ts';
import { processFunctions } from './functions.ts';

let folder = '';
let functions: Functions;
const path = process.env['PATH'] ?? '';
const python = spawnSync('python3', ['--version']).status === 0;

const programs = {
  echo: [
    'echo.mjs',
    `export const handler = async (event, context) => {
       console.log('step', event.Step);
       const left = context.getRemainingTimeInMillis();
       return { event, name: context.functionName, hurry: left > 0 && left <= 5000,
                region: process.env.AWS_REGION, own: process.env.OWN,
                names: Object.keys(process.env).sort() };
     };`,
  ],
  common: ['common.cjs', 'exports.handler = () => "from CommonJS";'],
  throws: ['throws.mjs', 'export function handler() { throw new TypeError("no such table"); }'],
  hangs: [
    'hangs.mjs',
    `import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     export function handler(event) {
       const child = spawn('sleep', ['600']);
       writeFileSync(event.pidFile, String(child.pid));
       return new Promise(() => setInterval(() => {}, 1000));
     }`,
  ],
  ends: ['ends.mjs', 'process.exit(7);'],
  babbles: ['babbles.mjs', 'export const handler = () => "x".repeat(8_000_000);'],
  lacks: ['lacks.mjs', 'export const other = 1;'],
  cyclic: ['cyclic.mjs', 'export const handler = () => { const a = {}; a.a = a; return a; };'],
} as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-functions-'));
  const entries = Object.entries(programs);
  for (const [, [file, text]] of entries) await writeFile(join(folder, file), text);
  const known = entries.map(([name, [file]]) => [name, { file: join(folder, file) }]);
  functions = processFunctions({
    programs: {
      ...Object.fromEntries(known),
      echo: { file: join(folder, 'echo.mjs'), environment: { OWN: 'mine' }, role: 'r' },
      gone: { file: join(folder, 'gone.py') },
      python: { file: join(folder, 'rotate.py'), handler: 'lambda_handler' },
    },
    path,
    nowMs: Date.now,
  });
});
afterAll(() => rm(folder, { recursive: true }));

const call = (name: string, more: Partial<FunctionCall> = {}) =>
  functions.call({
    name,
    event: { Step: 'createSecret' },
    environment: { AWS_REGION: 'eu-west-1' },
    timeoutMs: 5_000,
    ...more,
  });

test('the event goes in, the answer and what was printed come out', async () => {
  const lines: string[] = [];
  const answer = await call('echo', { say: (line) => lines.push(line) });
  expect(answer).toEqual({
    ok: true,
    value: {
      event: { Step: 'createSecret' },
      name: 'echo',
      hurry: true,
      region: 'eu-west-1',
      own: 'mine',
      names: ['AWS_REGION', 'LANG', 'OWN', 'PATH'],
    },
  });
  expect(lines).toEqual(['step createSecret']);
  expect(await call('common')).toEqual({ ok: true, value: 'from CommonJS' });
  expect([functions.has('echo'), functions.has('toString')]).toEqual([true, false]);
  expect([functions.roleOf('echo'), functions.roleOf('common')]).toEqual(['r', undefined]);
});

test.skipIf(!python)('Python, with modules beside the file', async () => {
  await writeFile(join(folder, 'beside.py'), 'WORD = "beside"\n');
  const text = [
    'import beside, os',
    'def lambda_handler(event, context):',
    '    print("in", event["Step"])',
    '    if event["Step"] == "fail": raise ValueError("wrong password")',
    '    return {"word": beside.WORD, "name": context.function_name,',
    '            "left": context.get_remaining_time_in_millis() > 0}',
  ];
  await writeFile(join(folder, 'rotate.py'), text.join('\n'));
  const lines: string[] = [];
  const answer = await call('python', { say: (line) => lines.push(line) });
  expect(answer).toEqual({ ok: true, value: { word: 'beside', name: 'python', left: true } });
  expect(lines).toEqual(['in createSecret']);
  const failed = await call('python', { event: { Step: 'fail' } });
  expect(failed).toMatchObject({ ok: false, reason: expect.stringContaining('wrong password') });
});

describe('is refused with the reason', () => {
  test.each([
    ['throws', /raised: TypeError: no such table/],
    ['ends', /ended without an answer \(exit code 7\)/],
    ['babbles', /answered too much/],
    ['lacks', /there is no function handler in/],
    ['cyclic', /raised: TypeError.*circular/],
    ['gone', /has no file .*gone\.py/],
    ['nowhere', /there is no function nowhere/],
  ])('%s', async (name, reason) => {
    expect(await call(name)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });

  test('what hangs, and nothing it started is left', async () => {
    const pidFile = join(folder, 'pid');
    const answer = await call('hangs', { event: { pidFile }, timeoutMs: 1_500 });
    expect(answer).toEqual({ ok: false, reason: 'the function hangs took more than 1500 ms' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('what is given up, before and while it runs', async () => {
    const early = AbortSignal.abort();
    expect((await call('echo', { signal: early })).ok).toBe(false);
    const giving = new AbortController();
    setTimeout(() => giving.abort(), 300);
    const pidFile = join(folder, 'pid2');
    const answer = await call('hangs', { event: { pidFile }, signal: giving.signal });
    expect(answer).toEqual({ ok: false, reason: 'the function hangs was given up' });
  });
});

/** A process that ended and was not waited for is not running. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status !== undefined && !/\) Z /.test(status);
}
