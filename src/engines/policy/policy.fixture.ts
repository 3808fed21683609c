/** Short ways to policies and questions, for the tests of this folder. */
import type { KeyValue } from '../../kernel/check.ts';
import { compilePolicy } from './compile.ts';
import { decide } from './decide.ts';
import { parsePolicy } from './parse.ts';
import type {
  CompiledPolicy,
  Decision,
  PolicySets,
  PolicyUse,
  PrincipalFacts,
  Question,
  SourcedPolicy,
} from './types.ts';

export const account = '111111111111';
export const other = '222222222222';
export const arns = {
  root: `arn:aws:iam::${account}:root`,
  alice: `arn:aws:iam::${account}:user/alice`,
  role: `arn:aws:iam::${account}:role/r`,
  session: `arn:aws:sts::${account}:assumed-role/r/s`,
  federated: `arn:aws:sts::${account}:federated-user/f`,
  bob: `arn:aws:iam::${other}:user/bob`,
  bucket: 'arn:aws:s3:::b',
  object: 'arn:aws:s3:::b/k',
} as const;

export const callers = {
  root: { kind: 'root', account, arn: arns.root },
  alice: { kind: 'user', account, arn: arns.alice, uniqueId: 'AIDAALICE' },
  role: {
    ...{ kind: 'role', account, arn: arns.session, issuerArn: arns.role },
    uniqueId: 'AROAROLE',
  },
  federated: {
    ...{ kind: 'federated', account, arn: arns.federated, issuerArn: arns.alice },
    uniqueId: 'AIDAALICE',
  },
  sns: { kind: 'service', account, arn: '', service: 'sns.amazonaws.com' },
  anonymous: { kind: 'anonymous', account, arn: '' },
  web: { kind: 'anonymous', account, arn: '', federatedProvider: 'idp.example.com' },
  bob: { kind: 'user', account: other, arn: arns.bob, uniqueId: 'AIDABOB' },
} as const satisfies Record<string, PrincipalFacts>;

/** What is not ASCII stands in it as an escape: as it is, a document may not have it. */
export function policyText(statements: object, version = '2012-10-17'): string {
  return JSON.stringify({ Version: version, Statement: statements }).replace(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function compiled(
  statements: object,
  use: PolicyUse = 'identity',
  version = '2012-10-17',
): CompiledPolicy {
  const parsed = parsePolicy(policyText(statements, version), use);
  if (!parsed.ok) throw new Error(parsed.reason);
  return compilePolicy(parsed.value);
}

export function sourced(statements: object, use: PolicyUse = 'identity'): SourcedPolicy {
  return { id: 'p', type: 'managed', compiled: compiled(statements, use) };
}

export interface Asked {
  readonly action?: string;
  readonly resource?: string;
  readonly principal?: PrincipalFacts;
  readonly keys?: Readonly<Record<string, KeyValue>>;
}

export function question(asked: Asked = {}): Question {
  const { action = 's3:GetObject', resource = arns.object, principal = callers.alice } = asked;
  return { action, resource, principal, key: (name) => asked.keys?.[name] };
}

/** Whether an Allow of the given elements applies. */
export function applies(elements: object, asked: Asked, version?: string): boolean {
  const statement = { Effect: 'Allow', Action: '*', Resource: '*', ...elements };
  return compiled(statement, 'identity', version).apply(question(asked)).allows.length > 0;
}

export function decision(asked: Asked, sets: Partial<PolicySets>): Decision {
  return decide(question(asked), { identity: [], owner: account, rule: 'beside', ...sets });
}
