/** The command line: what each command prints, and with which code it ends. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { Cleanup, dist } from './server.fixture.js';
// Whole processes start here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });
const cleanup = new Cleanup();
afterEach(() => cleanup.run());
const program = fileURLToPath(dist('cli/main.js'));
const path = { PATH: process.env['PATH'] ?? '' };
function run(args, environment = {}) {
    return new Promise((resolve) => {
        const env = { ...path, ...environment };
        execFile(process.execPath, [program, ...args], { env }, (cause, out, error) => {
            resolve({ code: cause ? Number(cause.code) : 0, out, error });
        });
    });
}
test('help names every command, and the flags of each', async () => {
    const help = await run([]);
    expect(help.code).toBe(0);
    for (const name of ['up', 'env', 'demo', 'status', 'doctor', 'report']) {
        expect(help.out).toMatch(new RegExp(`^  modelkeep ${name} `, 'm'));
    }
    const flags = await run(['up', '--help']);
    expect(flags).toMatchObject({ code: 0, error: '' });
    expect(flags.out).toContain('--capture-flush-seconds');
});
test.each([
    [['nope'], {}, "there is no command 'nope'"],
    [['up', '--port', 'x'], {}, '--port must be a whole number from 0 to 65535'],
    [['up', '--prot', '1'], {}, "Unknown option '--prot'"],
    [['up', 'here'], {}, "unexpected argument 'here'"],
    [['up', '--config', '/none.json'], {}, 'the configuration file /none.json does not exist'],
    [['env'], { MODELKEEP_REGION: 'x' }, 'MODELKEEP_REGION must be a region name'],
])('%j with %j ends with code 2 and says why', async (args, environment, reason) => {
    expect(await run(args, environment)).toMatchObject({
        code: 2,
        error: expect.stringContaining(reason),
    });
});
test('env and status of a folder without a server say so, and make nothing', async () => {
    const folder = await cleanup.folder();
    for (const command of ['env', 'status']) {
        expect(await run([command, '--data', folder])).toEqual({
            code: 1,
            out: '',
            error: `modelkeep ${command}: no server was started on ${folder} yet: ` +
                'run modelkeep up first\n',
        });
    }
});
test('doctor examines the machine', async () => {
    const folder = await cleanup.folder();
    const { code, out } = await run(['doctor', '--data', folder, '--port', '0']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^ok {3}node /m)]);
    expect(out).toMatch(/^ok {3}analytics +DuckDB loads$/m);
});
test('status tells what runs; a second server on the folder is refused', async () => {
    const folder = await cleanup.folder();
    const args = ['up', '--data', folder, '--port', '0', '--log-level', 'error'];
    const child = spawn(process.execPath, [program, ...args], {
        env: path,
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    cleanup.add(child, () => {
        child.kill('SIGTERM');
        return ended;
    });
    for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith('modelkeep ready '))
            break;
    }
    const status = await run(['status', '--data', folder]);
    expect(status).toMatchObject({ code: 0, error: '' });
    expect(status.out).toMatch(/^server +http:\/\/127\.0\.0\.1:\d+ ready$/m);
    expect(await run(args)).toMatchObject({
        code: 1,
        out: '',
        error: expect.stringContaining(`another server (process ${child.pid}) runs on ${folder}`),
    });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    const after = await run(['status', '--data', folder]);
    expect([after.code, after.out]).toEqual([1, expect.stringMatching(/^server .* not running$/m)]);
});
