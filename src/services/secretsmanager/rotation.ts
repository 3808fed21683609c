/** Rotation turned on, asked for, and turned off. The function is called by the rotation loop. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { functionNameIn } from '../../engines/secrets/functions.ts';
import type { RotationRules } from '../../engines/secrets/schedule.ts';
import { type Ctx, named, secretOf, tokenOf, valueOf } from './context.ts';
import { faults } from './faults.ts';

export async function rotateSecret(
  input: sm.RotateSecretRequest,
  ctx: Ctx,
): Promise<sm.RotateSecretResponse> {
  const { RotationLambdaARN, RotationRules: rules, RotateImmediately: immediately = true } = input;
  const { ExternalSecretRotationMetadata: metadata = [], ExternalSecretRotationRoleArn } = input;
  if (metadata.length > 0 || ExternalSecretRotationRoleArn !== undefined) {
    throw faults.invalidParameter('External secrets of partners are not managed by this server.');
  }
  const functionArn = RotationLambdaARN || undefined;
  if (functionArn !== undefined) checkFunction(functionArn, ctx);
  const secret = await secretOf(input.SecretId, ctx);
  const kept = secret.rotation?.functionArn;
  if (functionArn === undefined && kept !== undefined) checkFunction(kept, ctx);
  const accepted = await ctx.secrets.rotations.request(secret, {
    ...{ token: tokenOf(input.ClientRequestToken, ctx), immediately },
    ...(functionArn === undefined ? {} : { functionArn }),
    ...(rules === undefined ? {} : { rules: rulesIn(rules) }),
  });
  const { secret: row, version } = valueOf(accepted);
  return { ...named(row), VersionId: version };
}

/** Throws InvalidParameter, or AccessDenied as for a function that cannot be called. */
function checkFunction(functionArn: string, { scope, functions }: Ctx): void {
  const name = functionNameIn(functionArn, scope);
  if (!name.ok) throw faults.invalidParameter(name.reason);
  if (!functions.has(name.value)) throw faults.uninvokable(name.value);
}

function rulesIn(rules: sm.RotationRulesType): RotationRules {
  const { AutomaticallyAfterDays: afterDays, Duration, ScheduleExpression } = rules;
  return {
    ...(afterDays === undefined ? {} : { afterDays: Number(afterDays) }),
    ...(Duration === undefined ? {} : { duration: Duration }),
    ...(ScheduleExpression === undefined ? {} : { expression: ScheduleExpression }),
  };
}

export async function cancelRotateSecret(
  input: sm.CancelRotateSecretRequest,
  ctx: Ctx,
): Promise<sm.CancelRotateSecretResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  const { version } = valueOf(await ctx.secrets.rotations.cancel(secret));
  return { ...named(secret), ...(version === undefined ? {} : { VersionId: version }) };
}
