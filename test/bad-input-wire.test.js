/** Requests that lie about who sent them, or that cannot be read: each gets its refusal. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { amzDateOf, form, json, messageOf, raw, send, signedHeaders, told, unsigned, } from './bad-input.fixture.js';
import { Cleanup, started } from './server.fixture.js';
const cleanup = new Cleanup();
let at;
const { now } = Date;
beforeAll(async () => {
    at = cleanup.add(await started(await cleanup.folder()), (server) => server.stop());
});
afterAll(() => cleanup.run());
afterEach(async () => {
    const health = await unsigned(at, { method: 'GET', url: '/_modelkeep/health' });
    expect(health.text).toBe('{"status":"ready"}');
});
const listModels = {
    service: 'sagemaker',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'SageMaker.ListModels' },
    body: '{}',
};
const listTopics = {
    service: 'sns',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=ListTopics&Version=2010-03-31',
};
const listBuckets = { service: 's3', method: 'GET', url: '/' };
const invoke = { service: 'sagemaker', url: '/endpoints/x/invocations', body: '1' };
/** Each kind of service has codes of its own: JSON, query, S3, and the runtime's REST. */
const kinds = [listModels, listTopics, listBuckets, invoke];
const incomplete = [
    '400 IncompleteSignatureException',
    '400 IncompleteSignature',
    '400 AuthorizationHeaderMalformed',
    '403 IncompleteSignatureException',
];
const mechanism = [
    '400 IncompleteSignatureException',
    '400 IncompleteSignature',
    '400 InvalidRequest',
    '403 IncompleteSignatureException',
];
const mismatch = [
    '400 InvalidSignatureException',
    '403 SignatureDoesNotMatch',
    '403 SignatureDoesNotMatch',
    '403 InvalidSignatureException',
];
const unknownKey = [
    '400 UnrecognizedClientException',
    '403 InvalidClientTokenId',
    '403 InvalidAccessKeyId',
    '403 UnrecognizedClientException',
];
const tokenWrong = [
    '400 UnrecognizedClientException',
    '403 InvalidClientTokenId',
    '400 InvalidToken',
    '403 UnrecognizedClientException',
];
const skewed = [
    '400 InvalidSignatureException',
    '403 SignatureDoesNotMatch',
    '403 RequestTimeTooSkewed',
    '403 InvalidSignatureException',
];
const dateless = [
    '400 IncompleteSignatureException',
    '400 IncompleteSignature',
    '403 AccessDenied',
    '403 IncompleteSignatureException',
];
const tampered = [
    '400 XAmzContentSHA256Mismatch',
    '400 XAmzContentSHA256Mismatch',
    '400 XAmzContentSHA256Mismatch',
    '400 XAmzContentSHA256Mismatch',
];
const authorized = (change) => ({
    tamper(headers) {
        headers['authorization'] = change(headers['authorization'] ?? '');
    },
});
const keys = (accessKeyId, secretAccessKey = 'x') => ({
    keys: { accessKeyId, secretAccessKey },
});
describe('a signature that does not hold', () => {
    test.each([
        ['an empty header', () => authorized(() => ''), mechanism, /Please use AWS4-HMAC-SHA256/],
        ['Basic', () => authorized(() => 'Basic dTpw'), mechanism, /Please use AWS4-HMAC-SHA256/],
        [
            'no credential',
            () => authorized((a) => a.replace(/Credential=[^,]*, /, '')),
            incomplete,
            /requires 'Credential' parameter/,
        ],
        [
            'half a credential',
            () => authorized((a) => a.replace(/Credential=[^,]*/, 'Credential=a/b')),
            incomplete,
            /the Credential is mal-formed/,
        ],
        [
            'no signature',
            () => authorized((a) => a.replace(/, Signature=.*/, '')),
            incomplete,
            /requires 'Signature' parameter/,
        ],
        [
            'two signatures',
            () => authorized((a) => `${a}, Signature=0`),
            incomplete,
            /'Signature' is given twice/,
        ],
        [
            'a region that is none',
            () => authorized((a) => a.replace('us-east-1', 'us:east:1')),
            incomplete,
            /valid region/,
        ],
        ['another region', () => authorized((a) => a.replace('us-east-1', 'x')), mismatch, /match/],
        ['half a signature', () => authorized((a) => a.slice(0, -9)), mismatch, /does not match/],
        [
            'odd characters for one',
            () => authorized((a) => a.replace(/Signature=.*/, 'Signature=\u00e9')),
            mismatch,
            /does not match/,
        ],
        ['a header of 50,000', () => authorized((a) => a + '0'.repeat(50_000)), mismatch, /match/],
        ['an unknown key', () => keys('AKIANOBODY'), unknownKey, /token|does not exist/],
        ['a key of __proto__', () => keys('__proto__'), unknownKey, /token|does not exist/],
        ['a key of constructor', () => keys('constructor'), unknownKey, /token|does not exist/],
        ['a wrong secret', () => keys(at.administrator.accessKeyId), mismatch, /does not match/],
        [
            'a token where none is due',
            () => ({ headers: { 'x-amz-security-token': 't' } }),
            tokenWrong,
            /token/,
        ],
        ['an hour ago', () => ({ amzDate: amzDateOf(now() - 3_600_000) }), skewed, /expired|too large/],
        ['an hour ahead', () => ({ amzDate: amzDateOf(now() + 3_600_000) }), skewed, /not yet|large/],
        ['a date that is none', () => ({ amzDate: '20261399T000000Z' }), dateless, /[Dd]ate/],
        ['a body that is another', () => ({ payload: '0'.repeat(64) }), tampered, /does not match/],
    ])('%s', async (_what, change, codes, message) => {
        for (const [index, kind] of kinds.entries()) {
            const changed = change();
            const headers = { ...kind.headers, ...changed.headers };
            const answer = await send(at, { ...kind, ...changed, headers });
            expect([kind.url, told(answer)]).toEqual([kind.url, codes[index]]);
            expect(messageOf(answer)).toMatch(message);
        }
    });
    test('no signature at all', async () => {
        const answers = await Promise.all(kinds.map((kind) => unsigned(at, kind)));
        expect(answers.map(told)).toEqual([
            '403 MissingAuthenticationToken',
            '403 MissingAuthenticationToken',
            '403 AccessDenied',
            '403 MissingAuthenticationToken',
        ]);
    });
    test('a body changed on the way, a header added, a service not signed for', async () => {
        const headers = signedHeaders(listModels, at);
        const swapped = await unsigned(at, { ...listModels, headers, body: '[]' });
        expect(told(swapped)).toBe('400 XAmzContentSHA256Mismatch');
        const added = await send(at, {
            ...listTopics,
            tamper: (sent) => void (sent['x-amz-added'] = '1'),
        });
        expect(told(added)).toBe('403 SignatureDoesNotMatch');
        expect(messageOf(added)).toContain("'x-amz-added' must be a 'SignedHeader'");
        const other = await send(at, { ...listModels, service: 'sns' });
        expect(messageOf(other)).toContain("scoped to correct service: 'sagemaker'");
        expect(other.status).toBe(403);
    });
});
function presigned(over) {
    const instant = amzDateOf(now());
    const { accessKeyId } = at.administrator;
    const query = {
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `${accessKeyId}/${instant.slice(0, 8)}/us-east-1/s3/aws4_request`,
        'X-Amz-Date': instant,
        'X-Amz-Expires': '60',
        'X-Amz-SignedHeaders': 'host',
        'X-Amz-Signature': 'ab'.repeat(32),
        ...over,
    };
    const pairs = Object.entries(query).filter((pair) => !!pair[1]);
    return { method: 'GET', url: `/bucket/key?${new URLSearchParams(pairs)}` };
}
describe('a presigned URL', () => {
    const bad = '400 AuthorizationQueryParametersError';
    test.each([
        [{}, '403 SignatureDoesNotMatch', /does not match/],
        [{ 'X-Amz-Expires': '0' }, bad, /must be positive/],
        [{ 'X-Amz-Expires': '-5' }, bad, /must be positive/],
        [{ 'X-Amz-Expires': '604801' }, bad, /less than a week/],
        [{ 'X-Amz-Expires': '9'.repeat(40) }, bad, /less than a week/],
        [{ 'X-Amz-Expires': '1e3' }, bad, /should be a number/],
        [{ 'X-Amz-Expires': undefined }, bad, /requires the .* X-Amz-Expires parameters/],
        [{ 'X-Amz-Date': undefined }, bad, /requires the .*X-Amz-Date/],
        [{ 'X-Amz-Signature': undefined }, bad, /requires the .*X-Amz-Signature/],
        [{ 'X-Amz-Date': 'yesterday' }, bad, /ISO8601/],
        [{ 'X-Amz-Algorithm': 'none' }, bad, /only supports/],
        [{ 'X-Amz-Credential': 'a/b' }, bad, /mal-formed/],
        [{ 'X-Amz-Credential': 'a/20200101/us:1/s3/aws4_request' }, bad, /valid region/],
        [{ 'X-Amz-Credential': 'a/20200101/us-east-1/s3/aws4_request' }, bad, /not the same/],
        [{ 'X-Amz-SignedHeaders': 'accept' }, '403 AccessDenied', /not signed/],
        [{ 'X-Amz-Security-Token': 't' }, '400 InvalidToken', /token/],
    ])('with %j', async (over, code, message) => {
        const answer = await unsigned(at, presigned(over));
        expect(told(answer)).toBe(code);
        expect(messageOf(answer)).toMatch(message);
    });
    test('that has expired, is from the future, or has a header beside it', async () => {
        for (const [offsetMs, message] of [
            [-3_600_000, 'Request has expired'],
            [3_600_000, 'Request is not valid yet'],
        ]) {
            const instant = amzDateOf(now() + offsetMs);
            const scope = `${instant.slice(0, 8)}/us-east-1/s3/aws4_request`;
            const answer = await unsigned(at, presigned({
                'X-Amz-Date': instant,
                'X-Amz-Credential': `${at.administrator.accessKeyId}/${scope}`,
            }));
            expect([told(answer), messageOf(answer)]).toEqual(['403 AccessDenied', message]);
        }
        const both = await send(at, { service: 's3', ...presigned({}) });
        expect(told(both)).toBe('400 InvalidArgument');
    });
});
describe('HTTP that is none', () => {
    const post = (head, body = '') => `POST / HTTP/1.1\r\nHost: x\r\n${head}\r\nConnection: close\r\n\r\n${body}`;
    test.each([
        ['garbage', 'GARBAGE\r\n\r\n', 400],
        ['two lengths', post('Content-Length: 1\r\nContent-Length: 5', 'hello'), 400],
        ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0'), 400],
        ['a negative length', post('Content-Length: -1'), 400],
        ['chunks that are none', post('Transfer-Encoding: chunked', 'ZZ\r\nx'), 400],
        ['headers of 100,000', post(`X-A: ${'a'.repeat(100_000)}`), 431],
        ['a host that is missing', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ])('%s', async (_what, bytes, status) => {
        expect(await raw(at, bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    });
    test('a body that stops half-way holds nobody up', async () => {
        const { hostname, port } = new URL(at.url);
        const head = Object.entries(signedHeaders(listModels, at)).map(([k, v]) => `${k}: ${v}`);
        const sockets = Array.from({ length: 20 }, () => connect(Number(port), hostname));
        for (const socket of sockets) {
            socket.on('error', () => { });
            socket.write(`POST / HTTP/1.1\r\n${head.join('\r\n')}\r\ncontent-length: 1000000\r\n\r\n{`);
        }
        expect(told(await send(at, listModels))).toBe('200');
        for (const socket of sockets)
            socket.destroy();
    });
});
const target = (name) => ({
    ...listModels,
    headers: { ...listModels.headers, 'x-amz-target': name },
});
const gzip = (body) => ({
    ...listModels,
    headers: { ...listModels.headers, 'content-encoding': 'gzip' },
    body,
});
const cbor = (body) => ({
    service: 'monitoring',
    url: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
    headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
    body,
});
const xml = (body) => ({
    service: 's3',
    url: '/bucket?delete',
    headers: { 'content-type': 'application/xml' },
    body,
});
async function refusals(cases) {
    const got = {};
    for (const [what, ask] of Object.entries(cases)) {
        const answer = await ask();
        got[what] = told(answer) || `${answer.status}`;
    }
    return got;
}
test('bodies that cannot be read', async () => {
    const model = (body) => () => json(at, ['sagemaker', 'ListModels'], body);
    const serialization = '400 SerializationException';
    const unreadable = ['null', '[]', '{', '{"MaxResults":NaN}', '{"MaxResults":1e999}'];
    for (const body of [...unreadable, '{"MaxResults":"5"}', '{"CreationTimeAfter":1e300}']) {
        expect([body, told(await model(body)())]).toEqual([body, serialization]);
    }
    const got = await refusals({
        latin1: model(Buffer.from('{"NameContains":"\xe9"}', 'latin1')),
        deep: model('['.repeat(1_000_000)),
        bomb: () => send(at, gzip(gzipSync(Buffer.alloc(64 << 20, 32)))),
        'half gzip': () => send(at, gzip(gzipSync('{}').subarray(0, 15))),
    });
    expect(got).toEqual({
        latin1: serialization,
        deep: serialization,
        bomb: '413 RequestEntityTooLarge',
        'half gzip': serialization,
    });
});
test('CBOR that ends early, nests, or claims to be huge', async () => {
    const bodies = ['a161', '9bffffffffffffffff', 'bf', '5b7fffffffffffffff', 'a161ff01', 'a0a0'];
    for (const body of [...bodies.map((hex) => Buffer.from(hex, 'hex')), Buffer.alloc(1e5, 0x81)]) {
        const answer = await send(at, cbor(body));
        expect(answer.status).toBe(400);
        expect(answer.text).toContain('SerializationException');
    }
});
test('XML that expands, nests or is another encoding', async () => {
    expect(told(await send(at, { service: 's3', method: 'PUT', url: '/bucket' }))).toBe('200');
    const entity = '<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>';
    for (const body of [
        '',
        '{}',
        `${entity}<Delete><Object><Key>&b;</Key></Object></Delete>`,
        '<!DOCTYPE l SYSTEM "file:///etc/passwd"><Delete/>',
        '<a>'.repeat(10_000) + '</a>'.repeat(10_000),
        Buffer.from('\uFEFF<Delete/>', 'utf16le'),
        Buffer.from([0x3c, 0xff, 0x3e]),
        `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1_001)}</Delete>`,
    ]) {
        expect(told(await send(at, xml(body)))).toBe('400 MalformedXML');
    }
});
test('forms of many keys, of deep names, and of names every object has', async () => {
    const sns = (more) => form(at, 'sns', `Action=CreateTopic&Version=2010-03-31&${more}`);
    const many = Array.from({ length: 100_000 }, (_, i) => `a${i}=1`).join('&');
    expect(told(await sns(many))).toMatch(/^400 /);
    expect(told(await sns(`${'a.'.repeat(100_000)}=1`))).toBe('400 MalformedInput');
    expect(told(await sns('Name=t&__proto__.a=1&constructor.prototype.a=1'))).toBe('200');
    expect({}.a).toBeUndefined();
    const proto = 'Name=t&Attributes.entry.1.key=__proto__&Attributes.entry.1.value=x';
    expect(messageOf(await sns(proto))).toBe('Invalid parameter: Attributes Reason: AttributeName');
    const query = await unsigned(at, { method: 'GET', url: `/?${'a&'.repeat(20_000)}` });
    expect(messageOf(query)).toBe('More than 1000 query parameters.');
});
test('operations and services that are not', async () => {
    const action = (body) => () => form(at, 'sns', body);
    const got = await refusals({
        operation: () => send(at, target('SageMaker.DropTables')),
        proto: () => send(at, target('SageMaker.__proto__')),
        constructor: () => send(at, target('SageMaker.constructor')),
        service: () => send(at, target('__proto__.ListModels')),
        nothing: () => send(at, target('')),
        action: action('Action=toString&Version=2010-03-31'),
        version: action('Action=ListTopics&Version=1999-01-01'),
        form: action('a=b'),
        method: () => send(at, { service: 's3', method: 'PROPFIND', url: '/' }),
        encoding: () => send(at, { service: 's3', method: 'GET', url: '/b%zz/k' }),
        utf8: () => send(at, { service: 's3', method: 'GET', url: '/bucket/%FF%FE' }),
    });
    expect(got).toEqual({
        operation: '400 UnknownOperationException',
        proto: '400 UnknownOperationException',
        constructor: '400 UnknownOperationException',
        service: '501 NotImplemented',
        nothing: '501 NotImplemented',
        action: '400 InvalidAction',
        version: '400 InvalidAction',
        form: '400 InvalidAction',
        method: '405 MethodNotAllowed',
        encoding: '400 InvalidURI',
        utf8: '400 InvalidURI',
    });
});
