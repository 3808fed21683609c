/** Scripts as child processes, in each sandbox that works here. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { scriptsContract } from '../../ports/scripts.contract.ts';
import type { SandboxKind, Scripts } from '../../ports/scripts.ts';
import { localScripts } from './scripts.ts';

const workFolder = mkdtempSync(join(tmpdir(), 'modelkeep-scripts-'));
afterAll(() => rmSync(workFolder, { recursive: true, force: true }));

const scripts = localScripts({ workFolder });
const { python, sandbox } = await scripts.available();
const made = new Map<SandboxKind, Scripts>();
function alone(kind: SandboxKind): Scripts {
  const known = made.get(kind) ?? localScripts({ workFolder, sandboxes: [kind] });
  made.set(kind, known);
  return known;
}
const works = async (kind: SandboxKind) =>
  (await alone(kind).available()).sandbox.detail.startsWith('scripts have');
const bubblewrap = await works('bubblewrap');
const unshare = await works('unshare');

/** What must be there, by name, for the tests to count: `python,bwrap` in continuous runs. */
const required = (process.env['MODELKEEP_REQUIRE'] ?? '').split(',');

function missing(name: string, isThere: boolean, why: string): boolean {
  if (!isThere && !required.includes(name)) console.warn(`not tested without ${name}: ${why}`);
  return !isThere && !required.includes(name);
}

const noPython = missing('python', python.usable, python.detail);
const noBubblewrap = missing('bwrap', bubblewrap, 'bubblewrap cannot be used here');
const noUnshare = missing('unshare', unshare, 'unshare cannot be used here');

describe(`in ${sandbox.kind}`, () => {
  scriptsContract('javascript', () => scripts);
  describe.skipIf(noPython)('Python', () => scriptsContract('python', () => scripts));
});

const runner = `
import fs from 'node:fs';
import { spawn } from 'node:child_process';
import net from 'node:net';
export async function preprocessHandler(body) {
  return { x: await eval('(async () => {' + body + '})()') };
}`;

/** What the bodies of functions return, in a script of its own. */
async function run(on: Scripts, ...bodies: readonly string[]) {
  const opened = await on.openPreprocessor({ name: 'one.mjs', text: runner }, { kind: 'json' });
  if (!opened.ok) throw new Error(opened.reason);
  try {
    const found = await opened.value.handle(bodies.map((body) => JSON.stringify(body)));
    return found.map((one) => (one.ok ? one.value[0]?.cells[0] : one.reason));
  } finally {
    await opened.value.close();
  }
}

const connectTo = (port: number) => `return new Promise((done) => {
  const socket = net.connect(${port}, '127.0.0.1', () => done('connected'));
  socket.on('error', ({ code }) => done(code));
});`;

async function connects(on: Scripts): Promise<string | undefined> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    return (await run(on, connectTo(port)))[0];
  } finally {
    server.close();
  }
}

describe.skipIf(noBubblewrap)('bubblewrap', () => {
  const on = alone('bubblewrap');
  test('keeps the network away', async () => {
    expect(await connects(on)).toMatch(/ECONNREFUSED|ENETUNREACH/);
  });

  test('shows neither other files nor other processes nor the environment', async () => {
    const [secret, folders, processes, names] = await run(
      on,
      `return fs.existsSync(${JSON.stringify(import.meta.filename)});`,
      "return fs.readdirSync('/').join(' ');",
      "return fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length < 5;",
      "return Object.keys(process.env).sort().join(' ');",
    );
    expect([secret, processes]).toEqual(['false', 'true']);
    expect(folders).not.toMatch(/\b(home|var|srv|mnt)\b/);
    expect(names).toBe('HOME LANG OMP_NUM_THREADS OPENBLAS_NUM_THREADS PATH PWD TMPDIR');
  });

  test('lets nothing be changed but a folder that passes', async () => {
    const write = (path: string) =>
      `try { fs.writeFileSync('${path}', ''); return 'written'; }
       catch ({ code }) { return code; }`;
    const paths = ['/usr/x', '/etc/x', '/x', '/tmp/x'];
    const found = await run(on, ...paths.map(write));
    expect(found).toEqual(['EROFS', 'EROFS', 'EROFS', 'written']);
  });
});

describe.skipIf(noUnshare)('unshare', () => {
  test('keeps the network away', async () => {
    expect(await connects(alone('unshare'))).toMatch(/ECONNREFUSED|ENETUNREACH/);
  });
});

