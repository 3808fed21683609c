/** A small client of the server's own routes: JSON over HTTP, signed as the SDKs sign. */
import { readFile } from 'node:fs/promises';
import { request as sendPlainly } from 'node:http';
import { request as sendSecurely } from 'node:https';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import { algorithm, canonicalRequest, hmacSha256, sha256Hex } from '../wire/signature/canonical.ts';
import type { KeyPair } from './administrator.ts';

export interface SignedRequest {
  readonly url: string;
  readonly path: string;
  readonly body: object;
  /** The signing name. */
  readonly service: string;
  readonly region: string;
  readonly keys: KeyPair;
  readonly nowMs: number;
  /** PEM file of who signed the server's certificate, when that is no public authority. */
  readonly authority?: string;
}

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

const timeoutMs = 30_000;

/** Refused when the server does not answer, or not in JSON; what it answers is not judged. */
export async function postSigned(request: SignedRequest): Promise<Outcome<JsonAnswer>> {
  const { url, path } = request;
  const body = JSON.stringify(request.body);
  try {
    const headers = { ...signedHeaders(request, body), 'content-length': Buffer.byteLength(body) };
    const answer = await post(request, { url: new URL(`${url}${path}`), headers, body });
    return ok({ status: answer.status, body: JSON.parse(answer.text) });
  } catch (cause) {
    return refuse(`the server at ${url} does not answer: ${reasonOf(cause)}`);
  }
}

interface Posting {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/** Redirects are not followed. */
async function post(
  { authority }: SignedRequest,
  { url, headers, body }: Posting,
): Promise<{ readonly status: number; readonly text: string }> {
  const ca = authority === undefined ? {} : { ca: await readFile(authority) };
  const send = url.protocol === 'https:' ? sendSecurely : sendPlainly;
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs), ...ca };
    const sending = send(url, options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}

/** Source: "Create a signed AWS API request" in the IAM User Guide. */
export function signedHeaders(request: SignedRequest, body: string): Record<string, string> {
  const { url, path, service, region, keys, nowMs } = request;
  const amzDate = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const payload = sha256Hex(body);
  const headers = {
    'content-type': 'application/json',
    host: new URL(url).host,
    'x-amz-content-sha256': payload,
    'x-amz-date': amzDate,
  };
  const names = Object.keys(headers);
  const signed = { method: 'POST', url: path, headers };
  const canonical = canonicalRequest(signed, { service, signedHeaders: names, payload });
  const scope = `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
  const toSign = [algorithm, amzDate, scope, sha256Hex(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmacSha256, `AWS4${keys.secretAccessKey}`);
  const signature = hmacSha256(key, toSign).toString('hex');
  const { host: _host, ...sent } = headers;
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  const covered = `SignedHeaders=${names.join(';')}`;
  const authorization = `${algorithm} ${credential}, ${covered}, Signature=${signature}`;
  return { ...sent, authorization };
}
