/**
 * Enforcement is never half on: every operation of every service says what it needs, whatever its
 * input, and a user whom no policy mentions may do nothing but learn who they are.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { keyringOf } from '../engines/envelope/keyring.ts';
import { newId } from '../engines/identity/ids.ts';
import { nameKey, users } from '../engines/identity/rows.ts';
import { formatArn } from '../kernel/arn.ts';
import { defined } from '../kernel/assert.ts';
import type { Check } from '../kernel/check.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { seededRandom } from '../kernel/random.ts';
import { randomValue } from '../wire/echo.fixture.ts';
import { loadModel } from '../wire/model/load.ts';
import { type Call, Fault, type Mounted } from '../wire/operation.ts';
import { type App, compose } from './compose.ts';
import { readConfig } from './config.ts';
import { closeWorld, openWorld, type World } from './world.ts';

const scope = { partition: 'aws', region: 'us-east-1', account: '000000000000' };
const inputsPerOperation = 8;

// Twice every operation of every service: a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let world: World;
let app: App;
let stranger: Call;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-permissions-'));
  const flags = { data: folder, ephemeral: 'true', 'log-level': 'silent' };
  const config = readConfig({ flags, environment: {} });
  if (!config.ok) throw new Error(config.reason);
  const keyring = keyringOf([seededRandom(1).bytes(32)]);
  world = await openWorld(config.value, new VirtualClock(Date.UTC(2027, 0, 1)), keyring);
  const composed = await compose(world, { keyring, publicUrl: () => 'http://localhost' });
  if (!composed.ok) throw new Error(composed.reason);
  app = composed.value;
  stranger = await strangerCall();
});

afterAll(async () => {
  await app.stop();
  await closeWorld(world);
  await rm(folder, { recursive: true, force: true });
});

async function strangerCall(): Promise<Call> {
  const { account } = scope;
  const id = newId('user', seededRandom(2));
  const arn = formatArn({ ...scope, region: '' }, 'iam', 'user/stranger');
  await app.guards.space.write((tx) =>
    tx.insert(users, nameKey(account, 'stranger'), {
      ...{ account, name: 'stranger', path: '/', id, arn, createdAtMs: 0 },
      ...{ inline: {}, attached: [], tags: {}, groups: [] },
    }),
  );
  return {
    scope,
    caller: { accessKeyId: 'AKIASTRANGER', arn, userId: id, account },
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://localhost',
    headers: {},
    url: '/',
    checksums: {},
    sourceAddress: '127.0.0.1',
  };
}

function* inputsOf(service: string, operation: string): Generator<object> {
  const { input } = defined(loadModel(service).operations.get(operation), operation);
  const random = seededRandom(operation.length);
  for (let left = inputsPerOperation; left > 0; left -= 1) {
    yield input ? (randomValue(input, { random }) as object) : {};
  }
}

interface Asked {
  readonly operation: string;
  readonly input: object;
  /** A fault is the answer to a credential in the input that does not hold. */
  readonly needs: readonly Check[] | 'open' | Fault;
}

async function* asked(mounted: Mounted): AsyncGenerator<Asked> {
  for (const operation of mounted.operations) {
    for (const input of inputsOf(mounted.service, operation)) {
      const asking = async () => mounted.needs(operation, input, stranger);
      const needs = await asking().catch((error: unknown) => {
        if (error instanceof Fault) return error;
        throw new Error(`${mounted.service}.${operation}`, { cause: error });
      });
      yield { operation, input, needs };
    }
  }
}

const arnPattern = /^arn:aws:[a-z0-9-]+:[^:]*:[^:]*:[^]+$/;

test('every operation says what it needs, whatever it is asked', async () => {
  const faulty = new Set<string>();
  let count = 0;
  for (const mounted of app.services) {
    for await (const { operation, input, needs } of asked(mounted)) {
      const name = `${mounted.service}.${operation}`;
      count += 1;
      if (needs instanceof Fault) faulty.add(name);
      if (needs === 'open' || needs instanceof Fault) continue;
      expect(needs.length, name).toBeGreaterThan(0);
      for (const { action, resource } of needs) {
        expect(action, name).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$/);
        const asGiven = JSON.stringify(Object.values(input)).includes(JSON.stringify(resource));
        expect(asGiven || resource === '*' || arnPattern.test(resource), name).toBe(true);
      }
    }
  }
  expect([...faulty].sort()).toEqual(['sts.AssumeRole', 'sts.AssumeRoleWithWebIdentity']);
  expect(count).toBeGreaterThan(200 * inputsPerOperation);
});

test('who has no rights may do nothing but learn who they are', async () => {
  const allowed = new Set<string>();
  for (const mounted of app.services) {
    const { service } = mounted;
    for await (const { operation, needs } of asked(mounted)) {
      if (needs instanceof Fault) continue;
      const checks = needs === 'open' ? [] : needs;
      const call = { call: stranger, service, operation, checks };
      const asking = async () => app.guards.authorize(call);
      const refused = await asking().catch((error: unknown) => error);
      if (!(refused instanceof Error)) allowed.add(`${service}.${operation}`);
      else expect(refused).toMatchObject({ code: expect.stringMatching(deniedCode) });
    }
  }
  // The objects of a deletion are refused one by one, in the answer.
  expect([...allowed].sort()).toEqual([
    's3.DeleteObjects',
    'sts.GetCallerIdentity',
    'sts.GetSessionToken',
  ]);
});

const deniedCode = /^(AccessDenied|AuthorizationError)(Exception)?$/;
