/** What the operations on transform jobs need permission for. Their role is the model's. */
import type { Permissions } from '../../wire/operation.ts';
import { actingOn, creating, hostedArnOf, listing, resourceArn } from './checks.ts';
import { modelArnKey, transformKeys } from './condition-keys.ts';
import type { TransformCtx } from './transform-job-context.ts';
import type { transformOperations } from './transform-operations.ts';

const job =
  (operation: string) =>
  ({ TransformJobName: name }: { TransformJobName?: string | undefined }, ctx: TransformCtx) =>
    actingOn(operation, resourceArn(ctx.scope, 'transform-job', name), ctx);

export const transformPermissions: Permissions<typeof transformOperations, TransformCtx> = {
  CreateTransformJob: (input, { scope }) =>
    creating({
      operation: 'CreateTransformJob',
      arn: resourceArn(scope, 'transform-job', input.TransformJobName),
      tags: input.Tags,
      keys: {
        ...transformKeys(input),
        ...modelArnKey(hostedArnOf(scope, 'model', input.ModelName)),
      },
    }),
  DescribeTransformJob: job('DescribeTransformJob'),
  ListTransformJobs: listing('ListTransformJobs'),
  StopTransformJob: job('StopTransformJob'),
};
