/** The operations of transform jobs, as a table. */
import type { OperationTable } from '../../wire/operation.ts';
import {
  createTransformJob,
  describeTransformJob,
  listTransformJobs,
  stopTransformJob,
} from './transform-job.ts';
import type { TransformCtx } from './transform-job-context.ts';

export const transformOperations = {
  CreateTransformJob: createTransformJob,
  DescribeTransformJob: describeTransformJob,
  ListTransformJobs: listTransformJobs,
  StopTransformJob: stopTransformJob,
} satisfies OperationTable<TransformCtx>;
