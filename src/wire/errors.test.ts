/** Every modelled error through the real clients: the right class, code, message and status. */
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../kernel/random.ts';
import { randomValue } from './echo.fixture.ts';
import { factsById } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import { Fault } from './operation.ts';
import { startServer, type TestServer, testKeys } from './server.fixture.ts';

const packages: Readonly<Record<string, string>> = {
  logs: 'cloudwatch-logs',
  events: 'eventbridge',
  secretsmanager: 'secrets-manager',
};
let thrown = new Fault('None', '');
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ requiredOnly: true });
  server.handlers = new Proxy({}, { get: () => () => Promise.reject(thrown) });
});
afterAll(() => server.close());

type Package = Record<string, new (input: unknown) => unknown>;

/** An operation that takes little. */
function simplest(service: string) {
  const all = [...loadModel(service).operations.values()].filter(
    ({ name }) => name !== 'ListDirectoryBuckets' && !name.startsWith('AssumeRoleWith'),
  );
  const weight = (o: (typeof all)[number]) =>
    o.input?.members.filter((member) => member.required || member.payload).length ?? 0;
  return all.sort((a, b) => weight(a) - weight(b))[0];
}

interface Seen {
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode: number };
}

async function problemsOf(service: string, protocol?: unknown): Promise<string[]> {
  const module = (await import(`@aws-sdk/client-${packages[service] ?? service}`)) as Package;
  const [, Client] = Object.entries(module).find(([key]) => /^[A-Z]\w*Client$/.test(key)) ?? [];
  const client = new (
    Client as unknown as new (
      o: object,
    ) => { send(c: unknown): Promise<unknown> }
  )({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    credentials: testKeys,
    maxAttempts: 1,
    forcePathStyle: true,
    ...(protocol ? { protocol } : {}),
  });
  const operation = simplest(service);
  const Command = module[`${operation?.name}Command`];
  if (!operation || !Command) return [`${service}: nothing to call`];
  const options = { random: seededRandom(1), skip: /Checksum|MD5|^Bucket$/ };
  const input = operation.input ? (randomValue(operation.input, options) as object) : {};
  const problems: string[] = [];
  for (const [name, shape] of loadModel(service).errors) {
    if (name.endsWith('ServiceException')) continue;
    thrown = new Fault(name, `msg of ${name} <&>`);
    const seen = (await client.send(new Command(input)).catch((error: unknown) => error)) as Seen;
    const speaksQuery = factsById.get(service)?.query;
    const query = speaksQuery ? shape.error?.query?.status : undefined;
    const status = query ?? shape.error?.status ?? (shape.error?.fault === 'server' ? 500 : 400);
    const isClass = module[name] ? seen instanceof module[name] : true;
    const right =
      seen.name === name &&
      isClass &&
      seen.message === thrown.message &&
      seen.$metadata.httpStatusCode === status;
    if (!right) problems.push(`${service}.${name}: ${seen.name} ${seen.message}`);
  }
  return problems;
}

/** Two of CloudWatch's shapes share one query code; the client takes it for the other. */
const ambiguous = /^cloudwatch\.DashboardNotFoundError: ResourceNotFound /;

for (const service of factsById.keys()) {
  test(`${service}: every error arrives as what it is`, async () => {
    const problems = await problemsOf(service);
    expect(problems.filter((problem) => !ambiguous.test(problem))).toEqual([]);
  });
}

test('cloudwatch over query and over rpc-v2-cbor: every error arrives as what it is', async () => {
  for (const protocol of [AwsQueryProtocol, AwsSmithyRpcV2CborProtocol]) {
    const problems = await problemsOf('cloudwatch', protocol);
    expect(problems.filter((problem) => !ambiguous.test(problem))).toEqual([]);
  }
});
