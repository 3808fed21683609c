/** Real child processes: small programs written for each test. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { gather } from '../../kernel/bytes.ts';
import type { JobSpec, ModelServer, ServeSpec } from '../../ports/launcher.ts';
import { makeProcessLauncher, type ProcessLauncherParts } from './launcher.ts';

let folder = '';
let count = 0;
const newPath = () => join(folder, String((count += 1)));
const path = `${join(process.execPath, '..')}:/usr/bin:/bin`;
const restarts = { firstDelayMs: 10, maxDelayMs: 50, maxFailures: 2, stableMs: 600_000 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-process-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Answers what it was started with; dies when asked to. */
const serverProgram = `
import { createServer } from 'node:http';
import { readdirSync } from 'node:fs';
console.log('starting');
createServer((request, response) => {
  if (request.url === '/die') process.exit(3);
  const files = readdirSync('.');
  response.end(JSON.stringify({ url: request.url, env: process.env, cwd: process.cwd(), files }));
}).listen(Number(process.env.SAGEMAKER_BIND_TO_PORT), '127.0.0.1');
`;

async function programFile(source: string): Promise<string> {
  const file = `${newPath()}.mjs`;
  await writeFile(file, source);
  return file;
}

async function launcherWith(source: string, more: Partial<ProcessLauncherParts> = {}) {
  const command = [process.execPath, await programFile(source)];
  const images = { 'team/model': { command, environment: { FROM_IMAGE: 'yes' } } };
  const workFolder = newPath();
  const launcher = makeProcessLauncher({ images, workFolder, path, restarts, ...more });
  return { launcher, workFolder };
}

const specOf = (more: Partial<ServeSpec> = {}): ServeSpec => ({
  name: 'm-1',
  image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/model:7',
  environment: {},
  startTimeoutMs: 20_000,
  onLog: () => {},
  ...more,
});

async function served(
  launcher: ReturnType<typeof makeProcessLauncher>,
  spec: ServeSpec,
): Promise<ModelServer> {
  const outcome = await launcher.serve(spec);
  expect(outcome).toMatchObject({ ok: true });
  const server = defined(outcome.ok ? outcome.value : undefined, 'server');
  onTestFinished(() => server.stop({ graceMs: 100 }));
  return server;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20);
}

async function modelArchive(): Promise<string> {
  const archive = pack();
  archive.entry({ name: 'model.txt' }, 'weights');
  archive.finalize();
  const file = newPath();
  await writeFile(file, gzipSync(await gather(Readable.from(archive), 1_000_000)));
  return file;
}

