/** `modelkeep audit` over data folders of a disk, through its command function. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type DataFolder, makeDataFolder } from '../server/audit.fixture.ts';
import { audit } from './audit.ts';

let folder: DataFolder;

beforeEach(async () => {
  folder = await makeDataFolder();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await folder.remove();
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
  const parsed = audit.parse([...args]);
  const exit = parsed.ok ? await parsed.value() : 2;
  const err = parsed.ok ? lines.err.join('\n') : parsed.reason;
  return { exit, out: lines.out.join('\n'), err };
}

describe('modelkeep audit', () => {
  test('passes what a first start leaves, and warns of its key', async () => {
    const { exit, out } = await run('--data', folder.path);
    expect(exit).toBe(0);
    expect(out).toMatch(/^HIGH\n {2}ok {3}Nobody can come to more rights/);
    expect(out).toMatch(
      /FAIL The key of the first start .*\(bootstrap-administrator, 1\)\n +AKIAFI/,
    );
    expect(out).toMatch(/INFO[^]*user\/administrator: this user may do everything/);
    expect(out).toMatch(/ failed: no check of high severity failed$/);
    expect((await run('--data', folder.path)).out).toBe(out);
  });

  test('fails when something of high severity does', async () => {
    await folder.addRootKey();
    await folder.addPublicBucket('open');
    const { exit, out } = await run('--data', folder.path);
    expect(exit).toBe(1);
    expect(out).toContain('AKIAROOT: belongs to the root user');
    expect(out).toMatch(/arn:aws:s3:::open: resource policy, statement 1: PUBLIC_ACCESS/);
    expect(out).toContain('BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy');
    const json = await run('--data', folder.path, '--json');
    expect(json.exit).toBe(1);
    const { passed, checks } = JSON.parse(json.out);
    expect(passed).toBe(false);
    expect(checks).toContainEqual({
      id: 'root-access-keys',
      title: 'The root user has no access keys',
      severity: 'high',
      status: 'failed',
      resources: [{ resource: 'AKIAROOT', detail: 'belongs to the root user' }],
      count: 1,
      advice: expect.stringContaining('delete the keys'),
    });
  });

  test('says so when there is nothing to examine', async () => {
    const { exit, err } = await run('--data', join(folder.path, 'none'));
    expect(exit).toBe(1);
    expect(err).toContain('no server was started');
  });

  test.each([
    [['x'], "unexpected argument 'x'"],
    [['--jsn'], '--jsn'],
    [['--account', 'x'], '--account must be twelve digits'],
  ])('refuses the arguments %j', async (args, reason) => {
    const { exit, err } = await run(...args);
    expect(exit).toBe(2);
    expect(err).toContain(reason);
  });
});
