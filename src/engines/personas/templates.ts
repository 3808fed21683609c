/** Statements that several activities share, and short ways of writing templates and probes. */
import type { KeyValue } from '../../kernel/check.ts';
import type { Conditions, Facts, Probe, StatementTemplate } from './types.ts';

/** `of('s3', 'GetObject PutObject')`. */
export function of(service: string, names: string): readonly string[] {
  return names.split(/\s+/).map((name) => `${service}:${name}`);
}

/** Resources of the account, in any region, by their kinds. */
export function resourcesOf(service: string, kinds: string): readonly string[] {
  return kinds.split(/\s+/).map((kind) => `${service}:*:{{account}}:${kind}/*`);
}

const own = 'sagemaker.amazonaws.com';

/** Only roles that were named may be passed, and only to this one service. */
export const passRoles: StatementTemplate = {
  sid: 'PassRoles',
  actions: ['iam:PassRole'],
  resources: ['[[passRoles]]'],
  conditions: { StringEquals: { 'iam:PassedToService': [own] } },
};

/** Both keys must be there: what is left out of a request is in no subnet at all. */
export const vpcGuard: Conditions = {
  'ForAllValues:StringEquals': {
    'sagemaker:VpcSubnets': ['[[subnets]]'],
    'sagemaker:VpcSecurityGroupIds': ['[[securityGroups]]'],
  },
  Null: {
    'sagemaker:VpcSubnets': ['false'],
    'sagemaker:VpcSecurityGroupIds': ['false'],
  },
};

export const volumeGuard: Conditions = {
  StringEquals: { 'sagemaker:VolumeKmsKey': ['[[volumeKeyNames]]'] },
};

export const jobKeysGuard: Conditions = {
  StringEquals: {
    'sagemaker:VolumeKmsKey': ['[[volumeKeyNames]]'],
    'sagemaker:OutputKmsKey': ['[[dataKeyNames]]'],
  },
};

/** The service may use the keys for what the role makes; the role itself may not. */
export const grants: StatementTemplate = {
  sid: 'GrantKeys',
  actions: ['kms:CreateGrant'],
  resources: ['[[volumeKeys]]', '[[dataKeys]]'],
  conditions: {
    Bool: { 'kms:GrantIsForAWSResource': ['true'] },
    StringLike: { 'kms:ViaService': ['sagemaker.*.amazonaws.com'] },
  },
  onlyWith: ['keys'],
};

export const describeKeys: StatementTemplate = {
  sid: 'SeeKeys',
  actions: ['kms:DescribeKey'],
  resources: ['[[volumeKeys]]', '[[dataKeys]]'],
  onlyWith: ['keys'],
};

type Keys = Readonly<Record<string, KeyValue | undefined>>;

/** `probe('sagemaker:CreateModel', 'model/m')`: of a resource of the account. */
export function probe(facts: Facts, action: string, resource: string, keys?: Keys): Probe {
  const service = action.split(':')[0] ?? '';
  const { region, account } = facts;
  return {
    action,
    resource: `${service}:${region}:${account}:${resource}`,
    ...(keys ? { keys } : {}),
  };
}

/** Several actions of one service on one resource of the account. */
export function probes(facts: Facts, actions: readonly string[], resource: string): Probe[] {
  return actions.map((action) => probe(facts, action, resource));
}

/** Actions that are about no single resource. */
export function onAll(actions: readonly string[]): Probe[] {
  return actions.map((action) => ({ action, resource: '*' }));
}

export function onObject(action: string, bucket: string): Probe {
  return { action, resource: `s3:::${bucket}/folder/object` };
}

/** A name that nobody gives a bucket, a role or a key of theirs. */
export const strange = 'not-of-this-role';

/** An account that is not the role's. */
export function otherAccount({ account }: Facts): string {
  return account === '999999999999' ? '000000000000' : '999999999999';
}

/** The same request, each time with one thing outside the subnets or the keys of the role. */
export function outside(facts: Facts, action: string, resource: string): Probe[] {
  const { subnets, securityGroups } = facts.lists;
  const inVpc: Keys[] = [
    { 'sagemaker:vpcsubnets': ['subnet-00000bad'] },
    { 'sagemaker:vpcsubnets': [...subnets, 'subnet-00000bad'] },
    { 'sagemaker:vpcsecuritygroupids': [...securityGroups, 'sg-00000bad'] },
    { 'sagemaker:vpcsubnets': undefined, 'sagemaker:vpcsecuritygroupids': undefined },
    { 'sagemaker:vpcsubnets': undefined },
    { 'sagemaker:vpcsecuritygroupids': undefined },
  ];
  return facts.inVpc ? inVpc.map((keys) => probe(facts, action, resource, keys)) : [];
}

/** The same request under another key, and under none. `names` are keys of the request. */
export function underOtherKeys(
  facts: Facts,
  [action, resource]: readonly [action: string, resource: string],
  names: readonly ('volume' | 'output')[],
): Probe[] {
  if (!facts.withKeys) return [];
  return names.flatMap((name) => {
    const both = (value: string | undefined) => ({
      [`sagemaker:${name}kmskey`]: value,
      [`sagemaker:${name}kmskeyarn`]: value,
    });
    return [both(strange), both(undefined)].map((keys) => probe(facts, action, resource, keys));
  });
}

/** Passing one of the given roles to the service; and what of it must not be. */
export function passing(facts: Facts): { readonly allowed: Probe[]; readonly refused: Probe[] } {
  const [role = ''] = facts.lists.passRoles;
  const own = role.split(':').slice(2).join(':');
  return {
    allowed: [{ action: 'iam:PassRole', resource: own }],
    refused: [
      { action: 'iam:PassRole', resource: own, keys: { 'iam:passedtoservice': undefined } },
      {
        action: 'iam:PassRole',
        resource: own,
        keys: { 'iam:passedtoservice': 'ec2.amazonaws.com' },
      },
      { action: 'iam:PassRole', resource: `iam::${facts.account}:role/${strange}` },
    ],
  };
}
