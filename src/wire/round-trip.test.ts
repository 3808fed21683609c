/**
 * Every operation of every service through the real client over HTTP: what arrives is what was
 * sent, what the client gets is what was answered.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../kernel/random.ts';
import { type EchoServer, echoCredentials, randomValue, startEcho } from './echo.fixture.ts';
import { factsById } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import type { OperationModel } from './model/types.ts';
import { eventMember } from './protocols/events.ts';

const packages: Readonly<Record<string, string>> = {
  logs: 'cloudwatch-logs',
  events: 'eventbridge',
  secretsmanager: 'secrets-manager',
};
/** Some hundred requests each, on machines that have other things to do. */
const timeoutMs = 120_000;
const seed = Number(process.env.WIRE_SEED ?? 20261122);
let server: EchoServer;

beforeAll(async () => {
  server = await startEcho({ seed });
});
afterAll(() => server.close());

type Fields = Record<string, unknown>;
type Client = { send(command: unknown): Promise<Fields> };
type Package = Record<string, new (input: unknown) => unknown>;

/** Members the clients fill in, compute or check themselves. */
const ofClient =
  /^(ChecksumAlgorithm|ChecksumMode|ChecksumCRC32|ContentLength|ContentMD5|ExpiresString)$/;

function skipOf(service: string, operation: string): RegExp | undefined {
  if (service === 's3') return /Checksum|MD5|ContentLength|SSECustomer|^Bucket$|^Expires$/;
  // In the query protocol both of these members have one name.
  if (operation === 'ReceiveMessage') return /^(MessageSystem)?AttributeNames$/;
  return service === 'events' ? /^EndpointId$/ : undefined;
}

function isEventStream(operation: OperationModel): boolean {
  const asks = operation.input?.members.some(
    ({ type }) => 'streaming' in type && type.kind === 'union',
  );
  return asks === true || eventMember(operation) !== undefined;
}

async function clientOf(
  service: string,
  protocol?: unknown,
): Promise<{ client: Client; module: Package }> {
  const name = packages[service] ?? service;
  const module = (await import(`@aws-sdk/client-${name}`)) as Package;
  const entry = Object.entries(module).find(
    ([key, value]) =>
      key.endsWith('Client') && typeof value === 'function' && !key.startsWith('__'),
  );
  const Client = entry?.[1] as unknown as new (options: object) => Client;
  const client = new Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: echoCredentials,
    maxAttempts: 1,
    disableHostPrefix: true,
    forcePathStyle: true,
    md5: false,
    ...(protocol ? { protocol } : {}),
  });
  return { client, module };
}

async function roundTrip(
  service: string,
  operation: OperationModel,
  { client, module }: { client: Client; module: Package },
): Promise<string[]> {
  const skip = skipOf(service, operation.name);
  const random = seededRandom(seed);
  const made = operation.input
    ? randomValue(operation.input, { random, ...(skip ? { skip } : {}) })
    : {};
  const input = made as Fields;
  if (service === 's3' && operation.input?.members.some(({ name }) => name === 'Bucket')) {
    input.Bucket = 'bucket1';
  }
  if (service === 'sqs' && 'QueueUrl' in input) input.QueueUrl = `${server.url}/123456789012/q`;
  const Command = module[`${operation.name}Command`];
  if (!Command) return [`${operation.name}: the client has no such command`];
  server.forget();
  const name = `${service}.${operation.name}`;
  const sent = normal(input);
  let got: Fields | undefined;
  try {
    got = await client.send(new Command(input));
  } catch (error) {
    return [`${name}: ${String(error)} (reached ${server.last()?.operation})`];
  }
  const last = server.last();
  if (last?.operation !== name) return [`${name}: reached ${last?.operation}`];
  const problems: string[] = [];
  const inDifference = difference(sent, normal(last.input));
  if (inDifference) problems.push(`${name} input${inDifference}`);
  const outDifference = difference(normal(last.output), normal(await read(got)));
  if (outDifference) problems.push(`${name} output${outDifference}`);
  return problems;
}

async function read(output: Fields): Promise<Fields> {
  const out: Fields = {};
  for (const [key, value] of Object.entries(output)) {
    const stream = value as { transformToByteArray?: () => Promise<Uint8Array> };
    const isStream = typeof stream?.transformToByteArray === 'function';
    out[key] =
      isStream && !(value instanceof Uint8Array) ? await stream.transformToByteArray?.() : value;
  }
  return out;
}

/** Bytes and dates by value, without the empty values that XML cannot tell from none. */
function normal(value: unknown): unknown {
  if (value instanceof Date) return { date: value.getTime() };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (value instanceof String) return String(value);
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key, item]) => key !== '$metadata' && !ofClient.test(key) && item !== undefined)
    .map(([key, item]) => [key, normal(item)] as const)
    .filter(([, item]) => !isEmpty(item));
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isEmpty);
  return isDeepStrictEqual(value, {});
}

function difference(want: unknown, got: unknown, at = ''): string | undefined {
  if (isDeepStrictEqual(want, got)) return undefined;
  if (typeof want === 'object' && want && typeof got === 'object' && got) {
    for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
      const inner = difference((want as Fields)[key], (got as Fields)[key], `${at}.${key}`);
      if (inner) return inner;
    }
  }
  const show = (value: unknown) => inspect(value, { depth: 2, breakLength: 200 }).slice(0, 160);
  return `${at}: sent ${show(want)}, came ${show(got)}`;
}

/** Signed for a service of its own, or to a host of its own. */
const elsewhere = new Set(['WriteGetObjectResponse']);

async function problemsOf(service: string, protocol?: unknown): Promise<string[]> {
  const both = await clientOf(service, protocol);
  const problems: string[] = [];
  for (const operation of loadModel(service).operations.values()) {
    if (isEventStream(operation) || elsewhere.has(operation.name)) continue;
    problems.push(...(await roundTrip(service, operation, both)));
  }
  return problems;
}

for (const service of factsById.keys()) {
  test(
    `${service}: every operation arrives and returns as it was sent`,
    async () => {
      expect(loadModel(service).operations.size).toBeGreaterThan(2);
      expect(await problemsOf(service), `seed ${seed}`).toEqual([]);
    },
    timeoutMs,
  );
}

const furtherProtocols = [
  ['cloudwatch', 'query', AwsQueryProtocol, 'application/x-www-form-urlencoded'],
  ['cloudwatch', 'rpc-v2-cbor', AwsSmithyRpcV2CborProtocol, 'application/cbor'],
  ['sqs', 'query', AwsQueryProtocol, 'application/x-www-form-urlencoded'],
] as const;

for (const [service, name, protocol, contentType] of furtherProtocols) {
  test(
    `${service} over ${name}: every operation arrives and returns as it was sent`,
    async () => {
      expect(await problemsOf(service, protocol), `seed ${seed}`).toEqual([]);
      expect(server.last()?.contentType).toBe(contentType);
    },
    timeoutMs,
  );
}
