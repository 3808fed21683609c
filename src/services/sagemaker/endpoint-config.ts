/** Endpoint configurations: which models serve, with what weights, and what is captured. */
import type {
  CreateEndpointConfigInput,
  CreateEndpointConfigOutput,
  DeleteEndpointConfigInput,
  DescribeEndpointConfigInput,
  DescribeEndpointConfigOutput,
  ListEndpointConfigsInput,
  ListEndpointConfigsOutput,
  ProductionVariant,
} from '@aws-sdk/client-sagemaker';
import { hostedArn, hostedKey } from '../../engines/hosting/names.ts';
import {
  type EndpointConfig,
  endpointConfigs,
  models,
  type VariantPlan,
} from '../../engines/hosting/rows.ts';
import { dropTags } from '../../engines/hosting/tags.ts';
import { secondMs } from '../../kernel/clock.ts';
import { assertAssumable } from './assumable.ts';
import { capturePlan } from './capture-config.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { listPage } from './listing.ts';
import { checkedName } from './model.ts';
import { writeTags } from './tags.ts';

const mostVariants = 10;
const mostShadows = 1;
/** Ours where the request names none; Amazon gives a container eight minutes in all. */
const defaultStartSeconds = 480;
const defaultDownloadSeconds = 3_600;

export async function createEndpointConfig(
  input: CreateEndpointConfigInput,
  ctx: Ctx,
): Promise<CreateEndpointConfigOutput> {
  const name = checkedName(input.EndpointConfigName, 'endpointConfigName');
  assertBuilt(input);
  const variants = plans(input.ProductionVariants ?? [], 'productionVariants', mostVariants);
  const shadows = plans(
    input.ShadowProductionVariants ?? [],
    'shadowProductionVariants',
    mostShadows,
  );
  assertCount(variants, shadows);
  const arn = hostedArn(ctx.scope, 'endpoint-config', name);
  const capture = capturePlan(input.DataCaptureConfig);
  await assertAssumable(input.ExecutionRoleArn, arn, ctx);
  const { Tags, ...request } = input;
  const config: EndpointConfig = {
    name,
    arn,
    scope: ctx.scope,
    variants,
    shadows,
    ...(capture ? { capture } : {}),
    ...(input.KmsKeyId ? { volumeKeyId: input.KmsKeyId } : {}),
    request: JSON.parse(JSON.stringify(request)),
    createdAtMs: ctx.clock.nowMs(),
  };
  await ctx.store.write(async (tx) => {
    for (const { modelName } of [...variants, ...shadows]) {
      const model = await tx.get(models, hostedKey(ctx.scope, modelName));
      if (!model) throw faults.notFound('model', hostedArn(ctx.scope, 'model', modelName));
    }
    const added = await tx.insert(endpointConfigs, hostedKey(ctx.scope, name), config);
    if (!added) throw faults.alreadyExists('endpoint configuration', arn);
    await writeTags(tx, arn, Tags);
  });
  return { EndpointConfigArn: arn };
}

export async function describeEndpointConfig(
  input: DescribeEndpointConfigInput,
  ctx: Ctx,
): Promise<DescribeEndpointConfigOutput> {
  const name = input.EndpointConfigName ?? '';
  const config = await ctx.store.get(endpointConfigs, hostedKey(ctx.scope, name));
  if (!config) {
    const arn = hostedArn(ctx.scope, 'endpoint-config', name);
    throw faults.notFound('endpoint configuration', arn);
  }
  return {
    ProductionVariants: [],
    ...config.request,
    EndpointConfigName: config.name,
    EndpointConfigArn: config.arn,
    CreationTime: new Date(config.createdAtMs),
  };
}

export async function listEndpointConfigs(
  input: ListEndpointConfigsInput,
  ctx: Ctx,
): Promise<ListEndpointConfigsOutput> {
  const asked = { scope: ctx.scope, query: input };
  const { rows, nextToken } = await listPage(ctx.store, endpointConfigs, asked);
  const summaries = rows.map((row) => ({
    EndpointConfigName: row.name,
    EndpointConfigArn: row.arn,
    CreationTime: new Date(row.createdAtMs),
  }));
  const more = nextToken === undefined ? {} : { NextToken: nextToken };
  return { EndpointConfigs: summaries, ...more };
}

