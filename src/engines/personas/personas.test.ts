/** Roles from activities: what each allows and refuses, parameters, proofs and differences. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingsInText } from '../policy/findings.ts';
import { activities, personas } from './activities.ts';
import { diffOf } from './diff.ts';
import { makeRole, type RoleRequest } from './plan.ts';
import { failuresOf, proofOf } from './proof.ts';
import type { Activity, RoleParameters, RolePlan } from './types.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const keyId = '12345678-1234-1234-1234-123456789012';

const everything: RoleParameters = {
  buckets: ['data', 'models'],
  dataKeys: [keyId],
  volumeKeys: [`arn:aws:kms:eu-west-1:111122223333:key/${keyId.replace('1', '2')}`],
  subnets: ['subnet-1', 'subnet-2'],
  securityGroups: ['sg-1'],
  passRoles: ['SageMaker-compute'],
  repositories: ['team/images'],
  workgroups: ['analysts'],
  databases: ['sagemaker_featurestore'],
  principals: ['arn:aws:iam::111122223333:user/ann'],
};

function parametersOf(names: readonly (keyof RoleParameters)[]): Partial<RoleParameters> {
  return Object.fromEntries(names.map((name) => [name, everything[name]]));
}

function planned(request: Omit<RoleRequest, 'scope' | 'name'> & { name?: string }): RolePlan {
  const plan = makeRole({ name: 'x', scope, ...request });
  if (!plan.ok) throw new Error(plan.reason);
  return plan.value;
}

function refusal(request: Partial<RoleRequest>): string {
  const plan = makeRole({ name: 'x', scope, ...request });
  return plan.ok ? 'accepted' : plan.reason;
}

/** The activity with what it needs only, and with all that it can use. */
const cases = activities.flatMap((activity): [string, Activity, Partial<RoleParameters>][] => [
  [`${activity.id}, plain`, activity, parametersOf(activity.needs)],
  [
    `${activity.id}, bound`,
    activity,
    parametersOf([...activity.needs, ...activity.options, 'principals']),
  ],
]);

describe('an activity', () => {
  test.each(cases)('%s: allows what it must, refuses what it must', (_name, { id }, parameters) => {
    const proof = proofOf(planned({ activities: [id], parameters }));
    if (!proof.ok) throw new Error(proof.reason);
    expect(failuresOf(proof.value)).toEqual([]);
    const own = proof.value.filter(({ activity }) => activity === id);
    expect(own.some(({ expected }) => expected === 'allowed')).toBe(true);
    expect(proof.value.length - own.length).toBeGreaterThan(20);
  });

  test.each(cases)('%s: leaves no gap, and no finding', (_name, { id }, parameters) => {
    const plan = planned({ activities: [id], parameters });
    expect(Object.keys(plan.policies)).toEqual([id]);
    for (const text of Object.values(plan.policies)) {
      expect(text).not.toMatch(/\[\[|\{\{|\]\]|\}\}|undefined/);
      expect(findingsInText(text, 'identity')).toEqual({ ok: true, value: [] });
    }
    expect(findingsInText(plan.trustPolicy, 'trust', scope)).toEqual({ ok: true, value: [] });
  });

  test.each(activities.map(({ id, needs }) => [id, needs] as const))(
    '%s: is refused without what it needs',
    (id, needs) => {
      for (const name of needs) {
        const parameters = { ...parametersOf(needs), [name]: [] };
        expect(refusal({ activities: [id], parameters })).toBe(`the activity ${id} needs ${name}`);
      }
    },
  );
});

test.each(['000000000000', '999999999999'])('the account may be %s', (account) => {
  const parameters = { buckets: ['data'], passRoles: ['r'] };
  for (const persona of ['data-scientist', 'sagemaker-compute']) {
    const given = persona === 'data-scientist' ? parameters : { buckets: ['data'] };
    const plan = makeRole({ persona, name: 'x', parameters: given, scope: { ...scope, account } });
    expect(plan.ok).toBe(true);
  }
});

