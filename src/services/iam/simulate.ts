/**
 * Simulations: what policies would answer, and which condition keys they look at. Nothing is
 * changed and nothing is called. Results are pairs of an action and a resource, in their order.
 */
import type * as sdk from '@aws-sdk/client-iam';
import type { EntityKind, EntityRow, UserRow } from '../../engines/identity/rows.ts';
import { contextKeysOf } from '../../engines/policy/context-keys.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { nameIn } from './names.ts';
import { sliceOf } from './paging.ts';
import { holderNamed } from './policy-holder.ts';
import { policyLimits } from './policy-limits.ts';
import { kindIn, namedCaller, type SimulatedCaller, unnamedCaller } from './simulate-caller.ts';
import { contextKeys } from './simulate-context.ts';
import {
  boundaryExcluded,
  givenSources,
  isExcluded,
  managedSource,
  resourceSource,
  type Source,
  sourcesOf,
} from './simulate-policies.ts';
import { assertHandling, type Pair, resultOf, type Simulation } from './simulate-result.ts';

export async function simulateCustomPolicy(
  input: sdk.SimulateCustomPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.SimulatePolicyResponse> {
  const { CallerArn: callerArn } = input;
  if (input.ResourcePolicy !== undefined && callerArn === undefined) throw needsCaller();
  const caller = callerArn === undefined ? unnamedCaller(ctx) : await namedCaller(callerArn, ctx);
  const levels = levelsOf(input.OrderedOrganizationPolicyInputList);
  const identity = givenSources(input.PolicyInputList, 'PolicyInputList');
  return evaluated(input, { ...simulationOf(input, caller), identity, levels });
}

function levelsOf(levels: readonly sdk.OrderedOrganizationPolicyType[] = []): Simulation['levels'] {
  const list = 'OrderedOrganizationPolicyInputList';
  const most = policyLimits.organizationLevels;
  if (levels.length > most) {
    throw faults.invalidInput(`${list}: an organization has at most ${most} levels.`);
  }
  return levels.map(({ ServiceControlPolicyInputList: texts }, at) =>
    givenSources(texts, `${list}.${at + 1}.ServiceControlPolicyInputList`),
  );
}

export async function simulatePrincipalPolicy(
  input: sdk.SimulatePrincipalPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.SimulatePolicyResponse> {
  const { reader } = ctx.identity;
  const { PolicyExclusionList: excluded } = input;
  const { kind, row } = await principalAt(input.PolicySourceArn ?? '', ctx);
  const own = await sourcesOf(reader, kind, row);
  const given = givenSources(input.PolicyInputList, 'PolicyInputList');
  const identity = [...own.filter((source) => !isExcluded(source, excluded)), ...given];
  const caller = await callerOfPrincipal(input, { kind, row }, ctx);
  const simulation = simulationOf(input, caller);
  const bound = boundaryExcluded(excluded) ? undefined : boundaryArnOf(row);
  const boundary =
    simulation.boundary ?? (bound && (await managedSource(reader, row.account, bound)));
  return evaluated(input, {
    ...simulation,
    identity,
    ...(boundary ? { boundary } : {}),
    levels: [],
  });
}

interface Principal {
  readonly kind: EntityKind;
  readonly row: EntityRow & Partial<Pick<UserRow, 'groups' | 'boundaryArn'>>;
}

/** Throws InvalidInput for other ARNs, and NoSuchEntity. */
async function principalAt(arn: string, ctx: IamCtx): Promise<Principal> {
  const parsed = parseArn(arn);
  const kind = parsed.ok && parsed.value.service === 'iam' && kindIn(parsed.value.resource);
  const name = nameIn(arn);
  if (!kind || !name) throw faults.invalidInput(`Invalid Entity Arn: ${arn}`);
  const { account } = ctx.scope;
  const row = await holderNamed(ctx.identity.reader, kind, { account, name });
  if (row.arn !== arn) throw faults.noSuch(`The ${kind} with ARN ${arn} cannot be found.`);
  return { kind, row };
}

function boundaryArnOf({ boundaryArn }: Principal['row']): string | undefined {
  return boundaryArn;
}

/** The principal itself unless another is named; a group is nobody. */
async function callerOfPrincipal(
  { CallerArn: named, ResourcePolicy: policy }: sdk.SimulatePrincipalPolicyRequest,
  { kind, row }: Principal,
  ctx: IamCtx,
): Promise<SimulatedCaller> {
  if (policy !== undefined && kind === 'role') {
    throw faults.invalidInput('Simulation of resource-based policies is not supported for roles.');
  }
  if (named !== undefined) return namedCaller(named, ctx);
  if (kind !== 'group') return namedCaller(row.arn, ctx);
  if (policy !== undefined) throw needsCaller();
  return unnamedCaller(ctx);
}

function needsCaller() {
  return faults.invalidInput('CallerArn is required when ResourcePolicy is given.');
}

/** What both requests say alike. */
type Asked = Omit<sdk.SimulateCustomPolicyRequest, 'PolicyInputList'>;

function simulationOf(
  input: Asked,
  caller: SimulatedCaller,
): Omit<Simulation, 'identity' | 'levels'> {
  const member = 'PermissionsBoundaryPolicyInputList';
  const [boundary, ...more] = givenSources(input.PermissionsBoundaryPolicyInputList, member);
  if (more.length > 0) throw faults.invalidInput(`${member}: only one policy can be given.`);
  const owner = input.ResourceOwner === undefined ? undefined : ownerIn(input.ResourceOwner);
  return {
    caller: caller.facts,
    keys: { ...caller.keys, ...contextKeys(input.ContextEntries) },
    ...(boundary ? { boundary } : {}),
    ...(input.ResourcePolicy ? { resource: resourceSource(input.ResourcePolicy) } : {}),
    ...(owner === undefined ? {} : { owner }),
  };
}

function ownerIn(text: string): string {
  const parsed = parseArn(text);
  const account = parsed.ok && parsed.value.resource === 'root' ? parsed.value.account : text;
  if (/^\d{12}$/.test(account)) return account;
  throw faults.invalidInput(`ResourceOwner: ${text} is not the ARN of an account.`);
}

/** Only the pairs of the page are decided. */
function evaluated(input: Asked, simulation: Simulation): sdk.SimulatePolicyResponse {
  const actions = (input.ActionNames ?? []).map(checkedAction);
  const resources = [...new Set(input.ResourceArns?.length ? input.ResourceArns : ['*'])];
  for (const resource of resources) checkResource(resource);
  assertHandling(input.ResourceHandlingOption, resources);
  const length = actions.length * resources.length;
  if (length > policyLimits.simulatedPairs) {
    throw faults.invalidInput(
      `ActionNames, ResourceArns: at most ${policyLimits.simulatedPairs} pairs can be simulated.`,
    );
  }
  const MaxItems = Math.min(input.MaxItems ?? Infinity, policyLimits.simulatedPage);
  const places = Array.from({ length }, (_, at) => at);
  const { rows, ...page } = sliceOf({ Marker: input.Marker, MaxItems }, places);
  const pairAt = (at: number): Pair => ({
    action: actions[Math.floor(at / resources.length)] ?? '',
    resourceArn: resources[at % resources.length] ?? '*',
  });
  return { EvaluationResults: rows.map((at) => resultOf(simulation, pairAt(at))), ...page };
}

function checkedAction(action: string): string {
  if (/^[A-Za-z0-9-]+:[A-Za-z0-9]+$/.test(action)) return action;
  throw faults.invalidInput(
    `ActionNames: ${action} is not the name of an action, such as s3:GetObject; ` +
      'wildcards cannot be simulated.',
  );
}

function checkResource(arn: string): void {
  if (arn !== '*' && !parseArn(arn).ok) {
    throw faults.invalidInput(`ResourceArns: ${arn} is not an ARN.`);
  }
}

export async function getContextKeysForCustomPolicy(
  { PolicyInputList: texts }: sdk.GetContextKeysForCustomPolicyRequest,
  _: IamCtx,
): Promise<sdk.GetContextKeysForPolicyResponse> {
  return { ContextKeyNames: keysOf(givenSources(texts, 'PolicyInputList')) };
}

export async function getContextKeysForPrincipalPolicy(
  input: sdk.GetContextKeysForPrincipalPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.GetContextKeysForPolicyResponse> {
  const { kind, row } = await principalAt(input.PolicySourceArn ?? '', ctx);
  const own = await sourcesOf(ctx.identity.reader, kind, row);
  const given = givenSources(input.PolicyInputList, 'PolicyInputList');
  return { ContextKeyNames: keysOf([...own, ...given]) };
}

/** Each once whatever its case, as it is written first. */
function keysOf(sources: readonly Source[]): string[] {
  const keys = new Map<string, string>();
  for (const { policy } of sources) {
    for (const written of contextKeysOf(policy.compiled.document)) {
      if (!keys.has(written.toLowerCase())) keys.set(written.toLowerCase(), written);
    }
  }
  return [...keys.values()];
}
