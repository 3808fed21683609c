/**
 * Proves a planned role by deciding, with the engine that decides on requests, what its activities
 * must be allowed and what it must be refused.
 */
import type { KeyValue } from '../../kernel/check.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { compilePolicy } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { CompiledPolicy, PrincipalFacts, Question, SourcedPolicy } from '../policy/types.ts';
import { activities } from './activities.ts';
import { arnOf } from './render.ts';
import { of, onAll, onObject, otherAccount, strange } from './templates.ts';
import type { Facts, Probe, RolePlan } from './types.ts';

export interface Proven {
  /** The activity that it is about; undefined for what holds of every role. */
  readonly activity?: string;
  readonly action: string;
  readonly resource: string;
  readonly expected: 'allowed' | 'refused';
  readonly holds: boolean;
  /** Condition keys of the request that matter to it. */
  readonly keys: readonly string[];
}

/** Refused only when a document of the plan cannot be read. */
export function proofOf(plan: RolePlan): Outcome<readonly Proven[]> {
  const policies: SourcedPolicy[] = [];
  for (const [id, text] of Object.entries(plan.policies)) {
    const parsed = parsePolicy(text, 'identity');
    if (!parsed.ok) return parsed;
    policies.push({ id, type: 'role', compiled: compilePolicy(parsed.value) });
  }
  const trust = parsePolicy(plan.trustPolicy, 'trust');
  if (!trust.ok) return trust;
  const asked = { plan, policies };
  const chosen = activities.filter(({ id }) => plan.activities.includes(id));
  return ok([
    ...chosen.flatMap(({ id, expects }) => {
      const { allowed, refused } = expects(plan.facts);
      return [
        ...allowed.map((probe) => ({ activity: id, ...prove(probe, 'allowed', asked) })),
        ...applicable(refused, plan).map((probe) => ({
          activity: id,
          ...prove(probe, 'refused', asked),
        })),
      ];
    }),
    ...applicable(neverAllowed(plan.facts), plan).map((probe) => prove(probe, 'refused', asked)),
    ...trustProof(plan, compilePolicy(trust.value)),
  ]);
}

/** In words, for people. */
export function failuresOf(proof: readonly Proven[]): readonly string[] {
  return proof
    .filter(({ holds }) => !holds)
    .map(({ action, resource, expected, keys }) => {
      const given = keys.length > 0 ? `, as to ${keys.join(', ')},` : '';
      return `${action} on ${resource}${given} is not ${expected}`;
    });
}

function applicable(probes: readonly Probe[], { activities: chosen }: RolePlan): readonly Probe[] {
  return probes.filter(({ unless = '' }) => !unless.split(' ').some((id) => chosen.includes(id)));
}

/** What no activity ever gives. */
function neverAllowed(facts: Facts): readonly Probe[] {
  const { account, region, lists } = facts;
  const iam = `iam::${account}:`;
  const key = lists.dataKeys[0]?.split(':').slice(2).join(':') ?? `kms:${region}:${account}:key/k`;
  const on = (resource: string, actions: readonly string[]): Probe[] =>
    actions.map((action) => ({ action, resource }));
  return [
    ...on(`${iam}user/u`, of('iam', 'CreateUser CreateAccessKey AttachUserPolicy PutUserPolicy')),
    ...on(
      `${iam}role/r`,
      of('iam', 'CreateRole PutRolePolicy AttachRolePolicy UpdateAssumeRolePolicy'),
    ),
    ...on(`${iam}policy/p`, of('iam', 'CreatePolicyVersion SetDefaultPolicyVersion')),
    ...on(`${iam}group/g`, of('iam', 'AddUserToGroup')),
    ...on(`${iam}role/${strange}`, ['iam:PassRole', 'sts:AssumeRole']),
    ...on(key, of('kms', 'ScheduleKeyDeletion DisableKey PutKeyPolicy')),
    ...on(`cloudtrail:${region}:${account}:trail/t`, of('cloudtrail', 'StopLogging DeleteTrail')),
    ...on(`s3:::${strange}`, of('s3', 'PutBucketPolicy DeleteBucket PutEncryptionConfiguration')),
    ...of('s3', 'GetObject PutObject').map((action) => ({
      ...onObject(action, strange),
      unless: 'use-all-buckets',
    })),
    ...on(`sagemaker:${region}:${account}:notebook-instance/n`, [
      'sagemaker:CreateNotebookInstance',
      'sagemaker:CreatePresignedNotebookInstanceUrl',
    ]),
    ...on(`sagemaker:${region}:${otherAccount(facts)}:model/m`, ['sagemaker:DeleteModel']),
    ...onAll(of('iam', 'ListUsers GetAccountAuthorizationDetails')),
  ];
}

