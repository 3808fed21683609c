/**
 * Service-linked roles: made from the template of their service, and changed by nobody. Only the
 * services whose policy is published in `public-policies.json` have a template.
 */
import type * as sdk from '@aws-sdk/client-iam';
import { newId } from '../../engines/identity/ids.ts';
import { publicPolicies } from '../../engines/identity/public-policies.ts';
import { attachmentKey, attachments, nameKey, roles } from '../../engines/identity/rows.ts';
import { defined } from '../../kernel/assert.ts';
import { dayMs } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import { type Collection, sortable, type Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { roleNamed } from './entities.ts';
import { faults } from './faults.ts';
import { arnOf } from './names.ts';
import { insertRole } from './role.ts';
import { roleSummary } from './role-shape.ts';

interface Template {
  readonly roleName: string;
  readonly policyName: string;
}

const templates: ReadonlyMap<string, Template> = new Map([
  template('cloudtrail', 'CloudTrail', 'CloudTrailServiceRolePolicy'),
  template('events', 'CloudWatchEvents', 'CloudWatchEventsServiceRolePolicy'),
  template('lakeformation', 'LakeFormationDataAccess', 'LakeFormationDataAccessServiceRolePolicy'),
  template('macie', 'AmazonMacie', 'AmazonMacieServiceRolePolicy'),
  template('sagemaker', 'AmazonSageMakerNotebooks', 'AmazonSageMakerNotebooksServiceRolePolicy'),
  template(
    'sagemaker.application-autoscaling',
    'ApplicationAutoScaling_SageMakerEndpoint',
    'AWSApplicationAutoscalingSageMakerEndpointPolicy',
  ),
  template('shield', 'AWSShield', 'AWSShieldServiceRolePolicy'),
  template('wafv2', 'WAFV2Logging', 'WAFV2LoggingServiceRolePolicy'),
]);

function template(service: string, role: string, policyName: string): [string, Template] {
  return [`${service}.amazonaws.com`, { roleName: `AWSServiceRoleFor${role}`, policyName }];
}

/** The role that the service would get; a service without a template has none, only a pattern. */
export function linkedRoleName(service: string): string {
  return templates.get(service)?.roleName ?? 'AWSServiceRoleFor';
}

/** That a role was deleted, for those who ask. Key: account and task. */
interface DeletionRow {
  readonly atMs: number;
}

const deletions: Collection<DeletionRow> = {
  name: 'identity/role-deletions',
  indexes: { at: ({ atMs }) => sortable(atMs) },
};
const deletionKeptMs = 7 * dayMs;
/** Old ones that one deletion sweeps away: more than it adds. */
const sweptAtOnce = 10;

export async function createServiceLinkedRole(
  input: sdk.CreateServiceLinkedRoleRequest,
  ctx: IamCtx,
): Promise<sdk.CreateServiceLinkedRoleResponse> {
  const { AWSServiceName: service = '', Description: description } = input;
  const found = templates.get(service);
  if (!found) {
    throw faults.invalidInput(
      `AWSServiceName: there is no template of a service-linked role for ${service}. ` +
        `There is one for ${[...templates.keys()].join(', ')}.`,
    );
  }
  // Of those with a template none has several roles in the original either.
  if (input.CustomSuffix !== undefined) {
    throw faults.invalidInput(`Custom suffix is not allowed for ${service}`);
  }
  const row = rowOf(ctx, service, found);
  const described = { ...row, ...(description === undefined ? {} : { description }) };
  await ctx.identity.write(async (tx) => {
    if (await tx.get(roles, nameKey(row.account, row.name))) {
      throw faults.invalidInput(
        `Service role name ${row.name} has been taken in this account, ` +
          'please try a different suffix.',
      );
    }
    await insertRole(tx, described);
    for (const attachment of attachmentsOf(row)) {
      await tx.put(attachments, attachmentKey(attachment), attachment);
    }
  });
  return { Role: await roleSummary(ctx.identity.reader, described) };
}

function rowOf(ctx: IamCtx, service: string, { roleName: name, policyName }: Template) {
  const { account, partition } = ctx.scope;
  const path = `/aws-service-role/${service}/`;
  const policy = publicPolicies(partition).find((one) => one.name === policyName);
  const statement = {
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sts:AssumeRole',
  };
  return {
    ...{ account, name, path, linkedService: service },
    id: newId('role', ctx.random),
    arn: arnOf(ctx.scope, 'role', { name, path }),
    createdAtMs: ctx.clock.nowMs(),
    inline: {},
    attached: [defined(policy, policyName).arn],
    maxSessionSeconds: 3_600,
    trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    trustedIds: {},
    tags: {},
  };
}

function attachmentsOf({ attached, name, id }: ReturnType<typeof rowOf>) {
  const rest = { as: 'policy', kind: 'role', name, id } as const;
  return attached.map((policyArn) => ({ policyArn, ...rest }));
}

/** Done when it answers: no service of this server holds on to such a role. */
export async function deleteServiceLinkedRole(
  { RoleName: name = '' }: sdk.DeleteServiceLinkedRoleRequest,
  ctx: IamCtx,
): Promise<sdk.DeleteServiceLinkedRoleResponse> {
  const { account } = ctx.scope;
  const nowMs = ctx.clock.nowMs();
  const id = uuid(ctx.random);
  const task = await ctx.identity.write(async (tx) => {
    const row = await roleNamed(tx, account, name);
    if (row.linkedService === undefined) {
      throw faults.invalidInput(`Role ${row.name} is not a service linked role.`);
    }
    for (const policyArn of row.attached) {
      const attachment = { policyArn, as: 'policy', kind: 'role', name: row.name, id } as const;
      await tx.delete(attachments, attachmentKey(attachment));
    }
    await tx.delete(roles, nameKey(account, row.name));
    const made = `task/aws-service-role/${row.linkedService}/${row.name}/${id}`;
    await sweep(tx, nowMs - deletionKeptMs);
    await tx.put(deletions, `${account}/${made}`, { atMs: nowMs });
    return made;
  });
  return { DeletionTaskId: task };
}

async function sweep(tx: Transaction, beforeMs: number): Promise<void> {
  const range = { index: 'at', to: sortable(Math.max(0, beforeMs)), limit: sweptAtOnce };
  for (const { key } of await tx.listBy(deletions, range)) await tx.delete(deletions, key);
}

export async function getServiceLinkedRoleDeletionStatus(
  { DeletionTaskId: task = '' }: sdk.GetServiceLinkedRoleDeletionStatusRequest,
  ctx: IamCtx,
): Promise<sdk.GetServiceLinkedRoleDeletionStatusResponse> {
  if (!/^task\/aws-service-role\/[^/]+\/[^/]+\/[0-9a-f-]{36}$/.test(task)) {
    throw faults.invalidInput(`Deletion task id ${task} is not valid.`);
  }
  const row = await ctx.identity.reader.get(deletions, `${ctx.scope.account}/${task}`);
  if (!row) throw faults.noSuch(`Deletion task ${task} cannot be found.`);
  return { Status: 'SUCCEEDED' };
}