describe('a persona', () => {
  test.each(personas.filter(({ activities: own }) => own.length > 0).map((one) => [one.id, one]))(
    '%s fits into a role, bound to a network and keys',
    (id, { activities: own }) => {
      const used = activities.filter((one) => own.includes(one.id));
      const names = used.flatMap(({ needs, options }) => [...needs, ...options]);
      const plan = planned({ persona: id, parameters: parametersOf([...new Set(names)]) });
      expect(plan.activities).toEqual(own);
      expect(plan.roleName).toBe('SageMaker-x');
    },
  );

  test('custom needs activities, and takes none twice', () => {
    expect(refusal({ persona: 'custom' })).toBe('a role needs a persona or an activity');
    expect(refusal({})).toBe('a role needs a persona or an activity');
    const twice = ['invoke-endpoints', 'invoke-endpoints'];
    expect(refusal({ persona: 'custom', activities: twice })).toContain('named twice');
    expect(refusal({ persona: 'data-scientist', activities: ['use-buckets'] })).toContain('twice');
  });

  test('may be joined by activities that widen what another refuses by itself', () => {
    const parameters = { buckets: ['data'] };
    const plan = planned({
      persona: 'sagemaker-compute',
      activities: ['use-all-buckets', 'manage-alarms-and-metrics'],
      parameters,
    });
    expect(Object.keys(plan.policies)).toHaveLength(3);
  });
});

describe('a parameter', () => {
  const jobs = (parameters: Partial<RoleParameters>) =>
    refusal({ activities: ['manage-ml-jobs'], parameters: { passRoles: ['r'], ...parameters } });

  test.each<[Partial<RoleParameters>, string]>([
    [{ subnets: ['subnet-1'] }, 'subnets and securityGroups go together'],
    [{ securityGroups: ['sg-1'] }, 'subnets and securityGroups go together'],
    [{ dataKeys: [keyId] }, 'dataKeys and volumeKeys go together'],
    [{ volumeKeys: [keyId] }, 'dataKeys and volumeKeys go together'],
    [{ passRoles: ['r', 'r'] }, 'passRoles has a value twice'],
    [{ passRoles: ['*'] }, 'passRoles may hold letters'],
    [{ passRoles: ['${aws:username}'] }, 'passRoles may hold letters'],
    [{ passRoles: ['r", "Resource": "*'] }, 'passRoles may hold letters'],
    [{ passRoles: ['[[buckets]]'] }, 'passRoles may hold letters'],
    [{ passRoles: ['arn:aws:iam::999900001111:role/r'] }, 'is of another account'],
    [{ passRoles: ['arn:aws-cn:iam::111122223333:role/r'] }, 'is of another partition'],
    [{ passRoles: ['arn:aws:iam::111122223333:user/u'] }, 'is not the name or ARN of a role'],
    [{ passRoles: Array.from({ length: 101 }, (_, i) => `r${i}`) }, 'more than 100 values'],
    [{ dataKeys: ['alias/mine'], volumeKeys: [keyId] }, 'is not the id or the ARN of a key'],
    [{ buckets: ['data'] }, 'buckets is given, and none of the activities uses it'],
    [{ principals: ['arn:aws:iam::999900001111:user/u'] }, 'is of another account'],
    [{ principals: ['arn:aws:iam::111122223333:root'] }, 'is not the ARN of a user or a role'],
  ])('%j is refused', (parameters, reason) => {
    expect(jobs(parameters)).toContain(reason);
  });

  test.each(['Data', 'a', 'a/b', 'data/*', 'data*', '..', 'UPPER'])(
    'bucket %s is refused',
    (bucket) => {
      expect(refusal({ activities: ['use-buckets'], parameters: { buckets: [bucket] } })).toMatch(
        /^buckets/,
      );
    },
  );

  test.each(['', 'a b', 'x'.repeat(55), 'a/b', '../x', 'a:b'])('the name %j is refused', (name) => {
    expect(refusal({ name, activities: ['invoke-endpoints'] })).toContain('name must have');
  });

  test('so many that the policies outgrow a role are refused', () => {
    const buckets = Array.from({ length: 100 }, (_, i) => `${'long-name'.repeat(6)}-${i}`);
    expect(refusal({ activities: ['use-buckets'], parameters: { buckets } })).toContain(
      'of 10240 that a role may have',
    );
  });
});

