/** `modelkeep role` against a listening server, through its command function. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../adapters/system/system.ts';
import { sealKeyPair } from '../server/administrator.ts';
import { readConfig } from '../server/config.ts';
import { writeNote } from '../server/data-folder.ts';
import { type RoleServer, startRoleServer } from '../server/role-manager.fixture.ts';
import { loadOrMakeKeyring } from '../server/unseal.ts';
import { role } from './role.ts';

let folder = '';
let server: RoleServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-role-'));
  server = await startRoleServer(systemClock.nowMs());
  const keys = await server.user('root', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
  const config = readConfig({ flags: { data: folder }, environment: {} });
  if (!config.ok) throw new Error(config.reason);
  const keyring = await loadOrMakeKeyring(config.value);
  if (!keyring.ok) throw new Error(keyring.reason);
  await writeNote(config.value, {
    url: server.url,
    region: 'us-east-1',
    processId: process.pid,
    administrator: sealKeyPair(keyring.value, keys),
  });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
  await rm(`${folder}.key`, { force: true });
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Run {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

async function run(...args: readonly string[]): Promise<Run> {
  const lines = { out: [] as string[], err: [] as string[] };
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.out.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.err.push(line));
  const parsed = role.parse([...args]);
  const exit = parsed.ok ? await parsed.value() : 2;
  const err = parsed.ok ? lines.err.join('\n') : parsed.reason;
  return { exit, out: lines.out.join('\n'), err };
}

describe('modelkeep role', () => {
  test('plans a role, and writes it once it is told to', async () => {
    const about = ['--name', 'cli', '--persona', 'sagemaker-compute', '--bucket', 'data'];
    const all = [...about, '--bucket', 'models', '--data', folder];
    const plan = await run('plan', ...all);
    expect(plan.exit).toBe(0);
    expect(plan.out).toContain('role/SageMaker-cli (to be made)');
    expect(plan.out).toContain('+ ');
    expect(plan.out).toMatch(/proof {7}\d+ requests are allowed as they must be, \d+ are refused/);
    const unsure = await run('apply', ...all);
    expect(unsure.exit).toBe(1);
    expect(unsure.err).toContain('--yes');
    expect(await server.role('SageMaker-cli')).toBeUndefined();
    const done = await run('apply', ...all, '--yes');
    expect(done.exit).toBe(0);
    expect(done.out).toContain('wrote arn:aws:iam::');
    const [document = ''] = Object.values((await server.role('SageMaker-cli'))?.inline ?? {});
    expect(document).toContain('arn:aws:s3:::models/*');
    const json = await run('plan', ...all, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ role: { exists: true, managed: true } });
  });

  test("says the server's reason when it refuses", async () => {
    const refused = await run('plan', '--name', 'x', '--persona', 'boss', '--data', folder);
    expect(refused.exit).toBe(1);
    expect(refused.err).toContain('there is no persona boss');
    const empty = await run('plan', '--name', 'x', '--data', join(folder, 'none'));
    expect(empty.err).toContain('no server was started');
  });

  test.each([
    [[], 'needs one of plan'],
    [['dance'], 'needs one of plan'],
    [['plan'], '--name is needed'],
    [['plan', '--name', 'x', 'y'], "unexpected argument 'y'"],
    [['plan', '--nmae', 'x'], '--nmae'],
    [['check'], 'check needs one file'],
    [['check', 'a', 'b'], 'check needs one file'],
    [['check', 'a', '--use', 'b'], '--use must be'],
    [['list-activities', 'x'], "unexpected argument 'x'"],
  ])('%j is refused', async (args, reason) => {
    const { exit, err } = await run(...args);
    expect(exit).toBe(2);
    expect(err).toContain(reason);
  });

  test('lists activities with what they need', async () => {
    const { out, exit } = await run('list-activities');
    expect(exit).toBe(0);
    expect(out).toContain('manage-model-monitoring');
    expect(out).toMatch(/use-buckets +reads.*\n +needs buckets/);
    const json = await run('list-activities', '--json');
    expect(JSON.parse(json.out)).toHaveProperty('personas');
  });

  test('examines a policy file, with lines and an exit code', async () => {
    const path = join(folder, 'policy.json');
    const statement = (action: string) => ({ Effect: 'Allow', Action: action, Resource: '*' });
    const write = (action: string) =>
      writeFile(
        path,
        JSON.stringify({ Version: '2012-10-17', Statement: [statement(action)] }, null, 2),
      );
    await write('s3:GetObjekt');
    const bad = await run('check', path);
    expect(bad.exit).toBe(1);
    expect(bad.out).toBe(
      `${path}:4:5 error INVALID_ACTION: There is no action s3:GetObjekt. ` +
        'Did you mean s3:GetObject?',
    );
    await write('s3:GetObject');
    expect(await run('check', path)).toMatchObject({ exit: 0, out: `${path}: nothing found` });
    expect((await run('check', path, '--json')).out).toBe('[]');
    expect((await run('check', path, '--use', 'trust')).err).toContain('is not a policy');
    expect((await run('check', join(folder, 'missing.json'))).exit).toBe(1);
  });
});

describe('revoke', () => {
  test('ends the sessions of a role, or one by its key', async () => {
    await server.putRole('tired', {});
    expect((await run('revoke', 'tired', '--data', folder)).out).toMatch(/^ended: .*role\/tired$/);
    const key = 'ASIAAAAAAAAAAAAAAAAA';
    expect((await run('revoke', key, '--data', folder)).out).toBe(`ended: ${key}`);
    expect(server.revoked).toEqual(['AROAOLD', key]);
  });

  test('says what is wrong', async () => {
    const gone = await run('revoke', 'nobody', '--data', folder);
    expect([gone.exit, gone.err]).toEqual([1, expect.stringContaining('no role nobody')]);
    for (const args of [[], ['a', 'b']]) expect(role.parse(['revoke', ...args]).ok).toBe(false);
  });
});
