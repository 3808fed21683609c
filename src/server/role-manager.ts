/**
 * Routes of our own that plan and write roles: `POST /_modelkeep/roles/plan` and `…/apply`, JSON,
 * signed for `iam`. Planning needs the rights to see the role, applying those to write it.
 */
import type { RoleRow } from '../engines/identity/rows.ts';
import type { RoleRequest } from '../engines/personas/plan.ts';
import type { Check } from '../kernel/check.ts';
import type { Call } from '../wire/operation.ts';
import type { Route } from './http.ts';
import {
  makeRolePlans,
  type RolePlansParts,
  roleArnOf,
  roleNameOf,
  roleTag,
} from './role-plans.ts';
import { type AskedRole, readRequest } from './role-request.ts';
import {
  type OwnRoute,
  type OwnSeen,
  type SignedRouteParts,
  signedRoute,
  signingName,
} from './signed-route.ts';

export type RoleManagerParts = RolePlansParts & SignedRouteParts;

const prefix = '/_modelkeep/roles/';
const planning = { path: `${prefix}plan`, eventName: 'PlanRole', readOnly: true };
const applying = { path: `${prefix}apply`, eventName: 'ApplyRole', readOnly: false };

type Checks = readonly Check[];

interface Asking {
  readonly call: Call;
  readonly seen: OwnSeen;
}

type Work = (asked: AskedRole, call: Call, seen: OwnSeen) => Promise<object>;

export function roleManagerRoutes(parts: RoleManagerParts): readonly Route[] {
  const plans = makeRolePlans(parts);
  const authorized = async ({ call, seen }: Asking, operation: string, checks: Checks) => {
    seen.checks = checks;
    await parts.authorize({ call, service: signingName, operation, checks });
  };
  const requestOf = ({ role }: AskedRole, { scope }: Call): RoleRequest => ({ ...role, scope });
  return [
    route(planning, parts, async (asked, call, seen) => {
      const request = requestOf(asked, call);
      const row = await plans.current(request);
      await authorized({ call, seen }, 'GetRole', seeing(request, row));
      return plans.plan(request);
    }),
    route(applying, parts, async (asked, call, seen) => {
      const request = requestOf(asked, call);
      const row = await plans.current(request);
      await authorized({ call, seen }, 'CreateRole', writing(request, row));
      const answer = await plans.apply(request, asked);
      parts.log.info('a role was written', { role: answer.role.arn, caller: call.caller.arn });
      return { ...answer, applied: true };
    }),
  ];
}

function seeing({ name, scope }: RoleRequest, row: RoleRow | undefined): readonly Check[] {
  const resource = roleArnOf(scope, row, roleNameOf(name));
  const resourceTags = async () => row?.tags ?? {};
  return ['GetRole', 'ListRolePolicies', 'GetRolePolicy'].map((action) => ({
    action: `iam:${action}`,
    resource,
    resourceTags,
  }));
}

/** All of them for every role: whether it exists is not told to who may only make new ones. */
function writing({ name, scope }: RoleRequest, row: RoleRow | undefined): readonly Check[] {
  const resource = roleArnOf(scope, row, roleNameOf(name));
  const resourceTags = async () => row?.tags ?? {};
  const boundary = row?.boundaryArn;
  const keys = boundary === undefined ? {} : { 'iam:permissionsboundary': boundary };
  const tagging = { [`aws:requesttag/${roleTag}`]: 'managed', 'aws:tagkeys': [roleTag] };
  return [
    ...seeing({ name, scope }, row),
    ...['CreateRole', 'TagRole'].map((action) => ({
      action: `iam:${action}`,
      resource,
      resourceTags,
      keys: { ...keys, ...tagging },
    })),
    ...['PutRolePolicy', 'DeleteRolePolicy', 'UpdateAssumeRolePolicy'].map((action) => ({
      action: `iam:${action}`,
      resource,
      resourceTags,
      keys,
    })),
  ];
}

function route(about: OwnRoute, parts: RoleManagerParts, work: Work): Route {
  return signedRoute(about, parts, (body, call, seen) => work(readRequest(body), call, seen));
}
