/** The routes of Role Manager with really signed requests: plans, writes, and who may. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compilePolicy } from '../engines/policy/compile.ts';
import { parsePolicy } from '../engines/policy/parse.ts';
import type { KeyPair } from './administrator.ts';
import { type RoleServer, startRoleServer, testAccount } from './role-manager.fixture.ts';
import type { RoleAnswer } from './role-plans.ts';
import { roleTag } from './role-plans.ts';

const nowMs = Date.UTC(2026, 4, 5, 12);
const planPath = '/_modelkeep/roles/plan';
const applyPath = '/_modelkeep/roles/apply';
let server: RoleServer;
let root: KeyPair;
let count = 0;
let name = '';

beforeAll(async () => {
  server = await startRoleServer(nowMs);
  root = await server.user('root', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
});
afterAll(() => server.close());
beforeEach(() => {
  count += 1;
  name = `r${count}`;
});

const compute = (bucket = 'data') => ({
  persona: 'sagemaker-compute',
  name,
  parameters: { buckets: [bucket] },
});

async function answered(path: string, body: object, keys = root): Promise<RoleAnswer> {
  const { status, body: said } = await server.post(keys, path, body);
  if (status !== 200) throw new Error(JSON.stringify(said));
  return said as RoleAnswer;
}

async function refused(path: string, body: object, keys = root): Promise<string> {
  const { status, body: said } = await server.post(keys, path, body);
  const { code, message } = (said as { error: { code: string; message: string } }).error;
  return `${status} ${code}: ${message}`;
}

describe('a plan', () => {
  test('shows the role, its difference and its proof, and writes nothing', async () => {
    const answer = await answered(planPath, compute());
    expect(answer.role).toEqual({
      name: `SageMaker-${name}`,
      arn: `arn:aws:iam::${testAccount}:role/SageMaker-${name}`,
      exists: false,
    });
    expect(answer.diff.map(({ change }) => change)).toEqual(['added', 'added']);
    expect(answer.proof.length).toBeGreaterThan(30);
    expect(answer.proof.every(({ holds }) => holds)).toBe(true);
    expect(await server.role(`SageMaker-${name}`)).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ name: 'x' }, '400 ValidationError: a role needs a persona or an activity'],
    [{ name: 7 }, '400 ValidationError: name must be a string'],
    [{ name: 'x', persona: 'boss' }, '400 ValidationError: there is no persona boss'],
    [{ name: 'x', activity: 'y' }, '400 ValidationError: unknown member activity'],
    [{ name: 'x', activities: 'y' }, '400 ValidationError: activities must be a list of strings'],
    [{ name: 'x', parameters: { bucket: [] } }, '400 ValidationError: unknown parameter bucket'],
    [{ name: 'x', parameters: { buckets: [1] } }, 'parameters.buckets must be a list of strings'],
    [{ name: '../x', activities: ['invoke-endpoints'] }, '400 ValidationError: name must have'],
    [{ name: 'x', adopt: 'yes' }, '400 ValidationError: adopt must be true or false'],
    [[], '400 ValidationError: the body must be a JSON object'],
  ])('for %j is refused', async (body, reason) => {
    expect(await refused(planPath, body)).toContain(reason);
  });

  test('of more bytes than a plan can have is refused', async () => {
    const long = { name: 'x', activities: ['y'.repeat(300_000)] };
    expect(await refused(planPath, long)).toContain('413 RequestTooLarge');
  });
});

describe('applying', () => {
  test('makes the role that was planned, and changes it', async () => {
    const plan = await answered(planPath, compute());
    await answered(applyPath, { ...compute(), digest: plan.digest });
    const made = await server.role(`SageMaker-${name}`);
    expect(made?.inline).toEqual(plan.plan.policies);
    expect(made?.trustPolicy).toBe(plan.plan.trustPolicy);
    expect(made?.id).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(made?.tags).toEqual({ [roleTag]: 'managed' });

    const other = { ...compute('other'), activities: ['invoke-endpoints'] };
    const change = await answered(planPath, other);
    expect(change.role).toMatchObject({ exists: true, managed: true });
    expect(change.diff.map(({ document, change: what }) => [document, what])).toEqual([
      ['trust policy', 'same'],
      ['access-required-services', 'changed'],
      ['invoke-endpoints', 'added'],
    ]);
    await answered(applyPath, other);
    const fewer = { name, activities: ['invoke-endpoints'] };
    await answered(applyPath, fewer);
    const changed = await server.role(`SageMaker-${name}`);
    expect(Object.keys(changed?.inline ?? {})).toEqual(['invoke-endpoints']);
    expect(changed?.id).toBe(made?.id);
  });

  test('what is not what was shown is refused', async () => {
    const plan = await answered(planPath, compute());
    const changed = { ...compute('other'), digest: plan.digest };
    expect(await refused(applyPath, changed)).toContain('409 PlanOutdated');
    await answered(applyPath, compute());
    expect(await refused(applyPath, { ...compute(), digest: plan.digest })).toContain('409');
  });

  test('leaves roles alone that were made by other means, until it is told to', async () => {
    const policies = { theirs: '{"Version":"2012-10-17","Statement":[]}' };
    await server.putRole(`SageMaker-${name}`, { inline: policies, tags: { team: 'ml' } });
    expect((await answered(planPath, compute())).role).toMatchObject({ managed: false });
    expect(await refused(applyPath, compute())).toContain('409 NotManaged');
    expect((await server.role(`SageMaker-${name}`))?.inline).toEqual(policies);
    await answered(applyPath, { ...compute(), adopt: true });
    const adopted = await server.role(`SageMaker-${name}`);
    expect(Object.keys(adopted?.inline ?? {})).toEqual(['access-required-services']);
    expect(adopted?.tags).toEqual({ team: 'ml', [roleTag]: 'managed' });
  });

  test('is refused where the proof would not be about all that the role may do', async () => {
    const attached = ['arn:aws:iam::aws:policy/AdministratorAccess'];
    await server.putRole(`SageMaker-${name}`, { attached });
    const body = { ...compute(), adopt: true };
    expect(await refused(applyPath, body)).toContain('409 HasManagedPolicies');
  });

  test('is refused for roles that belong to a service', async () => {
    await server.putRole(`SageMaker-${name}`, { linkedService: 'sagemaker.amazonaws.com' });
    const body = { ...compute(), adopt: true };
    expect(await refused(applyPath, body)).toContain('409 UnmodifiableEntity');
  });

  test('keeps whom it trusts by their unique ids, and refuses who is not there', async () => {
    const principal = (user: string) => `arn:aws:iam::${testAccount}:user/${user}`;
    const trusting = (user: string) => ({
      name,
      activities: ['invoke-endpoints'],
      parameters: { principals: [principal(user)] },
    });
    expect(await refused(applyPath, trusting('nobody'))).toContain('Invalid principal in policy');
    expect(await server.role(`SageMaker-${name}`)).toBeUndefined();
    await answered(applyPath, trusting('root'));
    const made = await server.role(`SageMaker-${name}`);
    expect(made?.trustedIds).toEqual({ [principal('root')]: 'AIDAROOT' });
    const trust = parsePolicy(made?.trustPolicy ?? '', 'trust');
    if (!trust.ok) throw new Error(trust.reason);
    const caller = { kind: 'user', account: testAccount, arn: principal('root') } as const;
    const question = {
      ...{ action: 'sts:AssumeRole', resource: made?.arn ?? '', principal: caller },
      key: () => undefined,
    };
    expect(compilePolicy(trust.value).apply(question).allows).toHaveLength(1);
  });
});

describe('who may', () => {
  const writing = [
    'iam:GetRole',
    'iam:GetRolePolicy',
    'iam:ListRolePolicies',
    'iam:CreateRole',
    'iam:TagRole',
    'iam:PutRolePolicy',
    'iam:DeleteRolePolicy',
    'iam:UpdateAssumeRolePolicy',
  ];

  test('plan and apply is decided by policies', async () => {
    const resource = `arn:aws:iam::${testAccount}:role/SageMaker-*`;
    const allow = (actions: readonly string[]) => [
      { Effect: 'Allow', Action: actions, Resource: resource },
    ];
    const none = await server.user('none', []);
    const seer = await server.user('seer', allow(writing.slice(0, 3)));
    expect(await refused(planPath, compute(), none)).toContain('403 AccessDenied');
    await answered(planPath, compute(), seer);
    expect(await refused(applyPath, compute(), seer)).toContain('iam:CreateRole');
    for (const [index, missing] of writing.entries()) {
      const rights = allow(writing.filter((one) => one !== missing));
      const keys = await server.user(`lacks${index}`, rights);
      expect(await refused(applyPath, compute(), keys)).toContain(missing);
    }
    expect(await server.role(`SageMaker-${name}`)).toBeUndefined();
    await answered(applyPath, compute(), await server.user('writer', allow(writing)));
    expect(await server.role(`SageMaker-${name}`)).toBeDefined();
  });

  test('is asked before what is asked for is looked at', async () => {
    const stranger = { accessKeyId: 'AKIASTRANGER0000', secretAccessKey: 'x'.repeat(20) };
    expect(await refused(planPath, [], stranger)).toContain('403 InvalidClientTokenId');
    const wrong = { ...root, secretAccessKey: 'not the secret of anybody' };
    expect(await refused(planPath, compute(), wrong)).toContain('403 SignatureDoesNotMatch');
  });

  test('must sign for this service, now, and this body', async () => {
    const late = await server.post(root, planPath, compute(), { nowMs: nowMs - 3_600_000 });
    expect(late.status).toBe(403);
    const other = await server.post(root, planPath, compute(), { service: 's3' });
    expect(other.status).toBe(403);
    const unsigned = await fetch(`${server.url}${planPath}`, {
      method: 'POST',
      body: JSON.stringify(compute()),
    });
    expect(unsigned.status).toBe(403);
    expect(await unsigned.text()).toContain('MissingAuthenticationToken');
  });

  test('is told of other routes that there are none', async () => {
    const get = await fetch(`${server.url}${planPath}`);
    expect(get.status).toBe(404);
  });
});
