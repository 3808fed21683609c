/** Parameters of a role: what people may write, and what policies are filled with. */
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Facts, ListName, RoleParameters } from './types.ts';

/** Nothing that a policy could take for a wildcard, a variable or the end of a string. */
const plain = /^[A-Za-z0-9./:_-]+$/;
const longestValue = 512;
/** Values of one parameter. The quota of inline policies is reached long before. */
const mostValues = 100;

export const noParameters: RoleParameters = {
  buckets: [],
  dataKeys: [],
  volumeKeys: [],
  subnets: [],
  securityGroups: [],
  passRoles: [],
  repositories: [],
  workgroups: [],
  databases: [],
  principals: [],
};

type Name = keyof RoleParameters;

const forms: Readonly<Record<Name, readonly [RegExp, string]>> = {
  buckets: [/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'],
  dataKeys: [/^(mrk-[0-9a-f]{32}|[0-9a-f-]{36}|.+:kms:.+:key\/[a-z0-9-]+)$/, keyForm()],
  volumeKeys: [/^(mrk-[0-9a-f]{32}|[0-9a-f-]{36}|.+:kms:.+:key\/[a-z0-9-]+)$/, keyForm()],
  subnets: [/^[A-Za-z0-9-]{1,32}$/, 'the id of a subnet'],
  securityGroups: [/^[A-Za-z0-9-]{1,32}$/, 'the id of a security group'],
  passRoles: [/^([\w./-]{1,64}|.+:iam::\d{12}:role\/[\w./-]+)$/, 'the name or ARN of a role'],
  repositories: [/^([a-z0-9._/-]+|.+:ecr:.+:repository\/.+)$/, 'the name or ARN of a repository'],
  workgroups: [/^[\w.-]{1,128}$/, 'the name of a workgroup'],
  databases: [/^[\w-]{1,255}$/, 'the name of a database'],
  principals: [/^.+:iam::\d{12}:(user|role)\/[\w./-]+$/, 'the ARN of a user or a role'],
};

function keyForm(): string {
  return 'the id or the ARN of a key: policies do not know keys by their aliases';
}

/** Refused, by name, for what is no value of its kind, repeated, or half of a pair. */
export function factsOf(given: RoleParameters, scope: Scope): Outcome<Facts> {
  for (const [name, values] of Object.entries(given) as [Name, readonly string[]][]) {
    const refusal = refusalOf(name, values, scope);
    if (refusal) return refuse(refusal);
  }
  const { subnets, securityGroups, dataKeys, volumeKeys } = given;
  if ((subnets.length === 0) !== (securityGroups.length === 0)) {
    return refuse('subnets and securityGroups go together: give both or none');
  }
  if ((dataKeys.length === 0) !== (volumeKeys.length === 0)) {
    return refuse('dataKeys and volumeKeys go together: give both or none');
  }
  const { partition, region, account } = scope;
  const lists = listsOf(given, scope);
  const inVpc = subnets.length > 0;
  return ok({ partition, region, account, lists, inVpc, withKeys: dataKeys.length > 0 });
}

function refusalOf(name: Name, values: readonly string[], scope: Scope): string | undefined {
  if (values.length > mostValues) return `${name} has more than ${mostValues} values`;
  if (new Set(values).size !== values.length) return `${name} has a value twice`;
  const [form, meaning] = forms[name];
  for (const value of values) {
    if (!plain.test(value) || value.length > longestValue) {
      return `${name} may hold letters, digits and . / : _ - only, ${longestValue} at most`;
    }
    if (!form.test(value)) return `${name}: ${value} is not ${meaning}`;
    const foreign = foreignPart(value, scope);
    if (foreign) return `${name}: ${value} is of another ${foreign}`;
  }
  return undefined;
}

/** What a role of the account names is the account's own. */
function foreignPart(value: string, scope: Scope): string | undefined {
  const parsed = parseArn(value);
  if (!parsed.ok) return undefined;
  if (parsed.value.partition !== scope.partition) return 'partition';
  return parsed.value.account === scope.account ? undefined : 'account';
}

function listsOf(given: RoleParameters, scope: Scope): Readonly<Record<ListName, string[]>> {
  const whole = (service: string, kind: string, at: Scope) => (value: string) =>
    parseArn(value).ok ? value : formatArn(at, service, `${kind}/${value}`);
  const key = whole('kms', 'key', scope);
  const workgroups = given.workgroups.length > 0 ? given.workgroups : ['primary'];
  return {
    buckets: [...given.buckets],
    dataKeys: given.dataKeys.map(key),
    dataKeyNames: given.dataKeys.flatMap((value) => namesOf(key(value))),
    volumeKeys: given.volumeKeys.map(key),
    volumeKeyNames: given.volumeKeys.flatMap((value) => namesOf(key(value))),
    subnets: [...given.subnets],
    securityGroups: [...given.securityGroups],
    passRoles: given.passRoles.map(whole('iam', 'role', { ...scope, region: '' })),
    repositories: given.repositories.map(whole('ecr', 'repository', scope)),
    workgroups: [...workgroups],
    databases: [...given.databases],
    principals: [...given.principals],
  };
}

/** Requests name a key by its ARN or by its id, and a condition compares what they wrote. */
function namesOf(arn: string): readonly string[] {
  return [arn, arn.slice(arn.lastIndexOf('/') + 1)];
}
