/** The key service on a socket, over memory and a virtual clock, with clients that sign by it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-kms';
import { onTestFinished } from 'vitest';
import { makePair, type Pair } from '../../engines/keys/crypto/pairs.ts';
import type { PairSpec } from '../../engines/keys/crypto/specs.ts';
import type { KeySpec, KeyUsage } from '../../engines/keys/rows.ts';
import { defined } from '../../kernel/assert.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { type Caller, Fault } from '../../wire/operation.ts';
import { root, scope, setup } from './kms.fixture.ts';

export type Server = Awaited<ReturnType<typeof startKms>>;

/** Up to the end of the test. */
export async function startKms() {
  const world = setup();
  const { clock, service, parts } = world;
  Object.assign(parts.keys, { makePair: pooledPair });
  const callers = new Map<string, Caller>();
  const listener = makeListener({
    services: [service],
    findSecret: async (accessKeyId) => {
      const caller = callers.get(accessKeyId);
      return caller && { secretAccessKey: accessKeyId, caller };
    },
    authorize: async ({ call, checks }) => {
      const facts = { nowMs: clock.nowMs(), region: scope.region, secure: true };
      for (const check of checks) {
        const refused = await parts.access.refusalOf(check, { caller: call.caller, facts });
        if (refused) throw new Fault('AccessDeniedException', refused.message, { status: 400 });
      }
      return new Map();
    },
    ...{ clock, random: seededRandom(3), log: silentLogger, scope, objectDomains: ['localhost'] },
  });
  const http = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  // A busy machine makes clients wait for longer than a connection is kept by default.
  http.keepAliveTimeout = 60_000;
  const { port } = http.address() as AddressInfo;
  const clients: sdk.KMSClient[] = [];
  onTestFinished(() => {
    for (const made of clients) made.destroy();
    http.closeAllConnections();
    http.close();
  });

  function clientOf(caller: Caller, region = scope.region): Pick<sdk.KMSClient, 'send'> {
    const accessKeyId = `AKID${callers.size}`;
    callers.set(accessKeyId, caller);
    const made = new sdk.KMSClient({
      ...{ endpoint: `http://127.0.0.1:${port}`, region, maxAttempts: 1 },
      credentials: { accessKeyId, secretAccessKey: accessKeyId },
    });
    clients.push(made);
    const send = (command: sdk.EncryptCommand) => {
      // Clients sign by the clock that the server has, which a test may move.
      made.config.systemClockOffset = clock.nowMs() - Date.now();
      return made.send(command);
    };
    return { send: send as sdk.KMSClient['send'] };
  }

  const { send } = clientOf(root);

  /** The id of a new key. */
  async function key(
    KeySpec: KeySpec = 'SYMMETRIC_DEFAULT',
    KeyUsage: KeyUsage = 'ENCRYPT_DECRYPT',
    more: Partial<sdk.CreateKeyRequest> = {},
  ): Promise<string> {
    const made = await send(new sdk.CreateKeyCommand({ KeySpec, KeyUsage, ...more }));
    return defined(made.KeyMetadata?.KeyId, 'the id');
  }

  return { ...world, clientOf, send, key };
}

/** RSA keys take long to make: three of them go round, as fresh ones each time. */
const pool: Pair[] = [];
let turn = 0;

async function pooledPair(spec: PairSpec): Promise<Pair> {
  if (spec !== 'RSA_2048') return makePair(spec);
  while (pool.length < 3) pool.push(await makePair(spec));
  turn += 1;
  const { privateKey, publicKey } = defined(pool[turn % pool.length], 'a pair');
  return { privateKey: Buffer.from(privateKey), publicKey: Buffer.from(publicKey) };
}

/** `accepted`, or the code, the status and the words of the refusal. */
export async function answerOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (cause) {
    if (!(cause instanceof sdk.KMSServiceException)) throw cause;
    return `${cause.name} ${cause.$metadata.httpStatusCode}: ${cause.message}`;
  }
}

export const text = (value: string) => new Uint8Array(Buffer.from(value, 'utf8'));
