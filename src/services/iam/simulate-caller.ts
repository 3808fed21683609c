/** Who a simulation takes the caller to be, and what conditions are told of them. */
import type { EntityKind, RoleRow, UserRow } from '../../engines/identity/rows.ts';
import type { PrincipalFacts } from '../../engines/policy/types.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { KeyValue } from '../../kernel/check.ts';
import { secondMs } from '../../kernel/clock.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { nameIn } from './names.ts';
import { findHolder } from './policy-holder.ts';

export interface SimulatedCaller {
  readonly facts: PrincipalFacts;
  /** Lower-case names. */
  readonly keys: Readonly<Record<string, KeyValue>>;
}

/** A caller of whom nothing is known but the account. */
export function unnamedCaller(ctx: IamCtx): SimulatedCaller {
  const { account } = ctx.scope;
  return { facts: { kind: 'user', account, arn: '' }, keys: timeKeys(ctx) };
}

/** Throws InvalidInput unless it is the ARN of a user or a role. It need not exist. */
export async function namedCaller(arn: string, ctx: IamCtx): Promise<SimulatedCaller> {
  const parsed = parseArn(arn);
  const [kind, name] = parsed.ok ? [kindIn(parsed.value.resource), nameIn(arn)] : [];
  if (!parsed.ok || parsed.value.service !== 'iam' || !kind || kind === 'group' || !name) {
    throw faults.invalidInput(`CallerArn: ${arn} is not the ARN of a user or a role.`);
  }
  const { account } = parsed.value;
  const found = await findHolder(ctx.identity.reader, kind, { account, name });
  // Only these two have tags, and the kind says that it is one of them.
  const row = found?.arn === arn ? (found as UserRow | RoleRow) : undefined;
  return callerOf({ kind, name, arn, account, row }, ctx);
}

/** `user`, `group` or `role` of `user/path/name`. */
export function kindIn(resource: string): EntityKind | undefined {
  const kind = resource.slice(0, resource.indexOf('/'));
  return kind === 'user' || kind === 'group' || kind === 'role' ? kind : undefined;
}

interface Named {
  readonly kind: 'user' | 'role';
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly row: UserRow | RoleRow | undefined;
}

function callerOf({ kind, name, arn, account, row }: Named, ctx: IamCtx): SimulatedCaller {
  const unique = row ? { uniqueId: row.id } : {};
  const facts: PrincipalFacts =
    kind === 'user'
      ? { kind, account, arn, ...unique }
      : { kind, account, arn: '', issuerArn: arn, ...unique };
  const tags = Object.entries(row?.tags ?? {});
  const keys: Record<string, KeyValue> = {
    ...timeKeys(ctx),
    'aws:principalarn': arn,
    'aws:principalaccount': account,
    'aws:principaltype': kind === 'user' ? 'User' : 'AssumedRole',
    ...Object.fromEntries(tags.map(([key, value]) => [`aws:principaltag/${key}`, value])),
    ...(kind === 'user' ? { 'aws:username': name } : {}),
    ...(row && kind === 'user' ? { 'aws:userid': row.id } : {}),
  };
  return { facts, keys };
}

function timeKeys({ clock }: IamCtx): Readonly<Record<string, KeyValue>> {
  const nowMs = clock.nowMs();
  return {
    'aws:currenttime': nowMs,
    'aws:epochtime': String(Math.floor(nowMs / secondMs)),
  };
}
