/** Refusals in Amazon's words, and what their decoded details say. Nothing secret is in either. */
import type { Caller } from '../../kernel/caller.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Decision, Matched, PolicyKind } from '../policy/types.ts';
import type { AccessRefusal } from './access.ts';
import { type KeyLookup, toldKeys } from './keys.ts';

export interface Refused {
  readonly caller: Caller;
  readonly check: Check;
  readonly decision: Decision;
  readonly key: KeyLookup;
}

/** Sealed and encoded they travel in a response header, which has room for a few thousand. */
const longestDetails = 3_000;
const longestValue = 200;
const mostConditions = 40;
const mostStatements = 5;

export function refusalOf(refused: Refused): AccessRefusal {
  const { effect, because } = refused.decision;
  return {
    effect: effect === 'explicitDeny' ? 'explicitDeny' : 'implicitDeny',
    message: messageOf(refused, reasonOf(refused.check, { effect, because })),
    details: detailsOf(refused),
  };
}

/** Of a caller about whom nothing can be decided. */
export function closedTo(caller: Caller, check: Check): AccessRefusal {
  const decision: Decision = { effect: 'implicitDeny', matched: [] };
  const refused = { caller, check, decision, key: () => undefined };
  const message = messageOf(refused, ' because a policy cannot be evaluated');
  return { effect: 'implicitDeny', message, details: detailsOf(refused) };
}

function messageOf({ caller, check }: Refused, reason: string): string {
  const { action, resource } = check;
  const who = caller.arn || caller.service || 'anonymous';
  // The object service alone writes the resource in quotes.
  const what = action.startsWith('s3:') ? `"${resource}"` : resource;
  return `User: ${who} is not authorized to perform: ${action} on resource: ${what}${reason}`;
}

/** Who may take over a role is not told to those who may not. */
function reasonOf(
  { action, rule }: Check,
  { effect, because }: { effect: Decision['effect']; because: PolicyKind | undefined },
): string {
  if (because === undefined || rule === 'trust') return '';
  if (effect !== 'explicitDeny') return ` because no ${because} allows the ${action} action`;
  const article = because.startsWith('identity') ? 'an' : 'a';
  return ` with an explicit deny in ${article} ${because}`;
}

function detailsOf(refused: Refused): string {
  const whole = JSON.stringify(decoded(refused, true));
  return whole.length <= longestDetails ? whole : JSON.stringify(decoded(refused, false));
}

/** The shape of the original's decoded message. `full` has statements and conditions as well. */
function decoded({ caller, check, decision, key }: Refused, full: boolean): object {
  const { action, resource } = check;
  const matched = full ? decision.matched.slice(0, mostStatements).map(statementOf) : [];
  return {
    allowed: false,
    explicitDeny: decision.effect === 'explicitDeny',
    matchedStatements: { items: matched },
    failures: { items: [] },
    context: {
      principal: { id: cut(caller.userId), arn: cut(caller.arn || (caller.service ?? '')) },
      action: cut(action),
      resource: cut(resource),
      conditions: { items: full ? conditionsOf(check, key) : [] },
    },
  };
}

function statementOf({ policy, statement }: Matched): object {
  const { sid = '', effect, actions, notActions, resources, notResources } = statement;
  return {
    statementId: sid,
    effect: effect.toUpperCase(),
    policy: policy.id,
    ...(actions ? { actions: items(actions) } : {}),
    ...(notActions ? { notActions: items(notActions) } : {}),
    ...(resources ? { resources: items(resources) } : {}),
    ...(notResources ? { notResources: items(notResources) } : {}),
    conditions: {
      items: statement.conditions.map((condition) => ({
        operator: condition.operator,
        key: condition.key,
        values: items(condition.values),
      })),
    },
  };
}

function conditionsOf(check: Check, key: KeyLookup): readonly object[] {
  const names = [...Object.keys(check.keys ?? {}), ...toldKeys].slice(0, mostConditions);
  return names.flatMap((name) => {
    const value = key(name);
    return value === undefined ? [] : [{ key: name, values: items(textsOf(value)) }];
  });
}

function textsOf(value: KeyValue): readonly string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('base64')];
  return typeof value === 'object' ? value : [String(value)];
}

function items(values: readonly string[]): object {
  return { items: values.slice(0, mostConditions).map((value) => ({ value: cut(value) })) };
}

function cut(text: string): string {
  return text.slice(0, longestValue);
}
