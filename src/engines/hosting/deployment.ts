/** Makes what runs out of what was configured, and carries properties over from what ran before. */
import { uuid } from '../../kernel/ids.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { executionRoleOf } from './execution-role.ts';
import { hostedArn, hostedKey } from './names.ts';
import {
  type Deployment,
  type EndpointConfig,
  models,
  type Variant,
  type VariantPlan,
} from './rows.ts';

export interface PlanParts {
  readonly reader: Reader;
  readonly random: Random;
  readonly nowMs: number;
}

/** Refused with the ARN of a model that is gone. */
export async function planDeployment(
  config: EndpointConfig,
  parts: PlanParts,
): Promise<Outcome<Deployment>> {
  const variants: Variant[] = [];
  const shadows: Variant[] = [];
  for (const [plans, into] of [
    [config.variants, variants],
    [config.shadows, shadows],
  ] as const) {
    for (const plan of plans) {
      const variant = await resolve(plan, config, parts);
      if (!variant.ok) return variant;
      into.push(variant.value);
    }
  }
  const { name: configName, capture, volumeKeyId } = config;
  const startedAtMs = parts.nowMs;
  return ok({
    ...{ configName, variants, shadows, startedAtMs },
    ...(capture ? { capture } : {}),
    ...(volumeKeyId === undefined ? {} : { volumeKeyId }),
  });
}

async function resolve(
  plan: VariantPlan,
  { scope }: EndpointConfig,
  { reader, random }: PlanParts,
): Promise<Outcome<Variant>> {
  const model = await reader.get(models, hostedKey(scope, plan.modelName));
  if (!model) return refuse(hostedArn(scope, 'model', plan.modelName));
  const { image, environment, archiveUri } = model;
  const archive = archiveUri === undefined ? {} : { archiveUri };
  const roleArn = executionRoleOf(model);
  const role = roleArn === undefined ? {} : { roleArn };
  return ok({ ...plan, instanceId: uuid(random), image, environment, ...archive, ...role });
}

export type VariantProperty = 'DesiredInstanceCount' | 'DesiredWeight' | 'DataCaptureConfig';

/** `next` with the properties of the variants of the same name that ran before, save `excluded`. */
export function retaining(
  next: Deployment,
  before: Deployment,
  excluded: readonly VariantProperty[],
): Deployment {
  const keeps = (property: VariantProperty) => !excluded.includes(property);
  const variants = next.variants.map((variant) => {
    const old = before.variants.find(({ name }) => name === variant.name);
    if (!old) return variant;
    return {
      ...variant,
      ...(keeps('DesiredWeight') ? { weight: old.weight } : {}),
      ...(keeps('DesiredInstanceCount') ? { instanceCount: old.instanceCount } : {}),
    };
  });
  if (!keeps('DataCaptureConfig')) return { ...next, variants };
  const { capture: _, ...rest } = next;
  return { ...rest, variants, ...(before.capture ? { capture: before.capture } : {}) };
}
