/** One result of a simulation: the decision on an action and a resource, and what led to it. */
import type * as sdk from '@aws-sdk/client-iam';
import { type Simulated, simulate } from '../../engines/access/simulation.ts';
import type { Matched, PrincipalFacts } from '../../engines/policy/types.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { KeyValue } from '../../kernel/check.ts';
import { faults } from './faults.ts';
import type { Source } from './simulate-policies.ts';

export interface Simulation {
  readonly identity: readonly Source[];
  readonly boundary?: Source;
  readonly resource?: Source;
  /** Service control policies from the organization's root to the account: each must allow. */
  readonly levels: readonly (readonly Source[])[];
  readonly caller: PrincipalFacts;
  readonly keys: Readonly<Record<string, KeyValue>>;
  /** The account of resources that do not name theirs. */
  readonly owner?: string;
}

export interface Pair {
  readonly action: string;
  readonly resourceArn: string;
}

/** On explicit denials only the statements that deny. Missing keys stand with the resource. */
export function resultOf(simulation: Simulation, pair: Pair): sdk.EvaluationResult {
  const { action, resourceArn } = pair;
  const about = { EvalActionName: action, EvalResourceName: resourceArn };
  const organization = deniedByOrganization(simulation, pair);
  const organizations =
    simulation.levels.length === 0
      ? {}
      : { OrganizationsDecisionDetail: { AllowedByOrganizations: organization === undefined } };
  if (organization !== undefined) {
    // The original goes no further: what other policies say is not told.
    return { ...about, EvalDecision: organization, MatchedStatements: [], ...organizations };
  }
  const { decision, missing } = simulatedIn(simulation, pair);
  const detail = boundaryDetail(decision.allowedByBoundary);
  const matched = statementsOf(simulation, decision.matched);
  const missingNames = [...missing];
  if (resourceArn === '*') {
    return {
      ...{ ...about, EvalDecision: decision.effect, MatchedStatements: matched },
      MissingContextValues: missingNames,
      ...detail,
      ...organizations,
    };
  }
  const specific = {
    EvalResourceName: resourceArn,
    EvalResourceDecision: decision.effect,
    MatchedStatements: matched,
    MissingContextValues: missingNames,
    EvalDecisionDetails: detailsOf(simulation, pair),
    ...detail,
  };
  return {
    ...{ ...about, EvalDecision: decision.effect, MatchedStatements: matched },
    MissingContextValues: [],
    EvalDecisionDetails: specific.EvalDecisionDetails,
    ...detail,
    ...organizations,
    ResourceSpecificResults: [specific],
  };
}

function boundaryDetail(allowed: boolean | undefined): {
  readonly PermissionsBoundaryDecisionDetail?: sdk.PermissionsBoundaryDecisionDetail;
} {
  if (allowed === undefined) return {};
  return { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowed } };
}

function simulatedIn(simulation: Simulation, { action, resourceArn }: Pair): Simulated {
  const { identity, boundary, resource, caller, keys } = simulation;
  const owner = ownerOf(simulation, resourceArn);
  return simulate({
    identity: identity.map(({ policy }) => policy),
    ...(boundary ? { boundary: boundary.policy } : {}),
    ...(resource ? { resource: resource.policy } : {}),
    ...{ caller, action, resourceArn, owner },
    keys: { 'aws:resourceaccount': owner, ...keys },
  });
}

function ownerOf({ owner, caller }: Simulation, resourceArn: string): string {
  const parsed = parseArn(resourceArn);
  const named = parsed.ok ? parsed.value.account : '';
  return /^\d{12}$/.test(named) ? named : (owner ?? caller.account);
}

/** The decision of the first level that does not allow. */
function deniedByOrganization(
  { levels, caller, keys }: Simulation,
  pair: Pair,
): 'explicitDeny' | 'implicitDeny' | undefined {
  for (const level of levels) {
    const identity = level.map(({ policy }) => policy);
    const { effect } = simulate({ identity, caller, keys, ...pair }).decision;
    if (effect !== 'allowed') return effect;
  }
  return undefined;
}

/** What each side says by itself, when caller and resource are of two accounts; else nothing. */
function detailsOf(
  simulation: Simulation,
  pair: Pair,
): Record<string, sdk.PolicyEvaluationDecisionType> {
  const { identity, boundary, caller, keys, resource } = simulation;
  const owner = ownerOf(simulation, pair.resourceArn);
  if (owner === caller.account) return {};
  const { effect } = simulate({
    identity: identity.map(({ policy }) => policy),
    ...(boundary ? { boundary: boundary.policy } : {}),
    ...{ caller, keys, ...pair },
  }).decision;
  const applied = resource?.policy.compiled.apply({
    action: pair.action,
    resource: pair.resourceArn,
    principal: caller,
    key: keyIn(keys),
  });
  const other = applied?.allows.length ? 'allowed' : 'implicitDeny';
  return {
    'IAM Policy': effect,
    'Resource Policy': applied?.denies.length ? 'explicitDeny' : other,
  };
}

function keyIn(keys: Readonly<Record<string, KeyValue>>): (name: string) => KeyValue | undefined {
  const lower = new Map(Object.entries(keys).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => lower.get(name.toLowerCase());
}

function statementsOf(simulation: Simulation, matched: readonly Matched[]): sdk.Statement[] {
  const { identity, boundary, resource } = simulation;
  const sources = [...identity, ...(boundary ? [boundary] : []), ...(resource ? [resource] : [])];
  const types = new Map(sources.map(({ policy, type }) => [policy, type]));
  return matched.map(({ policy, statement: { start, end } }) => ({
    SourcePolicyId: policy.id,
    SourcePolicyType: types.get(policy) ?? 'none',
    StartPosition: { Line: start.line, Column: start.column },
    EndPosition: { Line: end.line, Column: end.column },
  }));
}

const machine = ['instance', 'image', 'security-group'];
/** The resources that each scenario must have. */
const scenarios: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC2-Classic-InstanceStore', machine],
  ['EC2-Classic-EBS', [...machine, 'volume']],
  ['EC2-VPC-InstanceStore', [...machine, 'network-interface']],
  ['EC2-VPC-InstanceStore-Subnet', [...machine, 'network-interface', 'subnet']],
  ['EC2-VPC-EBS', [...machine, 'network-interface', 'volume']],
  ['EC2-VPC-EBS-Subnet', [...machine, 'network-interface', 'subnet', 'volume']],
]);

/** Throws InvalidInput for scenarios there are not, and for resources that one lacks. */
export function assertHandling(option: string | undefined, resources: readonly string[]): void {
  if (option === undefined) return;
  const needed = scenarios.get(option);
  if (!needed) throw faults.invalidInput(`ResourceHandlingOption: there is no ${option}.`);
  const kinds = new Set(
    resources.map((arn) => {
      const parsed = parseArn(arn);
      return parsed.ok ? parsed.value.resource.split('/')[0] : '';
    }),
  );
  const lacking = needed.find((kind) => !kinds.has(kind));
  if (lacking) throw faults.invalidInput(`${option} needs a resource of type ${lacking}.`);
}
