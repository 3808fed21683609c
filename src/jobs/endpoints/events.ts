/** The event that tells of an endpoint's new status, in the shape of EventBridge's. */
import type { NewEvent } from '../../engines/events/bus.ts';
import type { Endpoint, Variant } from '../../engines/hosting/rows.ts';
import type { Tag } from '../../engines/hosting/tags.ts';

export function stateChange(row: Endpoint, tags: readonly Tag[]): NewEvent {
  const current = row.pending ?? row.active;
  return {
    source: 'aws.sagemaker',
    detailType: 'SageMaker Endpoint State Change',
    resources: [row.arn],
    scope: row.scope,
    detail: {
      EndpointName: row.name,
      EndpointArn: row.arn,
      EndpointConfigName: current?.configName ?? row.configName,
      ProductionVariants: (current?.variants ?? []).map(variantDetail),
      EndpointStatus: upperSnake(row.status),
      ...(row.failureReason === undefined ? {} : { FailureReason: row.failureReason }),
      CreationTime: row.createdAtMs,
      LastModifiedTime: row.modifiedAtMs,
      Tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
    },
  };
}

function variantDetail({ name, weight, instanceCount }: Variant) {
  return { VariantName: name, DesiredWeight: weight, DesiredInstanceCount: instanceCount };
}

/** `InService` as `IN_SERVICE`. */
function upperSnake(status: string): string {
  return status.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
