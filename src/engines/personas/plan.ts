/**
 * Plans a role from activities: its trust policy and one inline policy an activity. A plan that
 * does not do what its activities promise, or does more, is refused. Nothing is written here.
 */
import type { Scope } from '../../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { policyQuotas, sizeOf } from '../policy/limits.ts';
import { activities, personas } from './activities.ts';
import { factsOf, noParameters } from './parameters.ts';
import { failuresOf, proofOf } from './proof.ts';
import { documentOf, indented, policyVersion } from './render.ts';
import type { Activity, Facts, RoleParameters, RolePlan } from './types.ts';

export interface RoleRequest {
  /** An id of `personas`; its activities come first. */
  readonly persona?: string;
  /** Ids of `activities`. */
  readonly activities?: readonly string[];
  /** The role's name after `SageMaker-`. */
  readonly name: string;
  readonly parameters?: Partial<RoleParameters>;
  /** Account, partition, and the region of keys and repositories that are named without one. */
  readonly scope: Scope;
}

export const rolePrefix = 'SageMaker-';
const suffix = /^[\w+=,.@-]{1,54}$/;

/** Refused with what is wrong, by the parameter's name. */
export function makeRole(request: RoleRequest): Outcome<RolePlan> {
  if (!suffix.test(request.name)) {
    return refuse('name must have 1 to 54 letters, digits and _ + = , . @ -');
  }
  const chosen = chosenActivities(request);
  if (!chosen.ok) return chosen;
  const parameters = { ...noParameters, ...request.parameters };
  const mismatch = mismatchOf(chosen.value, parameters);
  if (mismatch) return refuse(mismatch);
  const facts = factsOf(parameters, request.scope);
  if (!facts.ok) return facts;
  const plan = planOf(request, chosen.value, facts.value);
  const tooLong = excessOf(plan);
  if (tooLong) return refuse(tooLong);
  const proof = proofOf(plan);
  if (!proof.ok) return proof;
  const failures = failuresOf(proof.value);
  const [first] = failures;
  if (first) {
    return refuse(`the role would not be safe: ${first} (${failures.length} in all)`);
  }
  return ok(plan);
}

function chosenActivities(request: RoleRequest): Outcome<readonly Activity[]> {
  const { persona: id, activities: more = [] } = request;
  const persona = personas.find((one) => one.id === id);
  if (id !== undefined && !persona) {
    return refuse(`there is no persona ${id}; known are ${idsOf(personas)}`);
  }
  const ids = [...(persona?.activities ?? []), ...more];
  if (ids.length === 0) return refuse('a role needs a persona or an activity');
  const chosen: Activity[] = [];
  for (const wanted of ids) {
    const activity = activities.find((one) => one.id === wanted);
    if (!activity) return refuse(`there is no activity ${wanted}; known are ${idsOf(activities)}`);
    if (chosen.includes(activity)) return refuse(`the activity ${wanted} is named twice`);
    chosen.push(activity);
  }
  return ok(chosen);
}

const idsOf = (all: readonly { readonly id: string }[]) => all.map(({ id }) => id).join(', ');

/** A parameter that is missing, or one that would do nothing and so is not what was meant. */
function mismatchOf(chosen: readonly Activity[], given: RoleParameters): string | undefined {
  for (const { id, needs } of chosen) {
    const missing = needs.find((name) => given[name].length === 0);
    if (missing) return `the activity ${id} needs ${missing}`;
  }
  const used = new Set<string>(chosen.flatMap(({ needs, options }) => [...needs, ...options]));
  const idle = Object.entries(given).find(
    ([name, values]) => values.length > 0 && name !== 'principals' && !used.has(name),
  );
  return idle && `${idle[0]} is given, and none of the activities uses it`;
}

function planOf({ name }: RoleRequest, chosen: readonly Activity[], facts: Facts): RolePlan {
  const policies = chosen.flatMap(({ id, statements }) => {
    const document = documentOf(statements, facts);
    return document === undefined ? [] : [[id, document] as const];
  });
  return {
    roleName: `${rolePrefix}${name}`,
    description: `Made by Role Manager: ${chosen.map(({ title }) => title).join(', ')}`,
    activities: chosen.map(({ id }) => id),
    facts,
    trustPolicy: indented(trustOf(facts)),
    policies: Object.fromEntries(policies),
  };
}

/** The service takes the role over for this account only. */
function trustOf({ account, lists }: Facts): object {
  const service = {
    Sid: 'Service',
    Effect: 'Allow',
    Principal: { Service: 'sagemaker.amazonaws.com' },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'aws:SourceAccount': account } },
  };
  const people = {
    Sid: 'Principals',
    Effect: 'Allow',
    Principal: { AWS: lists.principals },
    Action: 'sts:AssumeRole',
  };
  const statements = lists.principals.length > 0 ? [service, people] : [service];
  return { Version: policyVersion, Statement: statements };
}

function excessOf({ policies, trustPolicy }: RolePlan): string | undefined {
  const size = Object.values(policies).reduce((sum, text) => sum + sizeOf(text), 0);
  const { roleInline, trust: trustQuota } = policyQuotas;
  if (size > roleInline) {
    const of = `${size} characters, of ${roleInline} that a role may have`;
    return `its policies would have ${of}: choose fewer activities or values`;
  }
  const trust = sizeOf(trustPolicy);
  return trust > trustQuota
    ? `its trust policy would have ${trust} characters, of ${trustQuota}: name fewer principals`
    : undefined;
}
