/** Access policies of secrets: checked, kept, told, taken away. Nothing is decided by them here. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { isPublic } from '../../engines/policy/public.ts';
import type { PolicyDocument } from '../../engines/policy/types.ts';
import { given, refusals } from '../../engines/secrets/answer.ts';
import { readSecretPolicy } from '../../engines/secrets/resource-policy.ts';
import { type Ctx, named, secretOf, valueOf } from './context.ts';
import { faults } from './faults.ts';

export async function putResourcePolicy(
  input: sm.PutResourcePolicyRequest,
  ctx: Ctx,
): Promise<sm.PutResourcePolicyResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  const policy = input.ResourcePolicy ?? '';
  const document = checked(policy, secret.arn);
  if (input.BlockPublicPolicy && isPublic(document)) throw faults.publicPolicy();
  return named(valueOf(await ctx.secrets.life.change(secret, (row) => given({ ...row, policy }))));
}

function checked(text: string, arn?: string): PolicyDocument {
  const read = readSecretPolicy(text, arn);
  if (!read.ok) throw faults.malformedPolicy(read.reason);
  return read.value;
}

export async function getResourcePolicy(
  input: sm.GetResourcePolicyRequest,
  ctx: Ctx,
): Promise<sm.GetResourcePolicyResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  if (secret.deleteAtMs !== undefined) valueOf(refusals.deleted());
  const { policy } = secret;
  return { ...named(secret), ...(policy === undefined ? {} : { ResourcePolicy: policy }) };
}

export async function deleteResourcePolicy(
  input: sm.DeleteResourcePolicyRequest,
  ctx: Ctx,
): Promise<sm.DeleteResourcePolicyResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  const changed = await ctx.secrets.life.change(secret, ({ policy: _, ...row }) => given(row));
  return named(valueOf(changed));
}

export async function validateResourcePolicy(
  input: sm.ValidateResourcePolicyRequest,
  ctx: Ctx,
): Promise<sm.ValidateResourcePolicyResponse> {
  const { SecretId: reference } = input;
  const secret = reference === undefined ? undefined : await secretOf(reference, ctx);
  const document = checked(input.ResourcePolicy ?? '', secret?.arn);
  if (!isPublic(document)) return { PolicyValidationPassed: true, ValidationErrors: [] };
  const ErrorMessage = 'The resource policy allows broad access to the secret.';
  const ValidationErrors = [{ CheckName: 'BlockPublicPolicy', ErrorMessage }];
  return { PolicyValidationPassed: false, ValidationErrors };
}