describe('model servers', () => {
  test('run in their model folder, at their own port, with their own environment', async () => {
    const { launcher, workFolder } = await launcherWith(serverProgram);
    const lines: string[] = [];
    const server = await served(
      launcher,
      specOf({
        environment: { USER_SET: 'a', CODE: '/opt/ml/model/code', PATH: '/evil' },
        modelArchivePath: await modelArchive(),
        onLog: (line) => void lines.push(line),
      }),
    );
    const response = await fetch(server.invocationsUrl, { method: 'POST' });
    const answer = (await response.json()) as { env: unknown };
    const model = join(workFolder, 'm-1', 'model');
    expect(answer).toMatchObject({ url: '/invocations', cwd: model, files: ['model.txt'] });
    expect(answer.env).toEqual({
      LANG: 'C.UTF-8',
      PATH: path,
      HOME: join(workFolder, 'm-1'),
      USER_SET: 'a',
      CODE: join(model, 'code'),
      FROM_IMAGE: 'yes',
      SM_MODEL_DIR: model,
      MODELKEEP_MODEL_DIR: model,
      SAGEMAKER_BIND_TO_PORT: server.invocationsUrl.port,
    });
    expect(await server.healthy()).toBe(true);
    expect(lines).toContain('starting');
    const usage = defined(await server.usage(), 'usage');
    expect(usage.cpuPercent).toBeGreaterThan(0);
    expect(usage.memoryPercent).toBeGreaterThan(0);
    expect(usage.diskPercent).toBeGreaterThan(0);
    await server.stop({ graceMs: 1_000 });
    expect(await server.healthy()).toBe(false);
    await expect(fetch(server.invocationsUrl)).rejects.toThrow();
    expect(await readdir(workFolder)).toEqual([]);
  });

  test('{port} and {model} in a command are filled in', async () => {
    const file = await programFile(`
      import { createServer } from 'node:http';
      const [, , port, model] = process.argv;
      createServer((_, response) => response.end(model)).listen(Number(port.slice(2)), '127.0.0.1');
    `);
    const images = { flags: { command: ['node', file, '-p{port}', '--model={model}'] } };
    const { launcher, workFolder } = await launcherWith('', { images });
    const server = await served(launcher, specOf({ image: 'flags' }));
    const answer = await (await fetch(server.invocationsUrl)).text();
    expect(answer).toBe(`--model=${join(workFolder, 'm-1', 'model')}`);
  });

  test('a command of the user runs without a shell', async () => {
    const { launcher } = await launcherWith('');
    const file = await programFile(serverProgram);
    const spec = specOf({ image: 'modelkeep/process', name: 'u-1' });
    const words = await served(launcher, {
      ...spec,
      environment: { MODELKEEP_COMMAND: ` node  ${file} ;` },
    });
    expect(await words.healthy()).toBe(true);
    const list = JSON.stringify(['node', file, 'a b', '$(touch /tmp/x)']);
    const environment = { MODELKEEP_COMMAND: list };
    expect(await (await served(launcher, { ...spec, name: 'u-2', environment })).healthy()).toBe(
      true,
    );
  });

  test.each([
    [{}, /needs a command in MODELKEEP_COMMAND/],
    [{ MODELKEEP_COMMAND: '[1]' }, /not a JSON array of strings/],
    [{ MODELKEEP_COMMAND: '["a"' }, /not a JSON array of strings/],
    [{ MODELKEEP_COMMAND: 'no-such-program' }, /cannot start "no-such-program".*ENOENT/],
    [{ MODELKEEP_COMMAND: 'node', 'A=B': 'x' }, /"A=B"/],
    [{ MODELKEEP_COMMAND: 'node', A: 'x\0' }, /"A"/],
  ])('the environment %j is refused', async (environment: Record<string, string>, reason) => {
    const { launcher, workFolder } = await launcherWith('');
    const outcome = await launcher.serve(specOf({ image: 'modelkeep/process', environment }));
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
    expect(existsSync(join(workFolder, 'm-1'))).toBe(false);
  });

  test('a program that ends or never gets ready is refused with what it said', async () => {
    const dying = await launcherWith("console.error('no weights'); process.exitCode = 4;");
    const died = await dying.launcher.serve(specOf());
    expect(died).toMatchObject({ ok: false, reason: expect.stringMatching(/code 4.*no weights/) });
    const silent = await launcherWith("console.log('warming'); setInterval(() => {}, 1000);");
    const late = await silent.launcher.serve(specOf({ startTimeoutMs: 300 }));
    expect(late).toMatchObject({ ok: false, reason: expect.stringMatching(/within 300 ms/) });
    expect(await readdir(silent.workFolder)).toEqual([]);
  });

  test('a program that dies is started again, and given up when that does not help', async () => {
    const marker = newPath();
    const { launcher } = await launcherWith(`
      import { existsSync } from 'node:fs';
      if (existsSync(${JSON.stringify(marker)})) process.exit(5);
      ${serverProgram}`);
    const lines: string[] = [];
    const server = await served(launcher, specOf({ onLog: (line) => void lines.push(line) }));
    const die = () => fetch(new URL('/die', server.invocationsUrl)).catch(() => {});
    await die();
    await until(() => lines.some((line) => line.includes('it ended (3)')));
    await until(() => server.healthy());
    await writeFile(marker, '');
    await die();
    await until(() => lines.some((line) => line.includes('given up after 2 restarts')));
    expect(await server.healthy()).toBe(false);
    expect(await server.usage()).toBeUndefined();
  });

  test('what does not listen to SIGTERM is killed, with all it started', async () => {
    const { launcher } = await launcherWith(`
      import { spawn } from 'node:child_process';
      process.on('SIGTERM', () => {});
      const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
      const child = spawn(process.execPath, ['-e', stubborn]);
      console.log('child ' + child.pid);
      ${serverProgram}`);
    const lines: string[] = [];
    const server = await served(launcher, specOf({ onLog: (line) => void lines.push(line) }));
    const child = Number(lines.find((line) => line.startsWith('child '))?.slice(6));
    expect(existsSync(`/proc/${child}`)).toBe(true);
    await server.stop({ graceMs: 100 });
    await until(async () => {
      const stat = await readFile(`/proc/${child}/stat`, 'utf8').catch(() => ') Z');
      return stat.includes(') Z');
    });
    expect(await server.healthy()).toBe(false);
  });

  test('a bad archive is refused with the entry, and nothing is left', async () => {
    const { launcher, workFolder } = await launcherWith(serverProgram);
    const archive = pack();
    archive.entry({ name: '../evil' }, 'x');
    archive.finalize();
    const modelArchivePath = newPath();
    await writeFile(modelArchivePath, gzipSync(await gather(Readable.from(archive), 1_000_000)));
    const outcome = await launcher.serve(specOf({ modelArchivePath }));
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('../evil') });
    expect(await readdir(workFolder)).toEqual([]);
  });

  test('giving up while it starts ends it', async () => {
    const { launcher, workFolder } = await launcherWith('setInterval(() => {}, 1000);');
    const giveUp = new AbortController();
    const serving = launcher.serve(specOf(), { signal: giveUp.signal });
    await until(() => existsSync(join(workFolder, 'm-1', 'model')));
    giveUp.abort(new Error('given up'));
    await expect(serving).rejects.toThrow('given up');
    expect(await readdir(workFolder)).toEqual([]);
  });

  test('programs of a server that was killed are ended by the next one', async () => {
    const { launcher, workFolder } = await launcherWith(serverProgram);
    const server = await served(launcher, specOf());
    await mkdir(join(workFolder, 'not-ours'));
    const next = await launcherWith(serverProgram, { workFolder });
    await served(next.launcher, specOf({ name: 'm-2' }));
    await until(async () => !(await server.healthy()));
    expect((await readdir(workFolder)).sort()).toContain('not-ours');
  });

  test('images are matched by repository, unknown ones refused with what to do', async () => {
    const { launcher } = await launcherWith('');
    expect(launcher.accepts('team/model')).toBe(true);
    expect(launcher.accepts('localhost/team/model@sha256:abc')).toBe(true);
    expect(launcher.accepts('registry:5000/team/model:1.2')).toBe(true);
    expect(launcher.accepts('registry.example.com/modelkeep/process:1')).toBe(true);
    expect(launcher.accepts('other/team/model')).toBe(false);
    expect(launcher.accepts('constructor')).toBe(false);
    const outcome = await launcher.serve(specOf({ image: 'x/y:1' }));
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('images table') });
  });

  test('commands of users can be switched off', async () => {
    const { launcher } = await launcherWith('', { userCommands: false });
    const environment = { MODELKEEP_COMMAND: 'node' };
    const outcome = await launcher.serve(specOf({ image: 'modelkeep/process', environment }));
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('switched off') });
  });
});

