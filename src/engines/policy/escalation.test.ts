/** Every known method of escalation, decided by the engine on real policies. */
import { describe, expect, test } from 'vitest';
import { formatArn } from '../../kernel/arn.ts';
import { compilePolicy } from './compile.ts';
import { decide } from './decide.ts';
import { type EscalationPath, escalationPaths, type Suspect } from './escalation.ts';
import { methods } from './escalation-methods.ts';
import { parsePolicy } from './parse.ts';
import type { SourcedPolicy } from './types.ts';

const scope = { partition: 'aws', region: 'us-east-1', account: '111122223333' };
const iam = (resource: string): string => formatArn({ ...scope, region: '' }, 'iam', resource);

const ann: Suspect = {
  kind: 'user',
  arn: iam('user/ann'),
  groups: [iam('group/team')],
  policies: [iam('policy/own')],
  hasBoundary: false,
};
const worker: Suspect = { ...ann, kind: 'role', arn: iam('role/worker'), groups: [] };

type Statement = Readonly<Record<string, unknown>>;

function sourced(id: string, statements: readonly Statement[]): SourcedPolicy {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const parsed = parsePolicy(text, 'identity');
  if (!parsed.ok) throw new Error(parsed.reason);
  return { id, type: 'user', compiled: compilePolicy(parsed.value) };
}

const allow = (action: string | readonly string[], resource = '*', more: Statement = {}) => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
  ...more,
});

interface Given {
  readonly suspect?: Suspect;
  readonly boundary?: readonly Statement[];
  readonly roles?: readonly string[];
}

function paths(statements: readonly Statement[], given: Given = {}): readonly EscalationPath[] {
  const { suspect = ann, boundary, roles = [] } = given;
  const identity = [sourced('own', statements)];
  return escalationPaths({
    suspect: { ...suspect, hasBoundary: boundary !== undefined },
    scope,
    others: { roles },
    allows(action, resource, keys = {}) {
      const principal = { kind: suspect.kind, account: scope.account, arn: suspect.arn };
      const question = { action, resource, principal, key: (name: string) => keys[name] };
      const sets = {
        identity,
        owner: scope.account,
        rule: 'beside' as const,
        ...(boundary ? { boundary: sourced('limit', boundary) } : {}),
      };
      return decide(question, sets).effect === 'allowed';
    },
  });
}

const codes = (...of: Parameters<typeof paths>) => paths(...of).map(({ code }) => code);

describe('escalation', () => {
  test.each(methods.map((method) => [method.code, method] as const))(
    '%s is found by its actions alone, and not with one of them missing',
    (code, method) => {
      const suspect = method.over === 'own-role' ? worker : ann;
      const steps = method.steps.map(({ action }) => allow(action));
      expect(codes(steps, { suspect })).toContain(code);
      for (const { action } of method.steps) {
        const without = [...steps, { Effect: 'Deny', Action: action, Resource: '*' }];
        expect(codes(without, { suspect })).not.toContain(code);
      }
    },
  );

  test('names the path: who gets what by which actions', () => {
    const found = paths([allow('iam:PassRole'), allow('sagemaker:CreateProcessingJob')]);
    expect(found).toHaveLength(1);
    expect(found[0]?.steps.map(({ action }) => action)).toEqual([
      'iam:PassRole',
      'sagemaker:CreateProcessingJob',
    ]);
    expect(found[0]?.message).toContain(
      `${ann.arn} can run its own code with the rights of another role: iam:PassRole on `,
    );
  });

  test('is not in ordinary work', () => {
    const work = [
      allow(['s3:*', 'sagemaker:*', 'cloudwatch:*']),
      allow('iam:PassRole', iam('role/jobs'), {
        Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
      }),
      allow(['iam:ChangePassword', 'iam:CreateAccessKey'], ann.arn),
    ];
    expect(codes(work, { roles: [iam('role/jobs')] })).toEqual([]);
  });

  test('reaches the roles there are, where a pattern names them', () => {
    const statements = [
      allow('iam:PassRole', iam('role/jobs-*')),
      allow('sagemaker:CreateTrainingJob'),
    ];
    expect(codes(statements)).toEqual([]);
    expect(codes(statements, { roles: [iam('role/jobs-admin')] })).toEqual([
      'PASS_ROLE_AND_CREATE_TRAINING_JOB',
    ]);
  });

  test('needs one role for all steps', () => {
    const statements = [
      allow('iam:UpdateAssumeRolePolicy', iam('role/a')),
      allow('sts:AssumeRole', iam('role/b')),
    ];
    const roles = [iam('role/a'), iam('role/b')];
    expect(codes(statements, { roles })).toEqual([]);
    const both = [...statements, allow('sts:AssumeRole', iam('role/a'))];
    expect(codes(both, { roles })).toEqual(['UPDATE_TRUST_AND_ASSUME']);
  });

  test('is closed by a boundary, or told to stay within it', () => {
    const rights = [allow('iam:PutUserPolicy', ann.arn), allow('iam:CreateAccessKey')];
    expect(codes(rights)).toEqual(['PUT_USER_POLICY', 'CREATE_ACCESS_KEY']);
    expect(codes(rights, { boundary: [allow('s3:*')] })).toEqual([]);
    const found = paths(rights, { boundary: [allow('iam:*')] });
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([
      ['PUT_USER_POLICY', 'warning'],
      ['CREATE_ACCESS_KEY', 'security'],
    ]);
    expect(found[0]?.message).toContain('within its permissions boundary');
  });

  test('of a role is about the role, not about users and groups', () => {
    const all = codes([allow('*')], { suspect: worker });
    expect(all).toContain('PUT_ROLE_POLICY');
    expect(all).not.toContain('PUT_USER_POLICY');
    expect(all).not.toContain('ADD_USER_TO_GROUP');
  });
});
