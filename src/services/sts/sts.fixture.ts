/**
 * The service on a socket, with real identities, policies and tokens, and a client of its own for
 * whoever has credentials.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-sts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import type { Access } from '../../engines/access/access.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { keyringOf } from '../../engines/envelope/keyring.ts';
import { makeVault } from '../../engines/envelope/vault.ts';
import {
  type Credentials,
  newCredentials,
  sealedSecretContext,
} from '../../engines/identity/credentials.ts';
import { type Identity, makeIdentity, type SecretVault } from '../../engines/identity/identity.ts';
import { newId } from '../../engines/identity/ids.ts';
import {
  accessKeys,
  mfaDevices,
  nameKey,
  type RoleRow,
  roles,
  type UserRow,
  users,
} from '../../engines/identity/rows.ts';
import { type IdentitySpace, makeIdentitySpace } from '../../engines/identity/space.ts';
import { newSeed, sealedSeedContext } from '../../engines/identity/totp.ts';
import { formatArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { silentLogger } from '../../kernel/log.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';
import type { WebIdentities } from '../../ports/web-identities.ts';
import type { Authorize } from '../../wire/chain.ts';
import { makeListener } from '../../wire/listener.ts';
import { Fault, mount } from '../../wire/operation.ts';
import { sts } from './index.ts';
import { stsPermissions } from './permissions.ts';

export const account = '123456789012';
const global = { partition: 'aws', region: '', account };
export const userArn = (name: string) => formatArn(global, 'iam', `user/${name}`);
export const roleArn = (name: string) => formatArn(global, 'iam', `role/${name}`);

/** The real time and what a test adds to it: clients sign by the clock they have. */
export interface ShiftedClock {
  aheadMs: number;
  nowMs(): number;
}

export interface StsServer {
  readonly clock: ShiftedClock;
  readonly space: IdentitySpace;
  readonly identity: Identity;
  readonly vault: SecretVault;
  readonly random: Random;
  /** Free to change between requests. */
  webIdentities: WebIdentities['verify'];
  client(credentials: sdk.Credentials | Credentials): sdk.STSClient;
  close(): void;
}

export async function startSts(): Promise<StsServer> {
  const clock = {
    aheadMs: 0,
    nowMs() {
      return Date.now() + this.aheadMs;
    },
  };
  const random = seededRandom(17);
  const store = memoryMetadataStore();
  const space = makeIdentitySpace(store);
  const vault = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
  const identity = makeIdentity({
    ...{ store, space, vault, random, clock, account, partition: 'aws' },
  });
  const access = makeAccess({ space, clock, log: silentLogger, partition: 'aws' });
  const server: StsServer = {
    ...{ clock, space, identity, vault, random },
    webIdentities: async () => ({ ok: false, kind: 'invalid', reason: 'nobody is expected' }),
    client: (credentials) => clientOf(endpoint, credentials, clock),
    close() {
      for (const client of clients.splice(0)) client.destroy();
      http.closeAllConnections();
      http.close();
    },
  };
  const webIdentities = {
    verify: (...args: Parameters<WebIdentities['verify']>) => server.webIdentities(...args),
  };
  const parts = { identity, space, vault, random, clock, access, webIdentities };
  const listener = makeListener({
    services: [mount('sts', { operations: sts, permissions: stsPermissions }, parts)],
    findSecret: identity.findSecret,
    authorize: authorizeBy(access, clock),
    ...{ clock, random, log: silentLogger },
    scope: { partition: 'aws', region: 'eu-west-1', account },
    objectDomains: ['localhost'],
    anonymous: new Set(['sts.AssumeRoleWithWebIdentity']),
  });
  const http: Server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return server;
}

const clients: sdk.STSClient[] = [];

function clientOf(
  endpoint: string,
  given: sdk.Credentials | Credentials,
  clock: ShiftedClock,
): sdk.STSClient {
  const credentials =
    'accessKeyId' in given
      ? given
      : {
          accessKeyId: defined(given.AccessKeyId, 'the key'),
          secretAccessKey: defined(given.SecretAccessKey, 'the secret'),
          sessionToken: defined(given.SessionToken, 'the token'),
        };
  const systemClockOffset = clock.aheadMs;
  const settings = { endpoint, region: 'eu-west-1', maxAttempts: 1, systemClockOffset };
  const client = new sdk.STSClient({ ...settings, credentials });
  clients.push(client);
  return client;
}

function authorizeBy(access: Access, clock: ShiftedClock): Authorize {
  return async ({ call, checks }) => {
    const facts = { nowMs: clock.nowMs(), region: 'eu-west-1', secure: false };
    for (const check of checks) {
      const refused = await access.refusalOf(check, { caller: call.caller, facts });
      if (refused) throw new Fault('AccessDenied', refused.message, { status: 403 });
    }
    return new Map();
  };
}

export const allowing = (Action: string | string[], more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*', ...more }],
});

/** A trust policy with one statement. */
export const trusting = (Principal: unknown, more: object = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more }],
  });

/** A user with a key, who may do what the policy says. */
export async function addUser(
  { space, vault, random }: StsServer,
  name: string,
  policy?: object,
): Promise<{ readonly user: UserRow; readonly keys: Credentials }> {
  const user: UserRow = {
    ...{ account, name, path: '/', id: newId('user', random), createdAtMs: 1 },
    ...{ arn: userArn(name), attached: [], tags: {}, groups: [] },
    inline: policy ? { own: JSON.stringify(policy) } : {},
  };
  const keys = newCredentials(random);
  const { accessKeyId, secretAccessKey } = keys;
  const sealedSecret = vault.seal(secretAccessKey, sealedSecretContext(accessKeyId));
  const key = { accessKeyId, account, userName: name, sealedSecret, createdAtMs: 1 };
  await space.write(async (tx) => {
    await tx.put(users, nameKey(account, name), user);
    await tx.put(accessKeys, accessKeyId, { ...key, status: 'Active' });
  });
  return { user, keys };
}

export async function addRole(
  { space, random }: StsServer,
  name: string,
  more: Partial<RoleRow> = {},
): Promise<RoleRow> {
  const role: RoleRow = {
    ...{ account, name, path: '/', id: newId('role', random), createdAtMs: 1 },
    ...{ arn: roleArn(name), inline: {}, attached: [], tags: {}, trustedIds: {} },
    ...{ maxSessionSeconds: 43_200, trustPolicy: trusting({ AWS: account }) },
    ...more,
  };
  await space.write((tx) => tx.put(roles, nameKey(account, name), role));
  return role;
}

export async function addDevice({ space, vault, random }: StsServer, userName: string) {
  const serial: string = formatArn(global, 'iam', `mfa/${userName}`);
  const seed = newSeed(random);
  const sealedSeed = vault.seal(seed, sealedSeedContext(serial));
  const named = { account, name: userName, path: '/', serial, userName };
  const row = { ...named, sealedSeed, createdAtMs: 1, enabledAtMs: 1, tags: {} };
  await space.write((tx) => tx.put(mfaDevices, serial, row));
  return { serial, seed };
}

/** `accepted`, or the code, the status and the words of the refusal. */
export async function answerOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (cause) {
    if (!(cause instanceof sdk.STSServiceException)) throw cause;
    return `${cause.name} ${cause.$metadata.httpStatusCode}: ${cause.message}`;
  }
}
