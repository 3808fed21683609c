/** An endpoint as DescribeEndpoint tells of it. */
import type {
  DescribeEndpointOutput,
  PendingDeploymentSummary,
  PendingProductionVariantSummary,
  ProductionVariantSummary,
} from '@aws-sdk/client-sagemaker';
import type { Deployment, Endpoint, Variant } from '../../engines/hosting/rows.ts';
import { captureSummary } from './capture-config.ts';

export function endpointDescription(row: Endpoint): DescribeEndpointOutput {
  const { active, pending } = row;
  const shown = active ?? pending;
  const capture = active?.capture ?? (active ? undefined : pending?.capture);
  const summaries = (variants: readonly Variant[], desired: readonly Variant[] | undefined) =>
    variants.map((variant) => summary(row, variant, desired));
  return {
    EndpointName: row.name,
    EndpointArn: row.arn,
    EndpointConfigName: row.configName,
    EndpointStatus: row.status,
    CreationTime: new Date(row.createdAtMs),
    LastModifiedTime: new Date(row.modifiedAtMs),
    ...(shown ? { ProductionVariants: summaries(shown.variants, pending?.variants) } : {}),
    ...(shown && shown.shadows.length > 0
      ? { ShadowProductionVariants: summaries(shown.shadows, pending?.shadows) }
      : {}),
    ...(capture ? { DataCaptureConfig: captureSummary(capture) } : {}),
    ...(active?.policy ? { LastDeploymentConfig: active.policy } : {}),
    ...(row.failureReason === undefined ? {} : { FailureReason: row.failureReason }),
    ...(active && pending ? { PendingDeploymentSummary: pendingSummary(pending) } : {}),
  };
}

/** While a creation runs nothing is current; while an update runs, what is desired is pending. */
function summary(
  { active, status }: Endpoint,
  variant: Variant,
  desired: readonly Variant[] | undefined,
): ProductionVariantSummary {
  const wanted = desired?.find(({ name }) => name === variant.name) ?? variant;
  const runs = active !== undefined;
  return {
    VariantName: variant.name,
    DeployedImages: [{ SpecifiedImage: variant.image, ResolvedImage: variant.image }],
    CurrentWeight: runs ? variant.weight : 0,
    DesiredWeight: wanted.weight,
    CurrentInstanceCount: runs ? variant.instanceCount : 0,
    DesiredInstanceCount: wanted.instanceCount,
    ...(status === 'Creating' ? { VariantStatus: [{ Status: 'Creating' as const }] } : {}),
  };
}

function pendingSummary(pending: Deployment): PendingDeploymentSummary {
  return {
    EndpointConfigName: pending.configName,
    StartTime: new Date(pending.startedAtMs),
    ProductionVariants: pending.variants.map(pendingVariant),
    ...(pending.shadows.length > 0
      ? { ShadowProductionVariants: pending.shadows.map(pendingVariant) }
      : {}),
  };
}

function pendingVariant(variant: Variant): PendingProductionVariantSummary {
  return {
    VariantName: variant.name,
    DeployedImages: [{ SpecifiedImage: variant.image, ResolvedImage: variant.image }],
    DesiredWeight: variant.weight,
    DesiredInstanceCount: variant.instanceCount,
    VariantStatus: [{ Status: 'Creating' }],
  };
}
