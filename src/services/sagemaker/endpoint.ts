/**
 * Endpoints: what is asked of them. Starting, switching and stopping servers is the work of the
 * endpoints job, which is woken after each change.
 */
import type {
  CreateEndpointInput,
  CreateEndpointOutput,
  DeleteEndpointInput,
  DeploymentConfig,
  DescribeEndpointInput,
  DescribeEndpointOutput,
  ListEndpointsInput,
  ListEndpointsOutput,
  UpdateEndpointInput,
  UpdateEndpointOutput,
  UpdateEndpointWeightsAndCapacitiesInput,
  UpdateEndpointWeightsAndCapacitiesOutput,
} from '@aws-sdk/client-sagemaker';
import {
  planDeployment,
  retaining,
  type VariantProperty,
} from '../../engines/hosting/deployment.ts';
import { hostedArn, hostedKey } from '../../engines/hosting/names.ts';
import {
  type Deployment,
  type Endpoint,
  endpointConfigs,
  endpoints,
  inProgress,
  type Variant,
} from '../../engines/hosting/rows.ts';
import { created, deleting, updating } from '../../engines/hosting/transition.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import type { Ctx } from './context.ts';
import { isWeight, weightRule } from './endpoint-config.ts';
import { endpointDescription } from './endpoint-description.ts';
import { faults } from './faults.ts';
import { listPage } from './listing.ts';
import { checkedName } from './model.ts';
import { writeTags } from './tags.ts';

/** The job that acts on endpoints. */
const loop = 'endpoints';

export async function createEndpoint(
  input: CreateEndpointInput,
  ctx: Ctx,
): Promise<CreateEndpointOutput> {
  const name = checkedName(input.EndpointName, 'endpointName');
  assertAllAtOnce(input.DeploymentConfig);
  const arn = hostedArn(ctx.scope, 'endpoint', name);
  await ctx.store.write(async (tx) => {
    const deployment = await deploymentOf(tx, input, ctx);
    assertWriters(deployment, ctx);
    const row = created({ scope: ctx.scope, name, deployment, nowMs: ctx.clock.nowMs() });
    const added = await tx.insert(endpoints, hostedKey(ctx.scope, name), row);
    if (!added) throw faults.alreadyExists('endpoint', arn);
    await writeTags(tx, arn, input.Tags);
  });
  ctx.wake(loop);
  return { EndpointArn: arn };
}

export async function describeEndpoint(
  input: DescribeEndpointInput,
  ctx: Ctx,
): Promise<DescribeEndpointOutput> {
  return endpointDescription(await existing(ctx.store, input.EndpointName, ctx));
}