interface Asked {
  readonly plan: RolePlan;
  readonly policies: readonly SourcedPolicy[];
}

function prove(probe: Probe, expected: Proven['expected'], asked: Asked): Proven {
  const { plan, policies } = asked;
  const { facts } = plan;
  const resource = arnOf(probe.resource, facts);
  const keys: Readonly<Record<string, KeyValue | undefined>> = { ...kept(facts), ...probe.keys };
  const question: Question = {
    action: probe.action,
    resource,
    principal: principalOf(plan),
    key: (name) => (Object.hasOwn(keys, name) ? keys[name] : undefined),
  };
  const owner = facts.account;
  const { effect } = decide(question, { identity: policies, owner, rule: 'beside' });
  return {
    action: probe.action,
    resource,
    expected,
    holds: (effect === 'allowed') === (expected === 'allowed'),
    keys: Object.keys(probe.keys ?? {}),
  };
}

/** The condition keys of a request that keeps to what the role is bound to. */
function kept({ lists, inVpc, withKeys, region }: Facts): Readonly<Record<string, KeyValue>> {
  const [volumeKey = ''] = lists.volumeKeyNames;
  const [outputKey = ''] = lists.dataKeyNames;
  return {
    'iam:passedtoservice': 'sagemaker.amazonaws.com',
    'sagemaker:instancetypes': ['ml.m5.large'],
    ...(inVpc
      ? {
          'sagemaker:vpcsubnets': lists.subnets.slice(0, 1),
          'sagemaker:vpcsecuritygroupids': lists.securityGroups,
        }
      : {}),
    ...(withKeys
      ? {
          'sagemaker:volumekmskey': volumeKey,
          'sagemaker:volumekmskeyarn': volumeKey,
          'sagemaker:outputkmskey': outputKey,
          'sagemaker:outputkmskeyarn': outputKey,
        }
      : {}),
    'aws:requestedregion': region,
  };
}

function principalOf({ roleName, facts }: RolePlan): PrincipalFacts {
  const { account } = facts;
  return {
    kind: 'role',
    account,
    arn: arnOf(`sts::${account}:assumed-role/${roleName}/proof`, facts),
    issuerArn: arnOf(`iam::${account}:role/${roleName}`, facts),
    uniqueId: 'AROAPROOF',
  };
}

/** The service, for this account, and nobody else who was not named. */
function trustProof(plan: RolePlan, trust: CompiledPolicy): readonly Proven[] {
  const { account } = plan.facts;
  const resource = arnOf(`iam::${account}:role/${plan.roleName}`, plan.facts);
  const ask = (principal: PrincipalFacts, source?: string): boolean => {
    const key = (name: string) => (name === 'aws:sourceaccount' ? source : undefined);
    const question = { action: 'sts:AssumeRole', resource, principal, key };
    const { allows, denies } = trust.apply(question);
    return allows.length > 0 && denies.length === 0;
  };
  const service = (name: string): PrincipalFacts => ({
    kind: 'service',
    account,
    arn: '',
    service: name,
  });
  const stranger: PrincipalFacts = {
    kind: 'user',
    account,
    arn: arnOf(`iam::${account}:user/${strange}`, plan.facts),
  };
  const line = (expected: Proven['expected'], allowed: boolean, keys: readonly string[] = []) => ({
    action: 'sts:AssumeRole',
    resource,
    expected,
    holds: allowed === (expected === 'allowed'),
    keys,
  });
  const own = 'sagemaker.amazonaws.com';
  const source = ['aws:sourceaccount'];
  return [
    line('allowed', ask(service(own), account)),
    line('refused', ask(service(own), otherAccount(plan.facts)), source),
    line('refused', ask(service(own)), source),
    line('refused', ask(service('ec2.amazonaws.com'), account)),
    line('refused', ask(stranger, account)),
    line('refused', ask({ kind: 'anonymous', account: '', arn: '' })),
  ];
}
