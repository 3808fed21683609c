/** What is told about a secret without its value. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import type { SecretRow, VersionRow } from '../../engines/secrets/rows.ts';
import { type Ctx, dateOf, named, secretOf } from './context.ts';

export async function describeSecret(
  input: sm.DescribeSecretRequest,
  ctx: Ctx,
): Promise<sm.DescribeSecretResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  const stages = stagesOf(await ctx.secrets.versions.list(secret));
  return { ...description(secret), ...(stages ? { VersionIdsToStages: stages } : {}) };
}

/** Of labelled versions; undefined when there is none. */
export function stagesOf(versions: readonly VersionRow[]): Record<string, string[]> | undefined {
  const labelled = versions.filter(({ labels }) => labels.length > 0);
  if (labelled.length === 0) return undefined;
  return Object.fromEntries(labelled.map(({ id, labels }) => [id, [...labels]] as const));
}

export function description(secret: SecretRow) {
  const { description: text, keyId, accessedDayMs, deleteAtMs, tags } = secret;
  return {
    ...named(secret),
    CreatedDate: dateOf(secret.createdAtMs),
    LastChangedDate: dateOf(secret.changedAtMs),
    Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })),
    ...(text === undefined ? {} : { Description: text }),
    ...(keyId === undefined ? {} : { KmsKeyId: keyId }),
    ...(accessedDayMs === undefined ? {} : { LastAccessedDate: dateOf(accessedDayMs) }),
    ...(deleteAtMs === undefined ? {} : { DeletedDate: dateOf(deleteAtMs) }),
    ...rotationOf(secret),
  };
}

/** Nothing for secrets that never had a rotation; no dates while it is turned off. */
function rotationOf({ rotation }: SecretRow) {
  if (!rotation) return {};
  const { enabled, functionArn, rules, rotatedAtMs, next } = rotation;
  const told = {
    ...(rotatedAtMs === undefined ? {} : { LastRotatedDate: dateOf(rotatedAtMs) }),
    ...(next === undefined ? {} : { NextRotationDate: dateOf(next.endMs) }),
  };
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: functionArn,
    ...(rules === undefined ? {} : { RotationRules: rulesOut(rules) }),
    ...(enabled ? told : {}),
  };
}

type Rules = NonNullable<NonNullable<SecretRow['rotation']>['rules']>;

function rulesOut({ afterDays, duration, expression }: Rules): sm.RotationRulesType {
  return {
    ...(afterDays === undefined ? {} : { AutomaticallyAfterDays: afterDays }),
    ...(duration === undefined ? {} : { Duration: duration }),
    ...(expression === undefined ? {} : { ScheduleExpression: expression }),
  };
}