describe('jobs', () => {
  const jobOf = async (more: Partial<JobSpec> = {}): Promise<JobSpec> => {
    const rootPath = newPath();
    await mkdir(rootPath);
    return {
      name: 'job-1',
      image: 'team/model',
      entrypoint: [],
      arguments: [],
      environment: {},
      rootPath,
      timeoutMs: 20_000,
      onLog: () => {},
      ...more,
    };
  };

  test('run to their end in the folder that stands for /opt/ml', async () => {
    const { launcher, workFolder } = await launcherWith(`
      import { writeFileSync } from 'node:fs';
      writeFileSync('seen.json', JSON.stringify({ argv: process.argv.slice(2), env: process.env }));
      process.exitCode = 7;`);
    const spec = await jobOf({
      arguments: ['--in', '/opt/ml/processing/input', '/opt/mlx'],
      environment: { INPUT: '/opt/ml/processing/input', OTHER: 'a/opt/ml' },
    });
    expect(await launcher.run(spec)).toEqual({
      ok: true,
      value: { exitCode: 7, timedOut: false, stopped: false },
    });
    const seen = JSON.parse(await readFile(join(spec.rootPath, 'seen.json'), 'utf8'));
    const input = join(spec.rootPath, 'processing/input');
    expect(seen.argv).toEqual(['--in', input, '/opt/mlx']);
    expect(seen.env).toEqual({
      LANG: 'C.UTF-8',
      PATH: path,
      HOME: join(workFolder, 'job-1'),
      INPUT: input,
      OTHER: 'a/opt/ml',
      FROM_IMAGE: 'yes',
      MODELKEEP_ML_ROOT: spec.rootPath,
    });
    expect(await readdir(workFolder)).toEqual([]);
  });

  test('an entrypoint replaces the command, and is refused where users may have none', async () => {
    const { launcher, workFolder } = await launcherWith('process.exitCode = 1;');
    const lines: string[] = [];
    const spec = await jobOf({
      entrypoint: ['node', '-e', "console.log('é'.repeat(3)); process.stdout.write('no end')"],
      onLog: (line) => void lines.push(line),
    });
    expect(await launcher.run(spec)).toMatchObject({ ok: true, value: { exitCode: 0 } });
    expect(lines).toEqual(['ééé', 'no end']);
    const strict = await launcherWith('', { userCommands: false, workFolder });
    expect(await strict.launcher.run(spec)).toMatchObject({ ok: false });
    expect(await launcher.run({ ...spec, image: 'x/y' })).toMatchObject({ ok: false });
  });

  test('a job out of time is ended, and killed when it does not listen', async () => {
    const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
    const { launcher } = await launcherWith(stubborn, { jobGraceMs: 100 });
    expect(await launcher.run(await jobOf({ timeoutMs: 200 }))).toEqual({
      ok: true,
      value: { exitCode: undefined, timedOut: true, stopped: false },
    });
  });

  test('a job that is stopped may clean up', async () => {
    const { launcher } = await launcherWith(`
      process.on('SIGTERM', () => process.exit(9));
      console.log('running');
      setInterval(() => {}, 1000);`);
    const stop = new AbortController();
    const spec = await jobOf({ onLog: () => stop.abort() });
    expect(await launcher.run(spec, { signal: stop.signal })).toEqual({
      ok: true,
      value: { exitCode: 9, timedOut: false, stopped: true },
    });
  });

  test('endless and countless lines are bounded', async () => {
    const { launcher } = await launcherWith(`
      process.stdout.write('x'.repeat(100_000) + '\\n');
      for (let i = 0; i < 20_000; i += 1) console.log(i);`);
    const lines: string[] = [];
    await launcher.run(await jobOf({ onLog: (line) => void lines.push(line) }));
    expect(lines[0]).toHaveLength(16_386);
    expect(lines.length).toBeLessThan(20_000);
  });
});