export async function listEndpoints(
  input: ListEndpointsInput,
  ctx: Ctx,
): Promise<ListEndpointsOutput> {
  const asked = { scope: ctx.scope, query: input };
  const { rows, nextToken } = await listPage(ctx.store, endpoints, asked);
  const summaries = rows.map((row) => ({
    EndpointName: row.name,
    EndpointArn: row.arn,
    CreationTime: new Date(row.createdAtMs),
    LastModifiedTime: new Date(row.modifiedAtMs),
    EndpointStatus: row.status,
  }));
  return { Endpoints: summaries, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
}

export async function updateEndpoint(
  input: UpdateEndpointInput,
  ctx: Ctx,
): Promise<UpdateEndpointOutput> {
  assertAllAtOnce(input.DeploymentConfig);
  const excluded = (input.ExcludeRetainedVariantProperties ?? []).map(
    ({ VariantPropertyType }) => VariantPropertyType as VariantProperty,
  );
  if (excluded.length > 0 && !input.RetainAllVariantProperties) {
    throw faults.invalid(
      'ExcludeRetainedVariantProperties needs RetainAllVariantProperties to be true.',
    );
  }
  const arn = await change(input.EndpointName, ctx, async (tx, before) => {
    const next = await deploymentOf(tx, input, ctx);
    const kept = input.RetainAllVariantProperties ? retaining(next, before, excluded) : next;
    assertWriters(kept, ctx);
    return kept;
  });
  return { EndpointArn: arn };
}

export async function updateEndpointWeightsAndCapacities(
  input: UpdateEndpointWeightsAndCapacitiesInput,
  ctx: Ctx,
): Promise<UpdateEndpointWeightsAndCapacitiesOutput> {
  const desired = new Map((input.DesiredWeightsAndCapacities ?? []).map((d) => [d.VariantName, d]));
  for (const { ServerlessUpdateConfig } of desired.values()) {
    if (ServerlessUpdateConfig) throw faults.notImplemented('ServerlessUpdateConfig');
  }
  const arn = await change(input.EndpointName, ctx, async (_tx, before) => {
    const known = new Set<string | undefined>(before.variants.map(({ name }) => name));
    const stranger = [...desired.keys()].find((name) => !known.has(name));
    if (stranger !== undefined) {
      throw faults.invalid(
        `Could not find variant "${stranger}" on endpoint "${input.EndpointName}".`,
      );
    }
    const adjusted = (variant: Variant): Variant => {
      const { DesiredWeight, DesiredInstanceCount } = desired.get(variant.name) ?? {};
      assertPositive(DesiredWeight, DesiredInstanceCount);
      return {
        ...variant,
        weight: DesiredWeight ?? variant.weight,
        instanceCount: DesiredInstanceCount ?? variant.instanceCount,
      };
    };
    const startedAtMs = ctx.clock.nowMs();
    return { ...before, variants: before.variants.map(adjusted), startedAtMs };
  });
  return { EndpointArn: arn };
}

export async function deleteEndpoint(input: DeleteEndpointInput, ctx: Ctx): Promise<void> {
  const { account, region } = ctx.scope;
  const key = hostedKey(ctx.scope, input.EndpointName ?? '');
  await ctx.store.write(async (tx) => {
    const row = await existing(tx, input.EndpointName, ctx);
    if (inProgress(row.status)) throw faults.inProgress(row.arn);
    const schedules = (await ctx.schedulesOn?.(tx, { account, region, name: row.name })) ?? [];
    if (schedules.length > 0) {
      throw faults.invalid(
        `Cannot delete endpoint "${row.arn}" because it is used by the monitoring schedule ` +
          `${schedules.join(', ')}. Delete the schedule first.`,
      );
    }
    await tx.put(endpoints, key, deleting(row, ctx.clock.nowMs()));
  });
  ctx.fleet.withdraw(key);
  ctx.wake(loop);
}

async function existing(reader: Reader, name: string | undefined, ctx: Ctx): Promise<Endpoint> {
  const row = await reader.get(endpoints, hostedKey(ctx.scope, name ?? ''));
  if (!row) throw faults.notFound('endpoint', hostedArn(ctx.scope, 'endpoint', name ?? ''));
  return row;
}

/** Puts an endpoint in service into Updating, towards what `plan` makes of what it runs now. */
async function change(
  name: string | undefined,
  ctx: Ctx,
  plan: (tx: Transaction, before: Deployment) => Promise<Deployment>,
): Promise<string> {
  const arn = await ctx.store.write(async (tx) => {
    const row = await existing(tx, name, ctx);
    if (inProgress(row.status)) throw faults.inProgress(row.arn);
    if (row.status !== 'InService' || !row.active) {
      throw faults.invalid(
        `Cannot update endpoint "${row.arn}" with status "${row.status}": only an endpoint that ` +
          'is InService can be updated; delete it and create it again.',
      );
    }
    const next = await plan(tx, row.active);
    await tx.put(endpoints, hostedKey(ctx.scope, row.name), updating(row, next, ctx.clock.nowMs()));
    return row.arn;
  });
  ctx.wake(loop);
  return arn;
}

async function deploymentOf(
  tx: Transaction,
  { EndpointConfigName: name = '', DeploymentConfig }: CreateEndpointInput,
  ctx: Ctx,
): Promise<Deployment> {
  const config = await tx.get(endpointConfigs, hostedKey(ctx.scope, name));
  if (!config) {
    const arn = hostedArn(ctx.scope, 'endpoint-config', name);
    throw faults.notFound('endpoint configuration', arn);
  }
  const { random, clock } = ctx;
  const plan = await planDeployment(config, { reader: tx, random, nowMs: clock.nowMs() });
  if (!plan.ok) throw faults.notFound('model', plan.reason);
  return DeploymentConfig ? { ...plan.value, policy: { ...DeploymentConfig } } : plan.value;
}

/** Records are written by the role of the model that answered: it must have one. */
function assertWriters({ capture, variants, shadows }: Deployment, { scope }: Ctx): void {
  if (!capture?.enabled) return;
  const without = [...variants, ...shadows].find(({ roleArn }) => roleArn === undefined);
  if (!without) return;
  const arn = hostedArn(scope, 'model', without.modelName);
  throw faults.noExecutionRole(arn, 'an endpoint that captures data');
}

/** All traffic moves at once; canaries, steps, baking and alarms that roll back are not built. */
function assertAllAtOnce(config: DeploymentConfig | undefined): void {
  if (config?.RollingUpdatePolicy) throw faults.notImplemented('RollingUpdatePolicy');
  if (config?.AutoRollbackConfiguration?.Alarms?.length) {
    throw faults.notImplemented('AutoRollbackConfiguration');
  }
  const policy = config?.BlueGreenUpdatePolicy;
  const routing = policy?.TrafficRoutingConfiguration;
  if (routing && routing.Type !== 'ALL_AT_ONCE') {
    throw faults.notImplemented(`TrafficRoutingConfiguration of type ${routing.Type}`);
  }
  if ((routing?.WaitIntervalInSeconds ?? 0) > 0 || (policy?.TerminationWaitInSeconds ?? 0) > 0) {
    throw faults.notImplemented('WaitIntervalInSeconds or TerminationWaitInSeconds above 0');
  }
}

function assertPositive(weight: number | undefined, count: number | undefined): void {
  const at = 'desiredWeightsAndCapacities';
  if (weight !== undefined && !isWeight(weight)) {
    throw faults.badMember(`${at}.desiredWeight`, weightRule);
  }
  if (count !== undefined && !(Number.isInteger(count) && count >= 1)) {
    throw faults.badMember(`${at}.desiredInstanceCount`, 'Member must be 1 or more');
  }
}
