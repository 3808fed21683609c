/** What the operations on models, endpoint configurations and endpoints need permission for. */
import type { Permissions } from '../../wire/operation.ts';
import { actingOn, creating, hostedArnOf, listing } from './checks.ts';
import { endpointConfigKeys, modelArnKey, modelKeys } from './condition-keys.ts';
import type { Ctx } from './context.ts';
import type { hostingOperations } from './index.ts';
import { volumeGrants } from './key-grants.ts';

interface EndpointChange {
  readonly EndpointName?: string | undefined;
  readonly EndpointConfigName?: string | undefined;
}

const model = (operation: string) => (input: { ModelName?: string | undefined }, ctx: Ctx) =>
  actingOn(operation, hostedArnOf(ctx.scope, 'model', input.ModelName), ctx);

const config =
  (operation: string) =>
  ({ EndpointConfigName: name }: EndpointChange, ctx: Ctx) =>
    actingOn(operation, hostedArnOf(ctx.scope, 'endpoint-config', name), ctx);

const endpoint =
  (operation: string) =>
  ({ EndpointName: name }: EndpointChange, ctx: Ctx) =>
    actingOn(operation, hostedArnOf(ctx.scope, 'endpoint', name), ctx);

export const hostingPermissions: Permissions<typeof hostingOperations, Ctx> = {
  CreateModel: (input, { scope }) =>
    creating({
      operation: 'CreateModel',
      arn: hostedArnOf(scope, 'model', input.ModelName),
      tags: input.Tags,
      keys: modelKeys(input),
      roleArn: input.ExecutionRoleArn,
    }),
  DescribeModel: model('DescribeModel'),
  ListModels: listing('ListModels'),
  DeleteModel: model('DeleteModel'),

  CreateEndpointConfig(input, { scope }) {
    const variants = [input.ProductionVariants, input.ShadowProductionVariants].flat();
    const names = new Set(variants.flatMap((variant) => variant?.ModelName ?? []));
    const made = creating({
      operation: 'CreateEndpointConfig',
      arn: hostedArnOf(scope, 'endpoint-config', input.EndpointConfigName),
      tags: input.Tags,
      keys: endpointConfigKeys(input),
      roleArn: input.ExecutionRoleArn,
    });
    const [creation, ...others] = made;
    if (!creation || names.size === 0) return made;
    // The key has one value, so each of several models has to be allowed by itself.
    const each = [...names].map((name) => ({
      ...creation,
      keys: { ...creation.keys, ...modelArnKey(hostedArnOf(scope, 'model', name)) },
    }));
    return [...each, ...others];
  },
  DescribeEndpointConfig: config('DescribeEndpointConfig'),
  ListEndpointConfigs: listing('ListEndpointConfigs'),
  DeleteEndpointConfig: config('DeleteEndpointConfig'),

  CreateEndpoint: async (input, ctx) => [
    ...creating({
      operation: 'CreateEndpoint',
      arn: hostedArnOf(ctx.scope, 'endpoint', input.EndpointName),
      tags: input.Tags,
    }),
    config('CreateEndpoint')(input, ctx),
    ...(await volumeGrants(input, ctx)),
  ],
  DescribeEndpoint: endpoint('DescribeEndpoint'),
  ListEndpoints: listing('ListEndpoints'),
  UpdateEndpoint: async (input, ctx) => [
    endpoint('UpdateEndpoint')(input, ctx),
    config('UpdateEndpoint')(input, ctx),
    ...(await volumeGrants(input, ctx)),
  ],
  UpdateEndpointWeightsAndCapacities: endpoint('UpdateEndpointWeightsAndCapacities'),
  DeleteEndpoint: endpoint('DeleteEndpoint'),
};
