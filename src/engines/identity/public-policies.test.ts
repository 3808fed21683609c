/** The policies that every account has: found by ARN in any partition, and every one readable. */
import { expect, test } from 'vitest';
import { parsePolicy } from '../policy/parse.ts';
import {
  administratorPolicyArn,
  isPublicArn,
  publicPolicies,
  publicPolicy,
} from './public-policies.ts';

const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

test.each([
  'AdministratorAccess',
  'PowerUserAccess',
  'ReadOnlyAccess',
  'IAMFullAccess',
  'AmazonSageMakerFullAccess',
])('%s is there', (name) => {
  const policy = publicPolicy(`arn:aws:iam::aws:policy/${name}`);
  expect(policy).toMatchObject({ name, path: '/', attachable: true });
});

test('each has an ARN that finds it, an id of its own and a document', () => {
  const all = publicPolicies();
  expect(all.length).toBeGreaterThan(70);
  for (const policy of all) {
    expect(publicPolicy(policy.arn)).toBe(policy);
    expect(policy.id).toMatch(/^ANPA[A-Z2-7]{17}$/);
    expect(policy.version).toMatch(/^v\d+$/);
    expect(policy.updatedAtMs).toBeGreaterThanOrEqual(policy.createdAtMs);
    expect(parsePolicy(policy.document, 'identity')).toMatchObject({ ok: true });
  }
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const names = all.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
});

test('ids stay as they are', () => {
  expect(publicPolicy(administratorPolicyArn('aws'))?.id).toBe('ANPA7E7ALMTL67E5SJ2UQ');
});

test('other partitions have them under their own ARNs, which their documents use', () => {
  const chinese = publicPolicy(readOnly.replace('arn:aws:', 'arn:aws-cn:'));
  expect(chinese).toMatchObject({ name: 'ReadOnlyAccess', id: publicPolicy(readOnly)?.id });
  for (const { arn, document } of publicPolicies('aws-cn')) {
    expect(arn).toMatch(/^arn:aws-cn:iam::aws:policy\//);
    expect(document).not.toContain('"arn:aws:');
  }
});

test('what service-linked roles have cannot be attached', () => {
  const arn = 'arn:aws:iam::aws:policy/aws-service-role/CloudTrailServiceRolePolicy';
  expect(publicPolicy(arn)).toMatchObject({ attachable: false });
});

test.each([
  'arn:aws:iam::aws:policy/NoSuchPolicy',
  'arn:aws:iam::aws:policy/job-function/ReadOnlyAccess',
  'arn:aws:iam::111122223333:policy/ReadOnlyAccess',
  'arn:aws:iam:eu-west-1:aws:policy/ReadOnlyAccess',
  'arn:aws:s3::aws:policy/ReadOnlyAccess',
  'arn:AWS:iam::aws:policy/ReadOnlyAccess',
  'arn:elsewhere:iam::aws:policy/ReadOnlyAccess',
  'arn:aws:iam::aws:policy/__proto__',
  'arn:aws:iam::aws:policy/constructor',
  'ReadOnlyAccess',
  '',
])('%s is none', (arn) => {
  expect(publicPolicy(arn)).toBeUndefined();
});

test('made-up partitions do not fill the memory', () => {
  for (let i = 0; i < 100; i += 1) publicPolicies(`aws-${'x'.repeat(i % 20)}-y${i}`);
  const known = Array.from({ length: 26 }, (_, i) => `aws-${String.fromCharCode(97 + i)}`);
  const answered = known.filter((partition) => publicPolicies(partition).length > 0);
  expect(answered.length).toBeLessThanOrEqual(16);
  expect(publicPolicy(readOnly)?.name).toBe('ReadOnlyAccess');
});

test('whose a policy is, is told by its ARN', () => {
  expect(isPublicArn(readOnly)).toBe(true);
  expect(isPublicArn('arn:aws:iam::111122223333:policy/ReadOnlyAccess')).toBe(false);
});
