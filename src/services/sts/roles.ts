/** Roles as they are named by those who assume them. */
import { nameKey, type RoleRow, roles } from '../../engines/identity/rows.ts';
import { effectiveTrust } from '../../engines/identity/trust.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';

/** The account in a role's ARN. Throws `Fault` for what is no such ARN. */
export function accountOfRole(arn: string): string {
  const parsed = parseArn(arn);
  const named = parsed.ok && parsed.value.service === 'iam' && parsed.value.resource;
  if (!parsed.ok || !named || !/^role\/./.test(named) || !/^\d{12}$/.test(parsed.value.account)) {
    throw faults.validation(`${arn} is invalid`);
  }
  return parsed.value.account;
}

/** Undefined when there is none with exactly this ARN, its path and its case included. */
export async function roleOf({ space }: StsCtx, arn: string): Promise<RoleRow | undefined> {
  const key = nameKey(accountOfRole(arn), arn.slice(arn.lastIndexOf('/') + 1));
  const role = await space.reader.get(roles, key);
  return role?.arn === arn ? role : undefined;
}

export interface TrustQuestion {
  readonly roleArn: string;
  readonly actions: readonly string[];
  readonly keys: Readonly<Record<string, KeyValue>>;
}

/**
 * Checks that the trust policy of a role decides. One that does not exist trusts nobody, so that
 * it is answered like one that does not trust the caller.
 */
export function trustChecks(ctx: StsCtx, asked: TrustQuestion): readonly Check[] {
  const { roleArn, actions, keys } = asked;
  const owner = accountOfRole(roleArn);
  let reading: Promise<RoleRow | undefined> | undefined;
  const role = () => {
    reading ??= roleOf(ctx, roleArn);
    return reading;
  };
  const resourcePolicy = async () => {
    const found = await role();
    return found && effectiveTrust(found);
  };
  const resourceTags = async () => (await role())?.tags ?? {};
  const resource = roleArn;
  return actions.map((action) => ({
    ...{ action, resource, owner, keys, rule: 'trust' as const, resourcePolicy, resourceTags },
  }));
}
