/** SageMaker, as tables: what the wire may call, and who answers. */
import type { OperationTable } from '../../wire/operation.ts';
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
import { createModel, deleteModel, describeModel, listModels } from './model.ts';
import { addTags, deleteTags, listTags } from './tags.ts';

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
};

export const tagOperations = {
  AddTags: addTags,
  DeleteTags: deleteTags,
  ListTags: listTags,
};

export const sagemaker: OperationTable<Ctx> = {
  ...hostingOperations,
  ...tagOperations,
};
