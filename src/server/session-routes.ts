/**
 * `POST /_modelkeep/sessions/revoke`: ends temporary credentials before their time. `accessKeyId`
 * (`ASIA…`) names one session; `roleName` all of a role that were issued until now. Signed for
 * `iam`; needs the action `modelkeep:RevokeSession`, on the role, or on `*` for a key.
 */
import { nameKey, type RoleRow, roles } from '../engines/identity/rows.ts';
import type { Sessions } from '../engines/identity/sessions.ts';
import type { IdentitySpace } from '../engines/identity/space.ts';
import { formatArn } from '../kernel/arn.ts';
import { type Call, Fault } from '../wire/operation.ts';
import type { Route } from './http.ts';
import { type OwnSeen, type SignedRouteParts, signedRoute, signingName } from './signed-route.ts';

export interface SessionRouteParts extends SignedRouteParts {
  readonly space: IdentitySpace;
  readonly sessions: Pick<Sessions, 'revoke' | 'revokeRoleSessions'>;
}

interface Asking {
  readonly call: Call;
  readonly seen: OwnSeen;
}

const operation = 'RevokeSession';
const revoking = {
  ...{ path: '/_modelkeep/sessions/revoke', eventName: operation, readOnly: false },
};
const keyPattern = /^ASIA[A-Z0-9]{12,124}$/;
const rolePattern = /^[\w+=,.@-]{1,64}$/;

export function sessionRoutes(parts: SessionRouteParts): readonly Route[] {
  const { space, sessions, wallClock, log } = parts;

  async function authorized({ call, seen }: Asking, resource: string, role?: RoleRow) {
    const resourceTags = async () => role?.tags ?? {};
    const check = { action: `modelkeep:${operation}`, resource, resourceTags };
    seen.checks = [check];
    await parts.authorize({ call, service: signingName, operation, checks: seen.checks });
  }

  async function endOne(accessKeyId: string, asking: Asking): Promise<object> {
    await authorized(asking, '*');
    await sessions.revoke(accessKeyId);
    return { revoked: accessKeyId };
  }

  async function endAll(roleName: string, asking: Asking): Promise<object> {
    const { account, partition } = asking.call.scope;
    const role = await space.reader.get(roles, nameKey(account, roleName));
    const scope = { partition, account, region: '' };
    await authorized(asking, role?.arn ?? formatArn(scope, 'iam', `role/${roleName}`), role);
    if (!role) throw new Fault('NoSuchEntity', `There is no role ${roleName}.`, { status: 404 });
    await sessions.revokeRoleSessions(role.id, wallClock.nowMs());
    return { revoked: role.arn };
  }

  return [
    signedRoute(revoking, parts, async (body, call, seen) => {
      const asked = askedFor(body);
      const answer = await ('accessKeyId' in asked
        ? endOne(asked.accessKeyId, { call, seen })
        : endAll(asked.roleName, { call, seen }));
      log.info('sessions were revoked', { ...answer, caller: call.caller.arn });
      return answer;
    }),
  ];
}

type Asked = { readonly accessKeyId: string } | { readonly roleName: string };

/** Throws `Fault`, naming the member and the rule. */
function askedFor(body: Buffer): Asked {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('the body must be JSON');
  }
  const [[name, given] = [], ...more] =
    typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (more.length > 0 || (name !== 'accessKeyId' && name !== 'roleName')) {
    throw invalid('the body must be an object with accessKeyId or roleName, and nothing else');
  }
  const pattern = name === 'accessKeyId' ? keyPattern : rolePattern;
  if (typeof given !== 'string' || !pattern.test(given)) {
    throw invalid(`${name} must match ${pattern.source}`);
  }
  return name === 'accessKeyId' ? { accessKeyId: given } : { roleName: given };
}

function invalid(message: string): Fault {
  return new Fault('ValidationError', message, { status: 400 });
}
