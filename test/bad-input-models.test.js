import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import * as sagemaker from '@aws-sdk/client-sagemaker';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answering, messageOf, send, told, unsigned } from './bad-input.fixture.js';
import { bucket, Cleanup, clientsOf, deploy, role, started, until, } from './server.fixture.js';
const cleanup = new Cleanup();
let at;
let clients;
beforeAll(async () => {
    at = cleanup.add(await started(await cleanup.folder()), (server) => server.stop());
    clients = cleanup.add(clientsOf(at), (c) => c.close());
    await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(() => cleanup.run());
afterEach(async () => {
    const health = await unsigned(at, { method: 'GET', url: '/_modelkeep/health' });
    expect(health.text).toBe('{"status":"ready"}');
});
const well = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const says = (bytes) => (socket) => void socket.end(Buffer.from(bytes, 'latin1'));
/** A body without a length, written until the other side has had enough. */
function flood(socket) {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const part = Buffer.alloc(1 << 20, 97);
    let left = 100;
    const more = () => {
        while (left > 0 && !socket.destroyed) {
            left -= 1;
            if (!socket.write(part))
                return void socket.once('drain', more);
        }
        socket.end();
    };
    more();
}
let behave = (socket) => socket.destroy();
describe('a model server', () => {
    beforeAll(async () => {
        const model = await answering(cleanup, (socket) => behave(socket), (socket) => socket.write(well));
        await deploy(clients, 'odd', model);
    });
    const invoke = (headers = {}, stream = '') => send(at, {
        service: 'sagemaker',
        url: `/endpoints/odd/invocations${stream}`,
        headers: { 'content-type': 'text/csv', ...headers },
        body: '1,2',
    });
    test.each([
        ['resets', (socket) => socket.resetAndDestroy(), /could not be read: /],
        ['closes', (socket) => socket.end(), /could not be read: other side closed/],
        ['answers garbage', says('GARBAGE\r\n\r\n'), /could not be read: .*HTTP\/1.1 protocol/],
        [
            'stops half-way',
            says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
            /other side closed/,
        ],
        [
            'sends chunks that are none',
            says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nx'),
            /Invalid character in chunk size/,
        ],
        ['answers 100 and no more', says('HTTP/1.1 100 Continue\r\n\r\n'), /could not be read/],
        ['switches protocols', says('HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n'), /could not be read/],
        ['answers 000', says('HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n'), /could not be read/],
        ['answers 304', says('HTTP/1.1 304 X\r\n\r\n'), /server error \(304\) from primary/],
        ['answers 500', says('HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\nbad'), /\(500\).*"bad"/],
        ['answers 999', says('HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n'), /server error \(999\)/],
        [
            'has headers of 100,000',
            says(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`),
            /Headers Overflow/,
        ],
        ['answers 100 MB without a length', flood, /the answer is larger than 26214400 bytes/],
    ])('that %s is a ModelError', async (_what, behaviour, message) => {
        behave = behaviour;
        const answer = await invoke();
        expect(told(answer)).toBe('424 ModelError');
        expect(messageOf(answer)).toMatch(message);
        const streamed = await invoke({}, '-response-stream');
        expect([200, 424]).toContain(streamed.status);
    });
    test('that redirects is not followed', async () => {
        let followed = 0;
        const elsewhere = await answering(cleanup, (socket) => {
            followed += 1;
            socket.end(well);
        });
        behave = says(`HTTP/1.1 307 X\r\nlocation: ${elsewhere}/\r\ncontent-length: 0\r\n\r\n`);
        expect(messageOf(await invoke())).toContain('server error (307) from primary');
        expect(followed).toBe(0);
    });
    test('gives the client no header but those of the contract', async () => {
        behave = says('HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nset-cookie: a=b\r\n' +
            'x-amzn-requestid: forged\r\nlocation: http://evil/\r\naccess-control-allow-origin: *\r\n' +
            'content-length: 2\r\n\r\nok');
        const { status, headers, text } = await invoke();
        expect([status, text]).toEqual([200, 'ok']);
        expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
        for (const name of ['set-cookie', 'location', 'access-control-allow-origin']) {
            expect(headers).not.toHaveProperty(name);
        }
    });
    test('that hangs holds up nobody else, nor a client that gives up', async () => {
        behave = () => { };
        const gone = AbortSignal.timeout(200);
        const { runtime } = clients;
        const { InvokeEndpointCommand } = await import('@aws-sdk/client-sagemaker-runtime');
        const hanging = runtime.send(new InvokeEndpointCommand({ EndpointName: 'odd', Body: '1' }), {
            abortSignal: gone,
        });
        expect(told(await send(at, { service: 's3', method: 'GET', url: '/' }))).toBe('200');
        await expect(hanging).rejects.toThrow();
    });
    test('does not see a request whose headers break a rule', async () => {
        let seen = 0;
        behave = (socket) => {
            seen += 1;
            socket.end(well);
        };
        const prefix = 'x-amzn-sagemaker';
        for (const [name, value] of [
            [`${prefix}-target-variant`, '__proto__'],
            [`${prefix}-target-model`, '../../etc'],
            [`${prefix}-inference-id`, 'x'.repeat(65)],
            [`${prefix}-custom-attributes`, 'x'.repeat(1_025)],
            ['content-type', 'x'.repeat(1_025)],
            ['accept', 'x'.repeat(1_025)],
        ]) {
            const answer = await invoke({ [name]: value });
            expect([name, told(answer)]).toEqual([name, '400 ValidationError']);
        }
        expect(seen).toBe(0);
    });
});
let count = 0;
/** Creates an endpoint that cannot come up; answers the reason it gives. */
async function failureOf(container) {
    count += 1;
    const name = `bad-${count}`;
    const { sagemaker: client } = clients;
    await client.send(new sagemaker.CreateModelCommand({
        ModelName: name,
        ExecutionRoleArn: role,
        PrimaryContainer: container,
    }));
    await client.send(new sagemaker.CreateEndpointConfigCommand({
        EndpointConfigName: name,
        ProductionVariants: [
            {
                VariantName: 'a',
                ModelName: name,
                InstanceType: 'ml.m5.large',
                InitialInstanceCount: 1,
            },
        ],
    }));
    const EndpointName = name;
    await client.send(new sagemaker.CreateEndpointCommand({ EndpointName, EndpointConfigName: name }));
    let reason = '';
    await until(async () => {
        const endpoint = await client.send(new sagemaker.DescribeEndpointCommand({ EndpointName }));
        reason = endpoint.FailureReason ?? '';
        return endpoint.EndpointStatus === 'Failed';
    });
    expect(reason).not.toContain('modelkeep-test-');
    return reason;
}
test.each([
    ['http://u:p@127.0.0.1:1/', /must not contain a name or password/],
    ['http://169.254.169.254/', /169.254.169.254 is never allowed/],
    ['http://2852039166/', /169.254.169.254 is never allowed/],
    ['http://[fe80::1]/', /fe80::1 is never allowed/],
    ['http://metadata.google.internal', /metadata.google.internal is never allowed/],
    ['http://127.0.0.1:0', /cannot be reached/],
    ['http://127.0.0.1:99999', /is not a valid URL/],
    ['http://', /is not a valid URL/],
    ['file:///etc/passwd', /file:\/\/\/etc\/passwd is not known here/],
    ['../../bin/sh', /is not known here: add its repository to "images"/],
    ['__proto__', /is not known here/],
    ['constructor', /is not known here/],
])('the image %s', async (image, reason) => {
    expect(await failureOf({ Image: image })).toMatch(reason);
});
test('a ping that is redirected is not well', async () => {
    const model = await answering(cleanup, says('HTTP/1.1 302 X\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n'));
    expect(await failureOf({ Image: model })).toMatch(/\/ping answered 302 instead of 200/);
});
async function archiveOf(...entries) {
    const packed = pack();
    for (const [header, content = ''] of entries)
        packed.entry(header, content);
    packed.finalize();
    const parts = [];
    for await (const part of packed)
        parts.push(part);
    return gzipSync(Buffer.concat(parts));
}
const onnx = 'model.onnx';
const archives = [
    ['leads out', () => archiveOf([{ name: '../evil' }]), /"..\/evil" leads out of the folder/],
    ['is absolute', () => archiveOf([{ name: '/etc/x' }]), /"\/etc\/x" has an absolute path/],
    [
        'has a link',
        () => archiveOf([{ name: 'l', type: 'symlink', linkname: '/etc/passwd' }]),
        /"l" is a link/,
    ],
    [
        'has a hard link',
        () => archiveOf([{ name: 'l', type: 'link', linkname: '/etc/passwd' }]),
        /"l" is a link/,
    ],
    [
        'has a device',
        () => archiveOf([{ name: 'd', type: 'character-device' }]),
        /"d" is neither a file nor a folder/,
    ],
    [
        'has a file for a folder',
        () => archiveOf([{ name: 'a' }, 'x'], [{ name: 'a/b' }, 'x']),
        /"a\/b" needs a folder where the archive has a file/,
    ],
    ['is a bomb', () => gzipSync(Buffer.alloc(64 << 20)), /cannot be unpacked/],
    [
        'is cut off',
        async () => (await archiveOf([{ name: onnx }, 'x'])).subarray(0, 30),
        /end of file/,
    ],
    ['is no gzip', () => Buffer.from('garbage'), /incorrect header check/],
    ['is empty', () => Buffer.of(), /unexpected end of file/],
    ['holds nothing', () => archiveOf(), /must hold one .onnx file, it holds 0/],
    ['holds garbage', () => archiveOf([{ name: onnx }, 'garbage']), /exit code 1 .*last output: /],
    [
        'holds two of a name',
        () => archiveOf([{ name: onnx }, 'x'], [{ name: onnx }, 'y']),
        /exit code 1 .*last output: /,
    ],
];
test.each(archives)('a model archive that %s', async (what, make, reason) => {
    const Key = `${what}.tar.gz`;
    await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: await make() }));
    const container = { Image: 'modelkeep/onnx', ModelDataUrl: `s3://${bucket}/${Key}` };
    expect(await failureOf(container)).toMatch(reason);
});
test('a model archive that is not there', async () => {
    for (const url of [`s3://${bucket}/none.tar.gz`, 's3://no-such-bucket/x.tar.gz']) {
        expect(await failureOf({ Image: 'modelkeep/onnx', ModelDataUrl: url })).toContain(`could not find model data at ${url}`);
    }
});
const floods = JSON.stringify(['sh', '-c', 'head -c 20000000 /dev/zero | tr "\\0" a; exit 3']);
test.each([
    ['', /needs a command in MODELKEEP_COMMAND/],
    ['[x', /begins with \[ but is not a JSON array of strings/],
    ['false', /ended with exit code 1 before GET \/ping answered 200; it wrote nothing/],
    ['/no/such/program', /cannot start "\/no\/such\/program"/],
    [floods, /ended with exit code 3 .*last output: a+/],
])('a program of %j', async (command, reason) => {
    const Environment = { MODELKEEP_COMMAND: command };
    const failure = await failureOf({ Image: 'modelkeep/process', Environment });
    expect(failure).toMatch(reason);
    expect(failure.length).toBeLessThanOrEqual(1_024);
});
