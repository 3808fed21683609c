/** Requests as clients sign them, written out whole: what a load sends again and again. */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request as askOf } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';

/** As clients of these services send it; servers pay for reading it. */
const userAgent =
  'Boto3/1.43.0 md/Botocore#1.43.0 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.8';

/**
 * The text of a request: `{ method, path, headers, body, service, query }` signed for `server`
 * (`{ port, credentials, region }`). Signatures hold for some minutes.
 */
export async function signedRequest(server, request) {
  const { method = 'POST', path = '/', query = {}, headers = {}, body = '', service } = request;
  const { credentials, region, port } = server;
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const content = Buffer.from(body);
  const host = `127.0.0.1:${port}`;
  const signed = await signer.sign({
    ...{ method, protocol: 'http:', hostname: '127.0.0.1', port, path, query, body: content },
    headers: {
      ...{ host, 'user-agent': userAgent, 'content-length': String(content.length) },
      ...(service === 's3' ? { 'x-amz-content-sha256': sha256(content) } : {}),
      ...headers,
    },
  });
  const asked = new URLSearchParams(query).toString();
  const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}`);
  const target = asked === '' ? path : `${path}?${asked}`;
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}

/** An operation of a service that speaks JSON, `target` being `SageMaker.DescribeEndpoint`. */
export function signedJson(server, { service, target, input, version = '1.1' }) {
  return signedRequest(server, {
    service,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
    body: JSON.stringify(input),
  });
}

/** Sends a request made above and resolves with `{ status, body }`. */
export async function sent(server, request) {
  const text = (await request).toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const [first, ...lines] = text.slice(0, headEnd).split('\r\n');
  const [method, path] = first.split(' ');
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const body = Buffer.from(text.slice(headEnd + 4), 'latin1');
  // Not `fetch`: it leaves out headers of its own choice, which may be signed ones.
  const asking = askOf({ host: '127.0.0.1', port: server.port, path, method, headers });
  asking.end(body);
  const [response] = await once(asking, 'response');
  const parts = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, body: Buffer.concat(parts).toString('utf8') };
}

function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** What the signer needs of a hash. */
class Sha256 {
  constructor(secret) {
    this.hash = secret ? createHmac('sha256', secret) : createHash('sha256');
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}