test('without a sandbox scripts run, and it is said', async () => {
  const none = alone('none');
  expect((await none.available()).sandbox).toMatchObject({
    kind: 'none',
    detail: expect.stringContaining('as the server does'),
  });
  expect(await connects(none)).toBe('connected');
});

test('a server that allows no sandbox that works refuses scripts', async () => {
  const refusing = localScripts({ workFolder, sandboxes: [] });
  const found = await refusing.openPreprocessor({ name: 'a.mjs', text: '' }, { kind: 'json' });
  expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('no sandbox') });
});

const kinds: readonly (readonly [SandboxKind, boolean])[] = [
  ['bubblewrap', noBubblewrap],
  ['unshare', noUnshare],
  ['none', false],
];
describe.each(kinds)('what a script starts, in %s', (kind, isMissing) => {
  test.skipIf(isMissing)('ends with it', async () => {
    const mark = `9${process.pid}${kinds.findIndex(([name]) => name === kind)}`;
    const sleepers = () =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(`sleep ${mark}`)).length;
    const body = `const sleep = () => spawn('sleep', ['${mark}'], { stdio: 'ignore' });
      for (let i = 0; i < 20; i += 1) sleep();
      await new Promise((done) => setTimeout(done, 50));
      return 1;`;
    expect(await run(alone(kind), body)).toEqual(['1']);
    for (let tries = 0; tries < 50 && sleepers() > 0; tries += 1) await delay(20);
    expect(sleepers()).toBe(0);
  });
});

describe.skipIf(noPython)('Python', () => {
  test('a forked child does not answer for its parent', async () => {
    const text = `
import os
def preprocess_handler(record):
    os.fork()
    return {"x": record}`;
    const opened = await scripts.openPreprocessor({ name: 'f.py', text }, { kind: 'json' });
    if (!opened.ok) throw new Error(opened.reason);
    const found = await opened.value.handle(['1', '2', '3']);
    await opened.value.close();
    expect(found.map((one) => one.ok && one.value[0]?.cells[0])).toEqual(['1', '2', '3']);
  });

  test('is refused with the reason where there is none', async () => {
    const without = localScripts({ workFolder, python: '/no/such/python' });
    const found = await without.openPreprocessor({ name: 'a.py', text: '' }, { kind: 'json' });
    expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('/no/such/python') });
  });
});

test('other languages are refused by name', async () => {
  const found = await scripts.openPreprocessor({ name: 'a.sh', text: '' }, { kind: 'json' });
  expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('a.sh') });
});

test.each(['a.js', 'a.cjs'])('%s may be a CommonJS module', async (name) => {
  const text = 'exports.preprocess_handler = (r) => ({ x: r });';
  const opened = await scripts.openPreprocessor({ name, text }, { kind: 'json' });
  if (!opened.ok) throw new Error(opened.reason);
  const found = await opened.value.handle(['4']);
  await opened.value.close();
  expect(found).toEqual([{ ok: true, value: [{ names: ['x'], cells: ['4'] }] }]);
});

test.each([['/', '/opt/mlx', '/opt/ml/../x', 'relative', '/usr'].map((folder) => [folder])].flat())(
  'an output folder at %s is refused',
  async (folder) => {
    const post = { files: {}, folder, folderVariable: 'output_path', environment: {} };
    const source = { name: 'a.mjs', text: 'export function postprocessHandler() {}' };
    const found = await scripts.runPostprocessor(source, post, {});
    expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('below /opt/ml') });
  },
);

test('links left in the output folder are not followed', async () => {
  const text = `
import { symlinkSync } from 'node:fs';
symlinkSync('/etc/passwd', process.env.output_path + '/link.txt');
export function postprocessHandler() {}`;
  const folder = '/opt/ml/processing/output';
  const post = {
    files: { 'a.json': '{}' },
    folder,
    folderVariable: 'output_path',
    environment: {},
  };
  const found = await scripts.runPostprocessor({ name: 'a.mjs', text }, post, {});
  expect(found).toEqual({ ok: true, value: { 'a.json': '{}' } });
});

test('nothing is left of scripts that were closed', () => {
  expect(readdirSync(workFolder)).toEqual([]);
  const children = execFileSync('ps', ['-eo', 'ppid,stat,args'], { encoding: 'utf8' });
  const own = children.split('\n').filter((line) => line.trim().startsWith(`${process.pid} `));
  expect(own.filter((line) => /\bZ|driver\.(py|mjs)/.test(line))).toEqual([]);
});
