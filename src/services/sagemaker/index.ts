/** SageMaker, as tables: what the wire may call, and who answers. `permissions.ts` is beside it. */
import type { OperationTable } from '../../wire/operation.ts';
import { withOwnTokens } from '../../wire/page-tokens.ts';
import type { Ctx } from './context.ts';
import {
  createEndpoint,
  deleteEndpoint,
  describeEndpoint,
  listEndpoints,
  updateEndpoint,
  updateEndpointWeightsAndCapacities,
} from './endpoint.ts';
import {
  createEndpointConfig,
  deleteEndpointConfig,
  describeEndpointConfig,
  listEndpointConfigs,
} from './endpoint-config.ts';
import { faults } from './faults.ts';
import { createModel, deleteModel, describeModel, listModels } from './model.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { monitoringOperations } from './monitoring-operations.ts';
import { addTags, deleteTags, listTags } from './tags.ts';
import type { TransformCtx } from './transform-job-context.ts';
import { transformOperations } from './transform-operations.ts';

export const hostingOperations = {
  CreateModel: createModel,
  DescribeModel: describeModel,
  ListModels: listModels,
  DeleteModel: deleteModel,
  CreateEndpointConfig: createEndpointConfig,
  DescribeEndpointConfig: describeEndpointConfig,
  ListEndpointConfigs: listEndpointConfigs,
  DeleteEndpointConfig: deleteEndpointConfig,
  CreateEndpoint: createEndpoint,
  DescribeEndpoint: describeEndpoint,
  ListEndpoints: listEndpoints,
  UpdateEndpoint: updateEndpoint,
  UpdateEndpointWeightsAndCapacities: updateEndpointWeightsAndCapacities,
  DeleteEndpoint: deleteEndpoint,
} satisfies OperationTable<Ctx>;

export const tagOperations = {
  AddTags: addTags,
  DeleteTags: deleteTags,
  ListTags: listTags,
} satisfies OperationTable<Ctx>;

/** What all of them together are given. */
export type SagemakerCtx = Ctx & MonitoringCtx & TransformCtx;

const operations = {
  ...hostingOperations,
  ...tagOperations,
  ...monitoringOperations,
  ...transformOperations,
} satisfies OperationTable<SagemakerCtx>;

export const sagemaker = withOwnTokens(operations, {
  taken: 'NextToken',
  given: 'NextToken',
  refusal: () => faults.invalid('Invalid NextToken: it was not given out by this operation.'),
});