/** Endpoints made from it keep what they have. */
export async function deleteEndpointConfig(
  input: DeleteEndpointConfigInput,
  ctx: Ctx,
): Promise<void> {
  const name = input.EndpointConfigName ?? '';
  const arn = hostedArn(ctx.scope, 'endpoint-config', name);
  await ctx.store.write(async (tx) => {
    const deleted = await tx.delete(endpointConfigs, hostedKey(ctx.scope, name));
    if (!deleted) throw faults.notFound('endpoint configuration', arn);
    await dropTags(tx, arn);
  });
}

function assertBuilt(input: CreateEndpointConfigInput): void {
  for (const member of ['AsyncInferenceConfig', 'ExplainerConfig', 'VpcConfig'] as const) {
    if (input[member]) throw faults.notImplemented(member);
  }
  if (input.MetricsConfig?.EnableEnhancedMetrics) {
    throw faults.notImplemented('MetricsConfig.EnableEnhancedMetrics');
  }
  if (input.EnableNetworkIsolation) throw faults.notImplemented('EnableNetworkIsolation');
}

function assertCount(variants: readonly VariantPlan[], shadows: readonly VariantPlan[]): void {
  if (variants.length === 0) {
    throw faults.badMember('productionVariants', 'Member must have length at least 1');
  }
  if (shadows.length > 0 && variants.length !== 1) {
    throw faults.invalid(
      'ShadowProductionVariants needs exactly one variant in ProductionVariants.',
    );
  }
  const names = [...variants, ...shadows].map(({ name }) => name.toLowerCase());
  if (new Set(names).size !== names.length) {
    throw faults.invalid('Every variant of an endpoint configuration needs a name of its own.');
  }
  if (shadows.length > 0 && !((variants[0]?.weight ?? 0) > 0)) {
    throw faults.invalid('A production variant with a shadow needs a weight above zero.');
  }
}

function plans(
  variants: readonly ProductionVariant[],
  member: string,
  most: number,
): readonly VariantPlan[] {
  if (variants.length > most) {
    throw faults.badMember(member, `Member must have length less than or equal to ${most}`);
  }
  return variants.map((variant, at) => planOf(variant, `${member}.${at + 1}.member`));
}

const unbuilt = [
  'ServerlessConfig',
  'InstancePools',
  'ManagedInstanceScaling',
  'AcceleratorType',
  'CoreDumpConfig',
  'CapacityReservationConfig',
  'EnableSSMAccess',
] as const;

/** The largest number of the model's type, a float of 32 bits: sums of ten stay finite. */
const largestWeight = 3.4028234663852886e38;
export const weightRule = 'Member must be a finite number of 0 or more';

export function isWeight(weight: number): boolean {
  return weight >= 0 && weight <= largestWeight;
}

function planOf(variant: ProductionVariant, member: string): VariantPlan {
  const found = unbuilt.find((name) => variant[name]);
  if (found) throw faults.notImplemented(found);
  if (!variant.ModelName) throw faults.notImplemented('A variant without ModelName');
  const weight = variant.InitialVariantWeight ?? 1;
  if (!isWeight(weight)) throw faults.badMember(`${member}.initialVariantWeight`, weightRule);
  const instanceCount = variant.InitialInstanceCount ?? 1;
  if (!(Number.isInteger(instanceCount) && instanceCount >= 1)) {
    throw faults.badMember(
      `${member}.initialInstanceCount`,
      'Member must have value greater than or equal to 1',
    );
  }
  const startSeconds = variant.ContainerStartupHealthCheckTimeoutInSeconds ?? defaultStartSeconds;
  const downloadSeconds = variant.ModelDataDownloadTimeoutInSeconds ?? defaultDownloadSeconds;
  return {
    name: checkedName(variant.VariantName, `${member}.variantName`),
    modelName: variant.ModelName,
    ...(variant.InstanceType ? { instanceType: variant.InstanceType } : {}),
    instanceCount,
    weight,
    startTimeoutMs: startSeconds * secondMs,
    downloadTimeoutMs: downloadSeconds * secondMs,
  };
}
