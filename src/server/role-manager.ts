/**
 * Routes of our own that plan and write roles: `POST /_modelkeep/roles/plan` and `…/apply`, JSON,
 * signed for `iam`. Planning needs the rights to see the role, applying those to write it.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RoleRow } from '../engines/identity/rows.ts';
import type { RoleRequest } from '../engines/personas/plan.ts';
import type { Scope } from '../kernel/arn.ts';
import { gather, TooManyBytes } from '../kernel/bytes.ts';
import type { Check } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Authorize } from '../wire/chain.ts';
import { type Call, Fault } from '../wire/operation.ts';
import { bodyOf, drain, headersOf } from '../wire/request.ts';
import { type FindSecret, verifySignature } from '../wire/signature/index.ts';
import { answerJson, type Route } from './http.ts';
import {
  makeRolePlans,
  type RolePlansParts,
  roleArnOf,
  roleNameOf,
  roleTag,
} from './role-plans.ts';
import { type AskedRole, readRequest } from './role-request.ts';

export interface RoleManagerParts extends RolePlansParts {
  readonly findSecret: FindSecret;
  readonly authorize: Authorize;
  /** What clients sign by. */
  readonly wallClock: Clock;
  /** Must be fit for keys. */
  readonly random: Random;
  /** Of the server; a request's own account and region come from its signature. */
  readonly scope: Scope;
  readonly log: Logger;
}

const prefix = '/_modelkeep/roles/';
const bodyLimitBytes = 256 * 1024;
const signingName = 'iam';

type Work = (asked: AskedRole, call: Call) => Promise<object>;

export function roleManagerRoutes(parts: RoleManagerParts): readonly Route[] {
  const plans = makeRolePlans(parts);
  const authorized = async (call: Call, operation: string, checks: readonly Check[]) => {
    await parts.authorize({ call, service: signingName, operation, checks });
  };
  const requestOf = ({ role }: AskedRole, { scope }: Call): RoleRequest => ({ ...role, scope });
  return [
    route('plan', parts, async (asked, call) => {
      const request = requestOf(asked, call);
      const row = await plans.current(request);
      await authorized(call, 'GetRole', seeing(request, row));
      return plans.plan(request);
    }),
    route('apply', parts, async (asked, call) => {
      const request = requestOf(asked, call);
      const row = await plans.current(request);
      await authorized(call, 'CreateRole', writing(request, row));
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

function route(name: string, parts: RoleManagerParts, work: Work): Route {
  return {
    matches: ({ method, url }) => method === 'POST' && url?.split('?')[0] === `${prefix}${name}`,
    async handle(request, response) {
      const requestId = uuid(parts.random);
      try {
        const { call, body } = await opened(request, response, { parts, requestId });
        answerJson(response, 200, await work(readRequest(body), call));
      } catch (error) {
        const fault = asFault(error, parts.log, requestId);
        const { code, message, status = 400 } = fault;
        answerJson(response, status, { error: { code, message }, requestId });
      }
      drain(request);
    },
  };
}

function asFault(error: unknown, log: Logger, requestId: string): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof TooManyBytes) {
    const message = `The request has more than ${bodyLimitBytes} bytes.`;
    return new Fault('RequestTooLarge', message, { status: 413 });
  }
  log.error('a plan of a role failed unexpectedly', error, { requestId });
  return new Fault('InternalFailure', 'An internal error occurred.', { status: 500 });
}

interface Opening {
  readonly parts: RoleManagerParts;
  readonly requestId: string;
}

/** Who asks is known before what they ask is looked at. */
async function opened(
  request: IncomingMessage,
  response: ServerResponse,
  { parts, requestId }: Opening,
): Promise<{ readonly call: Call; readonly body: Buffer }> {
  const headers = headersOf(request);
  const url = request.url ?? '/';
  const body = await gather(bodyOf(request), bodyLimitBytes);
  const bodySha256 = () => createHash('sha256').update(body).digest('hex');
  const verified = await verifySignature(
    { method: 'POST', url, headers, bodySha256 },
    { findSecret: parts.findSecret, nowMs: parts.wallClock.nowMs(), services: [signingName] },
  );
  if (!verified) {
    const message = 'Request is missing Authentication Token';
    throw new Fault('MissingAuthenticationToken', message, { status: 403 });
  }
  const { caller, region = parts.scope.region } = verified;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { remoteAddress } = request.socket;
  const secure = 'encrypted' in request.socket && request.socket.encrypted === true;
  const call: Call = {
    scope: { partition: parts.scope.partition, region, account: caller.account },
    caller,
    requestId,
    signal: gone.signal,
    endpointUrl: `${secure ? 'https' : 'http'}://${headers['host'] ?? 'localhost'}`,
    headers,
    url,
    checksums: {},
    ...(remoteAddress === undefined
      ? {}
      : { sourceAddress: remoteAddress.replace(/^::ffff:(?=\d+\.)/, '') }),
  };
  return { call, body };
}
