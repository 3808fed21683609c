/**
 * A client that sends what no decent client would: it signs whatever it is given, or not at all,
 * and writes raw bytes to the socket. Not a client of any one service.
 */
import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const strict = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const amzDateOf = (instantMs) => new Date(instantMs).toISOString().replace(/[-:]|\.\d+/g, '');
/** Names and values of a query, sorted and encoded as signatures have them. */
function canonicalQuery(url) {
    const cut = url.indexOf('?');
    const pairs = cut < 0 ? [] : [...new URLSearchParams(url.slice(cut + 1))];
    return pairs
        .map(([name, value]) => `${strict(name)}=${strict(value)}`)
        .sort()
        .join('&');
}
function canonicalPath(service, url) {
    const path = url.split('?')[0] ?? '/';
    return service === 's3' ? path : path.split('/').map(strict).join('/');
}
function signature(sent, headers, at) {
    const { service, method = 'POST', url = '/', body = '', region = 'us-east-1' } = sent;
    const { accessKeyId, secretAccessKey } = sent.keys ?? at.administrator;
    const amzDate = headers['x-amz-date'] ?? '';
    const names = Object.keys(headers).sort();
    const canonical = [
        method,
        canonicalPath(service, url),
        canonicalQuery(url),
        ...names.map((name) => `${name}:${headers[name]?.trim()}`),
        '',
        names.join(';'),
        sent.payload ?? sha256(body),
    ].join('\n');
    const scope = `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
    let key = `AWS4${secretAccessKey}`;
    for (const part of scope.split('/'))
        key = hmac(key, part);
    const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical)].join('\n');
    return [
        `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}`,
        `SignedHeaders=${names.join(';')}`,
        `Signature=${hmac(key, toSign).toString('hex')}`,
    ].join(', ');
}
/** The headers of a signed request. */
export function signedHeaders(sent, at) {
    const headers = {
        host: new URL(at.url).host,
        'x-amz-date': sent.amzDate ?? amzDateOf(Date.now()),
        'x-amz-content-sha256': sent.payload ?? sha256(sent.body ?? ''),
        ...sent.headers,
    };
    headers['authorization'] = signature(sent, headers, at);
    sent.tamper?.(headers);
    return headers;
}
/** Signs and sends. Rejects only when the connection ends without an answer. */
export function send(at, sent) {
    return unsigned(at, { ...sent, headers: signedHeaders(sent, at) });
}
/** Sends as it is, without a signature of its own. */
export function unsigned(at, { method = 'POST', url = '/', ...sent }) {
    const { hostname, port } = new URL(at.url);
    return new Promise((resolve, reject) => {
        const target = { host: hostname, port, method, path: url, headers: { ...sent.headers } };
        const request = httpRequest({ ...target, agent: false }, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('error', reject);
            response.on('end', () => {
                const text = Buffer.concat(parts).toString();
                resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
            });
        });
        request.on('error', reject);
        request.end(sent.body ?? '');
    });
}
/** Writes bytes to the server and answers all that comes back until the connection ends. */
export function raw(at, bytes) {
    const { hostname, port } = new URL(at.url);
    return new Promise((resolve) => {
        const parts = [];
        const socket = connect(Number(port), hostname, () => socket.write(bytes));
        socket.on('data', (part) => parts.push(part));
        // A reset after an answer is one way of ending; what had come counts.
        socket.on('error', () => { });
        socket.on('close', () => resolve(Buffer.concat(parts).toString()));
    });
}
/** The target prefixes of the services that speak JSON over RPC. */
const targets = {
    sagemaker: ['SageMaker', '1.1'],
    sqs: ['AmazonSQS', '1.0'],
    monitoring: ['GraniteServiceVersion20100801', '1.0'],
};
/** An operation of a service that speaks JSON, with any body. */
export function json(at, [service, operation], body) {
    const [prefix, version] = targets[service] ?? ['', '1.1'];
    return send(at, {
        service,
        headers: {
            'content-type': `application/x-amz-json-${version}`,
            'x-amz-target': `${prefix}.${operation}`,
        },
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
}
/** An operation of a service that speaks the query protocol. */
export function form(at, service, body) {
    return send(at, {
        service,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
    });
}
/** `status code`, of JSON or XML; what tests compare, with the message apart. */
export function told({ status, headers, text }) {
    const type = /"__type":"([^"]*)"/.exec(text)?.[1] ?? headers['x-amzn-errortype'];
    return `${status} ${/<Code>([^<]*)/.exec(text)?.[1] ?? type ?? ''}`.trim();
}
export function messageOf({ text }) {
    const inJson = /"[mM]essage":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
    return inJson ? JSON.parse(inJson) : (/<Message>([^<]*)/.exec(text)?.[1] ?? '');
}
/** Every outcome of a call through a client library, in one line. */
export async function outcome(call) {
    return call.then(() => 'success', (cause) => `${cause.$metadata?.httpStatusCode ?? 'no answer'} ${cause.name}: ${cause.message}`);
}
/**
 * A model server that is well as far as `/ping` goes, when `ping` says so, and answers each
 * invocation with whatever bytes `answer` writes. Answers its URL.
 */
export async function answering(cleanup, answer, ping = answer) {
    const sockets = new Set();
    const server = createServer((socket) => {
        sockets.add(socket);
        let got = '';
        socket.on('error', () => { });
        socket.on('data', (part) => {
            got += part.toString('latin1');
            const head = got.indexOf('\r\n\r\n');
            const lengthBytes = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0);
            if (head < 0 || got.length < head + 4 + lengthBytes)
                return;
            const asked = got;
            got = '';
            if (asked.startsWith('GET'))
                ping(socket);
            else
                answer(socket);
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.add(server, () => {
        for (const socket of sockets)
            socket.destroy();
        server.close();
    });
    return `http://127.0.0.1:${server.address().port}`;
}
