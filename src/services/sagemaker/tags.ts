/** Tags of every resource of the service, by ARN. */
import type {
  AddTagsInput,
  AddTagsOutput,
  DeleteTagsInput,
  ListTagsInput,
  ListTagsOutput,
  Tag,
} from '@aws-sdk/client-sagemaker';
import { type HostedName, hostedKey, parseHostedArn } from '../../engines/hosting/names.ts';
import { endpointConfigs, endpoints, models } from '../../engines/hosting/rows.ts';
import { putTags, removeTags, type TagRow, tagsOf } from '../../engines/hosting/tags.ts';
import { jobDefinitions, schedules } from '../../engines/monitoring/rows.ts';
import { processingJobs } from '../../engines/processing/rows.ts';
import { transformJobs } from '../../engines/transform/rows.ts';
import type { Collection, Reader, Transaction } from '../../ports/metadata-store.ts';
import { resourceArn } from './checks.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';

/** Whether the resource is there. */
export type Taggable = (reader: Reader, name: HostedName) => Promise<boolean>;

const rowOf =
  <Row>(collection: Collection<Row>): Taggable =>
  async (reader, { scope, name }) =>
    (await reader.get(collection, hostedKey(scope, name))) !== undefined;

/** The kind in the ARN to how it is looked up; a new kind of resource adds its line. */
const taggables: Readonly<Record<string, Taggable>> = {
  model: rowOf(models),
  'endpoint-config': rowOf(endpointConfigs),
  endpoint: rowOf(endpoints),
  'monitoring-schedule': rowOf(schedules),
  'data-quality-job-definition': rowOf(jobDefinitions.DataQuality),
  'model-quality-job-definition': rowOf(jobDefinitions.ModelQuality),
  'model-bias-job-definition': rowOf(jobDefinitions.ModelBias),
  'model-explainability-job-definition': rowOf(jobDefinitions.ModelExplainability),
  'processing-job': rowOf(processingJobs),
  'transform-job': rowOf(transformJobs),
};

const largestPage = 50;

export async function addTags(input: AddTagsInput, ctx: Ctx): Promise<AddTagsOutput> {
  const tags = await ctx.store.write(async (tx) => {
    const arn = await taggable(tx, input.ResourceArn, ctx);
    return writeTags(tx, arn, input.Tags);
  });
  return { Tags: tags.map(toClient) };
}

export async function deleteTags(input: DeleteTagsInput, ctx: Ctx): Promise<void> {
  await ctx.store.write(async (tx) => {
    const arn = await taggable(tx, input.ResourceArn, ctx);
    await removeTags(tx, arn, input.TagKeys ?? []);
  });
}

export async function listTags(input: ListTagsInput, ctx: Ctx): Promise<ListTagsOutput> {
  const arn = await taggable(ctx.store, input.ResourceArn, ctx);
  const tags = await tagsOf(ctx.store, arn);
  const start = input.NextToken === undefined ? 0 : Number(input.NextToken);
  if (!Number.isInteger(start) || start < 0) throw faults.invalid('Invalid NextToken.');
  const end = start + (input.MaxResults ?? largestPage);
  const more = end < tags.length ? { NextToken: String(end) } : {};
  return { Tags: tags.slice(start, end).map(toClient), ...more };
}

/** For Create operations, in their own transaction. */
export async function writeTags(
  tx: Transaction,
  arn: string,
  tags: readonly Tag[] | undefined,
): Promise<TagRow['tags']> {
  const added = (tags ?? []).map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));
  const repeated = added.find(({ key }, at) => added.findIndex((t) => t.key === key) !== at);
  if (repeated) throw faults.badMember('tags', `the key ${repeated.key} is given more than once`);
  const written = await putTags(tx, arn, added);
  if (!written.ok) throw faults.badMember('tags', written.reason);
  return written.value;
}

/** The resource's own ARN, under which its tags are kept: clients may spell names otherwise. */
async function taggable(
  reader: Reader,
  given: string | undefined,
  { scope }: Ctx,
): Promise<string> {
  const arn = given ?? '';
  const parsed = parseHostedArn(arn);
  if (!parsed.ok) throw faults.badMember('resourceArn', parsed.reason);
  const { kind, name, scope: at } = parsed.value;
  const exists = Object.hasOwn(taggables, kind) ? taggables[kind] : undefined;
  if (!exists) throw faults.notImplemented(`Tags of a resource of type ${kind}`);
  const ours = at.account === scope.account && at.region === scope.region;
  if (!ours || !(await exists(reader, parsed.value))) throw faults.notFound(kind, arn);
  return resourceArn(at, kind, name);
}

const toClient = ({ key, value }: TagRow['tags'][number]): Tag => ({ Key: key, Value: value });
