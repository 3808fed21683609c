/** A listening server with the routes about roles alone, and users who sign for tests. */
import { memoryMetadataStore } from '../adapters/memory/metadata-store.ts';
import { makeAccess } from '../engines/access/authorizer.ts';
import { nameKey, type RoleRow, roles, users } from '../engines/identity/rows.ts';
import { type IdentitySpace, makeIdentitySpace } from '../engines/identity/space.ts';
import { formatArn } from '../kernel/arn.ts';
import type { Clock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import type { KeyPair } from './administrator.ts';
import { makeAuthorize } from './authorize.ts';
import { type Listening, listen, type Route } from './http.ts';
import { roleManagerRoutes } from './role-manager.ts';
import { sessionRoutes } from './session-routes.ts';
import { type JsonAnswer, postSigned, type SignedRequest } from './signed-fetch.ts';
import type { SignedRouteParts } from './signed-route.ts';

export const testAccount = '111122223333';
const scope = { partition: 'aws', region: 'us-east-1', account: testAccount };

export interface RoleServer extends Listening {
  /** A user with these statements; answers their keys. */
  user(name: string, statements: readonly object[]): Promise<KeyPair>;
  role(name: string): Promise<RoleRow | undefined>;
  /** What was asked to be revoked: ids of keys and of roles. */
  readonly revoked: readonly string[];
  putRole(name: string, over: Partial<RoleRow>): Promise<void>;
  post(
    keys: KeyPair,
    path: string,
    body: object,
    over?: Partial<SignedRequest>,
  ): Promise<JsonAnswer>;
}

export async function startRoleServer(nowMs: number): Promise<RoleServer> {
  const space = makeIdentitySpace(memoryMetadataStore());
  const clock = { nowMs: () => nowMs };
  const access = makeAccess({ space, clock, log: silentLogger, partition: 'aws' });
  const secrets = new Map<string, { readonly name: string; readonly secret: string }>();
  const arn = (resource: string) => formatArn({ ...scope, region: '' }, 'iam', resource);
  const revoked: string[] = [];
  const parts: SignedRouteParts = {
    wallClock: clock,
    random: seededRandom(1),
    log: silentLogger,
    scope,
    authorize: makeAuthorize({ access, clock }),
    async findSecret(accessKeyId) {
      const found = secrets.get(accessKeyId);
      if (!found) return undefined;
      const { name, secret: secretAccessKey } = found;
      const userId = `AIDA${name.toUpperCase()}`;
      const caller = { accessKeyId, arn: arn(`user/${name}`), userId, account: testAccount };
      return { secretAccessKey, caller };
    },
  };
  const routes = routesOf(parts, { space, clock, revoked });
  const listening = await listen(() => routes, { host: '127.0.0.1', port: 0 });
  const base = (name: string) => ({
    ...{ account: testAccount, name, path: '/', createdAtMs: 0, attached: [], tags: {} },
  });
  return {
    ...listening,
    revoked,
    async user(name, statements) {
      const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      const inline: Record<string, string> = statements.length > 0 ? { own: document } : {};
      await space.write((tx) =>
        tx.put(users, nameKey(testAccount, name), {
          ...base(name),
          ...{ id: `AIDA${name.toUpperCase()}`, arn: arn(`user/${name}`), inline, groups: [] },
        }),
      );
      const keys = {
        accessKeyId: `AKIA${name.toUpperCase()}`,
        secretAccessKey: `secret-of-${name}`,
      };
      secrets.set(keys.accessKeyId, { name, secret: keys.secretAccessKey });
      return keys;
    },
    role: (name) => space.reader.get(roles, nameKey(testAccount, name)),
    putRole: (name, over) =>
      space.write((tx) =>
        tx.put(roles, nameKey(testAccount, name), {
          ...{ ...base(name), id: 'AROAOLD', arn: arn(`role/${name}`), inline: {} },
          ...{ maxSessionSeconds: 3_600, trustPolicy: '{}', trustedIds: {} },
          ...over,
        }),
      ),
    async post(keys, path, body, over = {}) {
      const answer = await postSigned({
        ...{ url: listening.url, path, body, service: 'iam', region: 'us-east-1', keys, nowMs },
        ...over,
      });
      if (!answer.ok) throw new Error(answer.reason);
      return answer.value;
    },
  };
}

interface Beside {
  readonly space: IdentitySpace;
  readonly clock: Clock;
  readonly revoked: string[];
}

function routesOf(parts: SignedRouteParts, { space, clock, revoked }: Beside): readonly Route[] {
  const sessions = {
    revoke: async (accessKeyId: string) => void revoked.push(accessKeyId),
    revokeRoleSessions: async (roleId: string) => void revoked.push(roleId),
  };
  return [
    ...roleManagerRoutes({ ...parts, space, clock }),
    ...sessionRoutes({ ...parts, space, sessions }),
  ];
}
