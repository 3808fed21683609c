/** Models: an image, its environment and an archive, by name. A model runs nothing by itself. */
import type {
  ContainerDefinition,
  CreateModelInput,
  CreateModelOutput,
  DeleteModelInput,
  DescribeModelInput,
  DescribeModelOutput,
  ListModelsInput,
  ListModelsOutput,
} from '@aws-sdk/client-sagemaker';
import { hostedArn, hostedKey, isHostingName } from '../../engines/hosting/names.ts';
import { type Model, models } from '../../engines/hosting/rows.ts';
import { dropTags } from '../../engines/hosting/tags.ts';
import { parseObjectUri } from '../../engines/objects/space.ts';
import { assertAssumable } from './assumable.ts';
import type { Ctx } from './context.ts';
import { checkedEnvironment } from './environment.ts';
import { faults } from './faults.ts';
import { listPage } from './listing.ts';
import { writeTags } from './tags.ts';

export async function createModel(input: CreateModelInput, ctx: Ctx): Promise<CreateModelOutput> {
  const name = checkedName(input.ModelName, 'modelName');
  const container = onlyContainer(input);
  const arn = hostedArn(ctx.scope, 'model', name);
  const member = input.PrimaryContainer ? 'primaryContainer' : 'containers.1.member';
  const archiveUri = archiveOf(container);
  await assertAssumable(input.ExecutionRoleArn, arn, ctx);
  const { Tags, ...request } = input;
  const model: Model = {
    name,
    arn,
    scope: ctx.scope,
    image: container.Image ?? '',
    environment: checkedEnvironment(`${member}.environment`, container.Environment),
    ...(archiveUri === undefined ? {} : { archiveUri }),
    request: JSON.parse(JSON.stringify(request)),
    createdAtMs: ctx.clock.nowMs(),
  };
  await ctx.store.write(async (tx) => {
    const added = await tx.insert(models, hostedKey(ctx.scope, name), model);
    if (!added) throw faults.alreadyExists('model', arn);
    await writeTags(tx, arn, Tags);
  });
  return { ModelArn: arn };
}

export async function describeModel(
  input: DescribeModelInput,
  ctx: Ctx,
): Promise<DescribeModelOutput> {
  const name = input.ModelName ?? '';
  const model = await ctx.store.get(models, hostedKey(ctx.scope, name));
  if (!model) throw faults.notFound('model', hostedArn(ctx.scope, 'model', name));
  return {
    EnableNetworkIsolation: false,
    ...model.request,
    ModelName: model.name,
    ModelArn: model.arn,
    CreationTime: new Date(model.createdAtMs),
  };
}

export async function listModels(input: ListModelsInput, ctx: Ctx): Promise<ListModelsOutput> {
  const { rows, nextToken } = await listPage(ctx.store, models, { scope: ctx.scope, query: input });
  const summaries = rows.map((row) => ({
    ModelName: row.name,
    ModelArn: row.arn,
    CreationTime: new Date(row.createdAtMs),
  }));
  return { Models: summaries, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
}

/** Endpoints that run the model keep running it. */
export async function deleteModel(input: DeleteModelInput, ctx: Ctx): Promise<void> {
  const name = input.ModelName ?? '';
  const arn = hostedArn(ctx.scope, 'model', name);
  await ctx.store.write(async (tx) => {
    if (!(await tx.delete(models, hostedKey(ctx.scope, name)))) throw faults.notFound('model', arn);
    await dropTags(tx, arn);
  });
}

export function checkedName(name: string | undefined, member: string): string {
  if (name !== undefined && isHostingName(name)) return name;
  throw faults.badMember(
    member,
    'Member must satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])? ' +
      'and have length less than or equal to 63',
  );
}

/** Serial and direct pipelines of several containers are not run here. */
function onlyContainer(input: CreateModelInput): ContainerDefinition {
  const { PrimaryContainer, Containers } = input;
  if (PrimaryContainer && Containers) {
    throw faults.invalid('You can provide either PrimaryContainer or Containers, not both.');
  }
  if (Containers && Containers.length > 1) {
    throw faults.notImplemented('A model of several Containers (an inference pipeline)');
  }
  const container = PrimaryContainer ?? Containers?.[0];
  if (!container) throw faults.invalid('You must provide PrimaryContainer or Containers.');
  if (input.VpcConfig) throw faults.notImplemented('VpcConfig');
  if (input.EnableNetworkIsolation) throw faults.notImplemented('EnableNetworkIsolation');
  assertRunnable(container);
  return container;
}

const unbuilt = [
  'ModelPackageName',
  'InferenceSpecificationName',
  'MultiModelConfig',
  'ContainerMetricsConfig',
] as const;

function assertRunnable(container: ContainerDefinition): void {
  const found = unbuilt.find((name) => container[name] !== undefined);
  if (found) throw faults.notImplemented(found);
  if (container.Mode === 'MultiModel') throw faults.notImplemented('Mode MultiModel');
  if (container.AdditionalModelDataSources?.length) {
    throw faults.notImplemented('AdditionalModelDataSources');
  }
  if (container.ImageConfig?.RepositoryAuthConfig) {
    throw faults.notImplemented('ImageConfig.RepositoryAuthConfig');
  }
  if (!container.Image) throw faults.badMember('primaryContainer.image', 'Member must not be null');
}

function archiveOf(container: ContainerDefinition): string | undefined {
  const source = container.ModelDataSource?.S3DataSource;
  if (source && container.ModelDataUrl) {
    throw faults.invalid('You can provide either ModelDataUrl or ModelDataSource, not both.');
  }
  if (source && !(source.S3DataType === 'S3Object' && source.CompressionType === 'Gzip')) {
    throw faults.notImplemented(
      `S3DataSource with S3DataType ${source.S3DataType} and CompressionType ` +
        `${source.CompressionType} (S3Object with Gzip is supported, so it)`,
    );
  }
  const uri = source?.S3Uri ?? container.ModelDataUrl;
  if (uri === undefined || uri === '') return undefined;
  const at = parseObjectUri(uri);
  if (!at.ok || at.value.key === '') {
    throw faults.badMember(
      source
        ? 'primaryContainer.modelDataSource.s3DataSource.s3Uri'
        : 'primaryContainer.modelDataUrl',
      `must be s3://bucket/key, and is ${uri.slice(0, 200)}`,
    );
  }
  return uri;
}