describe('the proof of a plan', () => {
  const bound = () =>
    planned({
      activities: ['manage-ml-jobs'],
      parameters: parametersOf(['passRoles', 'subnets', 'securityGroups']),
    });

  function failuresWith(change: (text: string) => string): readonly string[] {
    const plan = bound();
    const policies = Object.fromEntries(
      Object.entries(plan.policies).map(([name, text]) => [name, change(text)]),
    );
    const proof = proofOf({ ...plan, policies });
    if (!proof.ok) return [proof.reason];
    return failuresOf(proof.value);
  }

  test.each([
    ['the guard against absent keys', '"sagemaker:VpcSubnets": "false"', '"aws:username": "true"'],
    ['all subnets being asked about', 'ForAllValues', 'ForAnyValue'],
    ['the roles it may pass', 'role/SageMaker-compute', 'role/*'],
    ['the actions it needs', 'StopTransformJob', 'StopTransform'],
    ['the actions it must not have', 'sagemaker:StopTrainingJob', 'sagemaker:*'],
    ['the subnets', 'subnet-1', 'subnet-9'],
  ])('fails without %s', (_what, from, to) => {
    expect(bound().policies['manage-ml-jobs']).toContain(from);
    const failures = failuresWith((text) => text.replaceAll(from, to));
    expect(failures[0]).toMatch(/ on .* is not (allowed|refused)$/);
  });

  test('fails with one statement too many', () => {
    const wide = { Effect: 'Allow', Action: 'iam:*', Resource: '*' };
    const failures = failuresWith((text) => {
      const document = JSON.parse(text) as { Statement: object[] };
      return JSON.stringify({ ...document, Statement: [...document.Statement, wide] });
    });
    expect(failures.some((line) => line.includes('iam:CreateUser'))).toBe(true);
    expect(failuresWith((text) => text)).toEqual([]);
  });

  test('fails for a trust policy that lets in others', () => {
    const plan = bound();
    for (const trustPolicy of [
      plan.trustPolicy.replace('sagemaker.', 'ec2.'),
      plan.trustPolicy.replace(scope.account, '999900001111'),
      plan.trustPolicy.replace('{\n        "Service": "sagemaker.amazonaws.com"\n      }', '"*"'),
    ]) {
      expect(trustPolicy).not.toBe(plan.trustPolicy);
      const proof = proofOf({ ...plan, trustPolicy });
      if (!proof.ok) throw new Error(proof.reason);
      expect(failuresOf(proof.value).length).toBeGreaterThan(0);
    }
  });
});

describe('the difference to a role as it is', () => {
  const plan = () => planned({ activities: ['invoke-endpoints'] });

  test('of a new role is all of it', () => {
    const diff = diffOf(plan(), undefined);
    expect(diff.map(({ document, change }) => [document, change])).toEqual([
      ['trust policy', 'added'],
      ['invoke-endpoints', 'added'],
    ]);
    const text = diff[1]?.lines.map((line) => line.text).join('\n');
    expect(text).toBe(plan().policies['invoke-endpoints']);
    expect(diff[1]?.lines.every(({ sign }) => sign === '+')).toBe(true);
  });

  test('of the same role is nothing, however it was indented', () => {
    const { trustPolicy, policies } = plan();
    const compact = JSON.stringify(JSON.parse(policies['invoke-endpoints'] ?? ''));
    const diff = diffOf(plan(), { trustPolicy, policies: { 'invoke-endpoints': compact } });
    expect(diff.every(({ change, lines }) => change === 'same' && lines.length === 0)).toBe(true);
  });

  test('shows lines that come and go, and policies that are removed', () => {
    const { trustPolicy, policies } = plan();
    const old = (policies['invoke-endpoints'] ?? '').replace('"Invoke"', '"Earlier"');
    const diff = diffOf(plan(), {
      trustPolicy: 'not JSON',
      policies: { 'invoke-endpoints': old, stray: '{}' },
    });
    expect(diff.map(({ document, change }) => [document, change])).toEqual([
      ['trust policy', 'changed'],
      ['invoke-endpoints', 'changed'],
      ['stray', 'removed'],
    ]);
    const changed = diff[1]?.lines.filter(({ sign }) => sign !== ' ');
    expect(changed).toEqual([
      { sign: '-', text: '      "Sid": "Earlier",' },
      { sign: '+', text: '      "Sid": "Invoke",' },
    ]);
    expect(diff[0]?.lines[0]).toEqual({ sign: '-', text: 'not JSON' });
    expect(trustPolicy).toContain('sagemaker.amazonaws.com');
  });

  test('put back together gives both sides', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (numbers) => {
        const old = JSON.stringify({ Statement: numbers });
        const diff = diffOf(plan(), {
          trustPolicy: old,
          policies: {},
        }).find(({ document }) => document === 'trust policy');
        const side = (left: '+' | '-') =>
          diff?.lines
            .filter(({ sign }) => sign !== left)
            .map(({ text }) => text)
            .join('\n');
        expect(side('-')).toBe(plan().trustPolicy);
        expect(side('+')).toBe(JSON.stringify(JSON.parse(old), null, 2));
      }),
      { numRuns: 30 },
    );
  });
});
