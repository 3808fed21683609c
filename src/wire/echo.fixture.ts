/**
 * A server whose every operation records its input and answers a random output of the model. Tests
 * and the conformance suite compare both with what real clients sent and got.
 */
import { createServer, type Server } from 'node:http';
import { defined } from '../kernel/assert.ts';
import { type ByteStream, gather } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { type Logger, silentLogger } from '../kernel/log.ts';
import { type Random, seededRandom } from '../kernel/random.ts';
import { makeListener } from './listener.ts';
import { factsById } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import type { ListType, MapType, Member, StructureType, Type } from './model/types.ts';
import type { Mounted } from './operation.ts';

export const echoCredentials = { accessKeyId: 'AKIDECHO', secretAccessKey: 'echo' };

export interface Echoed {
  readonly operation: string;
  /** Of the request; tells the protocols apart. */
  readonly contentType: string;
  readonly input: object;
  readonly output: object;
}

export interface EchoServer {
  readonly url: string;
  /** The last call that reached an operation; cleared by `forget`. */
  last(): Echoed | undefined;
  forget(): void;
  close(): Promise<void>;
}

const clock: Clock = { nowMs: () => Date.now() };
const scope = { partition: 'aws', region: 'us-east-1', account: '123456789012' };
const arn = `arn:aws:iam::${scope.account}:user/echo`;

export async function startEcho({
  seed,
  port = 0,
  log = silentLogger,
}: {
  readonly seed: number;
  readonly port?: number;
  readonly log?: Logger;
}): Promise<EchoServer> {
  const random = seededRandom(seed);
  let last: Echoed | undefined;
  const services = [...factsById.keys()].map(
    (service): Mounted => ({
      service,
      operations: [...loadModel(service).operations.keys()],
      needs: () => 'open',
      call: async (operation, input, { headers }) => {
        const model = defined(loadModel(service).operations.get(operation), operation);
        const output = model.output
          ? (randomValue(model.output, outputOptions(service, random)) as Record<string, unknown>)
          : {};
        for (const { name, status } of model.output?.members ?? []) if (status) output[name] = 200;
        last = {
          operation: `${service}.${operation}`,
          contentType: headers['content-type'] ?? '',
          input: await drained(input),
          output,
        };
        return output;
      },
    }),
  );
  const listener = makeListener({
    services,
    authorize: async () => new Map(),
    findSecret: async () => ({
      secretAccessKey: echoCredentials.secretAccessKey,
      caller: {
        accessKeyId: echoCredentials.accessKeyId,
        arn,
        userId: 'AIDAECHO',
        account: scope.account,
      },
    }),
    clock,
    random,
    log,
    scope,
    objectDomains: ['localhost'],
    anonymous: new Set(['sts.AssumeRoleWithSAML', 'sts.AssumeRoleWithWebIdentity']),
    requiredOnly: true,
  });
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    last: () => last,
    forget: () => {
      last = undefined;
    },
    close: () => closed(server),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Streams of the input as bytes. */
async function drained(input: object): Promise<object> {
  const entries = Object.entries(input).map(async ([name, value]) => {
    const isStream = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
    return [name, isStream ? await gather(value as ByteStream, 1 << 24) : value] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

export interface ValueOptions {
  readonly random: Random;
  /** Members of the top structure to leave out. */
  readonly skip?: RegExp;
}

function outputOptions(service: string, random: Random): ValueOptions {
  // Clients compute or check these themselves.
  return service === 's3' ? { random, skip: /^ContentLength$|^Checksum/ } : { random };
}

type Where = 'body' | 'header' | 'label';

/** Below this depth only what is required is filled in. */
const fullDepth = 4;

/** A value of the type with every member set, of random content; enumerations are respected. */
export function randomValue(type: Type, options: ValueOptions): unknown {
  return valueOf(type, { options, depth: 0, where: 'body' });
}

interface Making {
  readonly options: ValueOptions;
  readonly depth: number;
  readonly where: Where;
}

function valueOf(type: Type, making: Making): unknown {
  const { options, where } = making;
  const { random } = options;
  const draw = (below: number) => Math.floor(random.next01() * below);
  switch (type.kind) {
    case 'structure':
      return structureOf(type, making);
    case 'union':
      return unionOf(type, making);
    case 'list':
      return listOf(type, making);
    case 'map':
      return mapOf(type, making);
    case 'document':
      return { a: 1, b: ['x', true] };
    case 'blob':
      return Uint8Array.of(draw(256), 0, 255, draw(256));
    case 'timestamp': {
      const wholeSeconds = where !== 'body' || type.format === 'http-date';
      return new Date(1.7e12 + draw(1e6) * 1000 + (wholeSeconds ? 0 : 250));
    }
    case 'boolean':
      return draw(2) === 1;
    case 'string':
      if (type.enum) return type.enum[draw(type.enum.length)];
      return where === 'body' ? `s${draw(1e6)}<&>"'é☃ x` : `s${draw(1e6)}`;
    case 'double':
      return draw(90) + 0.5;
    default:
      return Math.min(type.max ?? 1e9, Math.max(type.min ?? 0, 1 + draw(90)));
  }
}

function structureOf({ members }: StructureType, making: Making): object {
  const { options, depth } = making;
  const out: Record<string, unknown> = {};
  for (const member of members) {
    if (depth === 0 && options.skip?.test(member.name)) continue;
    const nested = ['structure', 'union', 'list', 'map'].includes(member.type.kind);
    if (depth >= fullDepth && nested && !member.required) continue;
    if (depth > fullDepth + 6) continue;
    // Text to some clients, a number to others.
    out[member.name] = member.name.endsWith('PartNumberMarker')
      ? '7'
      : valueOf(member.type, { options, depth: depth + 1, where: whereOf(member) });
  }
  return out;
}

function unionOf({ members }: StructureType, { options, depth, where }: Making): object {
  const leaf = members.find(({ type }) => depth < fullDepth || type.kind !== 'structure');
  const { name, type } = defined(leaf ?? members[0], 'a member');
  return { [name]: valueOf(type, { options, depth: depth + 1, where }) };
}

function listOf({ item }: ListType, { options, depth, where }: Making): unknown[] {
  const length = depth > fullDepth ? 1 : 2;
  const making = { options, depth: depth + 1, where };
  return Array.from({ length }, () => valueOf(item.type, making));
}

function mapOf({ key, value }: MapType, { options, depth, where }: Making): object {
  const names = key.type.kind === 'string' ? (key.type.enum?.slice(0, 2) ?? ['k1', 'k2']) : [];
  const making = { options, depth: depth + 1, where };
  return Object.fromEntries(names.map((name) => [name, valueOf(value.type, making)]));
}

function whereOf({ label, header, prefixHeaders }: Member): Where {
  if (label) return 'label';
  return header !== undefined || prefixHeaders !== undefined ? 'header' : 'body';
}
