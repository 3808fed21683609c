/** A listening server with made-up operations, and a client that signs whatever a test makes up. */
import { createHash, createHmac } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Logger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import type { Audit, Authorize, Finished } from './chain.ts';
import { makeListener } from './listener.ts';
import { factsById } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import type { Call } from './operation.ts';
import { canonicalRequest } from './signature/canonical.ts';

export const testKeys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
export const testAccount = '123456789012';

/** By `service.Operation`. */
export type Handlers = Record<string, (input: never, call: Call) => Promise<object>>;

export interface Sent {
  /** The signing name. */
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly unsigned?: boolean;
  readonly region?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface TestServer {
  readonly port: number;
  /** Free to change between requests. */
  handlers: Handlers;
  authorize: Authorize;
  canRecord: Audit['canRecord'];
  record: Audit['record'];
  readonly logged: unknown[];
  readonly finished: Finished[];
  send(sent: Sent): Promise<Answer>;
  cutConnections(): void;
  close(): void;
}

export async function startServer(
  options: { readonly requiredOnly?: boolean } = {},
): Promise<TestServer> {
  const logged: unknown[] = [];
  const finished: Finished[] = [];
  const log: Logger = {
    info: () => {},
    warn: () => {},
    error: (message, cause, fields) => void logged.push({ message, cause, fields }),
  };
  const { accessKeyId, secretAccessKey } = testKeys;
  const arn = `arn:aws:iam::${testAccount}:user/u`;
  const caller = { accessKeyId, arn, userId: 'AIDA', account: testAccount };
  const listener = makeListener({
    services: [...factsById.keys()].map((service) => ({
      service,
      operations: [...loadModel(service).operations.keys()],
      needs: async () => [],
      call: (operation, input, call) =>
        made.handlers[`${service}.${operation}`]?.(input as never, call),
    })),
    findSecret: async (id) => (id === accessKeyId ? { secretAccessKey, caller } : undefined),
    clock: { nowMs: () => Date.now() },
    random: seededRandom(1),
    log,
    scope: { partition: 'aws', region: 'us-east-1', account: testAccount },
    objectDomains: ['localhost', 's3.localhost'],
    authorize: (...args) => made.authorize(...args),
    anonymous: new Set(['sns.ConfirmSubscription']),
    audit: {
      canRecord: (asked) => made.canRecord(asked),
      record: (entry) => made.record(entry),
    },
    ...options,
  });
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const made: TestServer = {
    port,
    handlers: {},
    authorize: async () => new Map(),
    canRecord: async () => true,
    record: async (entry) => void finished.push(entry),
    logged,
    finished,
    send: (sent) => send(port, sent),
    cutConnections: () => server.closeAllConnections(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return made;
}

function send(port: number, sent: Sent): Promise<Answer> {
  const { method = 'POST', path = '/', query = {}, body = '' } = sent;
  const search = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const url = search ? `${path}?${search}` : path;
  const headers = signed(sent, { host: `127.0.0.1:${port}`, ...sent.headers }, url);
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    // An answer may come before the body is sent: the test goes on when both are done.
    const done = () => {
      if (answer && request.writableFinished) resolve(answer);
    };
    const target = { host: '127.0.0.1', port, method, path: url, headers };
    const request = httpRequest(target, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        answer = { status: response.statusCode ?? 0, headers: response.headers, text };
        done();
      });
    });
    request.on('error', reject);
    request.on('finish', done);
    request.end(body);
  });
}

function signed(sent: Sent, base: Record<string, string>, url: string): Record<string, string> {
  if (sent.unsigned) return base;
  const { service, region = 'us-east-1', method = 'POST', body = '' } = sent;
  const amzDate = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const payload = createHash('sha256').update(body).digest('hex');
  const headers = { ...base, 'x-amz-date': amzDate, 'x-amz-content-sha256': payload };
  const signedHeaders = Object.keys(headers).sort();
  const canonical = canonicalRequest({ method, url, headers }, { service, signedHeaders, payload });
  const scope = `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);
  let key: string | Buffer = `AWS4${testKeys.secretAccessKey}`;
  for (const part of scope.split('/')) key = hmac(key, part).digest();
  const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, digest].join('\n');
  const authorization = [
    `AWS4-HMAC-SHA256 Credential=${testKeys.accessKeyId}/${scope}`,
    `SignedHeaders=${signedHeaders.join(';')}`,
    `Signature=${hmac(key, toSign).digest('hex')}`,
  ].join(', ');
  return { ...headers, authorization };
}
