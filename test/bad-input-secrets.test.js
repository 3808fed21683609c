/** What must stay secret is nowhere in clear: not in the logs, the answers, nor the data folder. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { answering, form, json, send, unsigned } from './bad-input.fixture.js';
import { Cleanup, dist } from './server.fixture.js';
const cleanup = new Cleanup();
afterEach(() => cleanup.run());
const administrator = {
    accessKeyId: 'AKIDSECRETSTEST00000',
    secretAccessKey: 'verySecret/0123456789+abcdefghijklmnopqr',
};
/** A server as users start it, with all that it prints. */
async function upOn(folder) {
    const { accessKeyId, secretAccessKey } = administrator;
    const flags = ['--data', folder, '--port', '0', '--log-level', 'info'];
    const keys = ['--access-key-id', accessKeyId, '--secret-access-key', secretAccessKey];
    const main = fileURLToPath(dist('cli/main.js'));
    const child = spawn(process.execPath, [main, 'up', ...flags, ...keys]);
    cleanup.add(child, (running) => running.kill('SIGKILL'));
    let printed = '';
    const url = await new Promise((resolve, reject) => {
        const hear = (part) => {
            printed += part;
            const ready = /ready (http:\S+)/.exec(printed)?.[1];
            if (ready)
                resolve(ready);
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.once('exit', () => reject(new Error(printed)));
    });
    const stop = () => new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
    });
    return { at: { url, administrator }, printed: () => printed, stop };
}
/** Every file below the folder but the root key, which is the one thing that opens the rest. */
async function filesOf(folder) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = new Map();
    for (const entry of entries) {
        if (!entry.isFile() || entry.name === 'root.key')
            continue;
        const path = join(entry.parentPath, entry.name);
        files.set(path, await readFile(path));
    }
    return files;
}
test('neither the secret key nor the key of topics is in logs, answers or files', async () => {
    const folder = await cleanup.folder();
    const { at, printed, stop } = await upOn(folder);
    const answers = [];
    const ask = async (answer) => {
        const { headers, text } = await answer;
        answers.push(JSON.stringify(headers), text);
        return text;
    };
    const requests = [
        { service: 's3', method: 'GET', url: '/' },
        { service: 's3', method: 'PUT', url: '/bucket' },
        { service: 's3', method: 'PUT', url: '/bucket/key', body: 'content' },
    ];
    for (const request of requests) {
        await ask(send(at, request));
        await ask(send(at, { ...request, payload: '0'.repeat(64) }));
        await ask(send(at, { ...request, keys: { ...administrator, secretAccessKey: 'other' } }));
    }
    await ask(json(at, ['sagemaker', 'CreateModel'], { ModelName: '-' }));
    await ask(unsigned(at, { method: 'GET', url: '/_modelkeep/health' }));
    // A topic signs what it sends, so its key exists from the first message to a subscriber on.
    const sns = (parameters) => ask(form(at, 'sns', `${new URLSearchParams({ Version: '2010-03-31', ...parameters })}`));
    let heard = 0;
    const well = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
    const Endpoint = await answering(cleanup, (socket) => {
        heard += 1;
        socket.end(well);
    });
    const created = await sns({ Action: 'CreateTopic', Name: 'topic' });
    const TopicArn = /<TopicArn>([^<]*)/.exec(created)?.[1] ?? '';
    await sns({ Action: 'Subscribe', TopicArn, Protocol: 'http', Endpoint });
    await expect.poll(() => heard, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(await stop()).toBe(0);
    const files = await filesOf(folder);
    expect([...files.keys()].some((path) => path.endsWith('metadata.db'))).toBe(true);
    expect(files.size).toBeGreaterThan(1);
    const { secretAccessKey } = administrator;
    const inClear = [secretAccessKey, Buffer.from(secretAccessKey).toString('base64').slice(0, 50)];
    for (const secret of [...inClear, 'PRIVATE KEY']) {
        expect(printed()).not.toContain(secret);
        expect(answers.join('\n')).not.toContain(secret);
        const holding = [...files].filter(([, bytes]) => bytes.includes(secret)).map(([path]) => path);
        expect([secret, holding]).toEqual([secret, []]);
    }
    // A private key in DER, as base64: the header of PKCS #8 for RSA.
    const pkcs8 = /MII[A-Za-z0-9+/]{2,6}IBADANBgkqhkiG9w0BAQEFAASC/;
    for (const [path, bytes] of files) {
        expect([path, pkcs8.test(bytes.toString('latin1'))]).toEqual([path, false]);
    }
    const root = await readFile(join(folder, 'root.key'));
    for (const [path, bytes] of files)
        expect([path, bytes.includes(root)]).toEqual([path, false]);
});
