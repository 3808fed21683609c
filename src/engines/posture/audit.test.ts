/** Every check: that it fires on what it is about, and is quiet where all is well. */
import { describe, expect, test } from 'vitest';
import { dayMs } from '../../kernel/clock.ts';
import { administratorPolicyArn } from '../identity/public-policies.ts';
import { auditOf, controls, isPassed, mostResources } from './audit.ts';
import {
  account,
  allow,
  arnOf,
  goodPasswords,
  Made,
  nowMs,
  policy,
  region,
  stranger,
  trusting,
} from './posture.fixture.ts';
import type { CheckRow } from './types.ts';

function audited(made: Made): readonly CheckRow[] {
  return auditOf(made, { nowMs, account, region });
}

function rowOf(id: string, made: Made): CheckRow {
  const row = audited(made).find((one) => one.id === id);
  if (!row) throw new Error(`no check ${id}`);
  return row;
}

const everybody = (more: object = {}) => ({
  ...{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' },
  ...more,
});

/** Id, what makes it fail, and what its evidence tells. */
const failing: readonly (readonly [id: string, told: RegExp, make: (made: Made) => unknown])[] = [
  [
    'privilege-escalation',
    /user\/eve can give itself any right: iam:PutUserPolicy on .*user\/eve/,
    (made) => made.user('eve', { inline: { p: policy(allow('iam:PutUserPolicy')) } }),
  ],
  [
    'privilege-escalation',
    /PASS_ROLE_AND_CREATE_TRAINING_JOB: .*iam:PassRole on .*role\/root, then sagemaker:CreateTr/,
    (made) => {
      made.role('root', { attached: [administratorPolicyArn('aws')] });
      const pass = allow('iam:PassRole', arnOf('role/root'));
      const rights = policy(pass, allow('sagemaker:CreateTrainingJob'));
      made.user('eve', { inline: { rights } });
    },
  ],
  [
    'privilege-escalation',
    /CREATE_ACCESS_KEY: .*iam:CreateAccessKey on .*user\/team\/bob/,
    (made) => {
      for (let i = 0; i < 300; i += 1) made.user(`a${i}`);
      made.user('bob', { arn: arnOf('user/team/bob') });
      const rights = policy(allow('iam:CreateAccessKey', arnOf('user/team/*')));
      made.role('helper', { inline: { rights } });
    },
  ],
  [
    'privilege-escalation-limited',
    /stays within its permissions boundary/,
    (made) => {
      const boundaryArn = made.managed('edge', policy(allow(['iam:PutUserPolicy', 's3:*'])));
      const inline = { p: policy(allow('iam:PutUserPolicy')) };
      made.user('eve', { inline, boundaryArn });
    },
  ],
  [
    'privilege-escalation-limited',
    /PASS_ROLE_AND_CREATE_PROCESSING_JOB/,
    (made) => {
      made.role('compute');
      const pass = allow('iam:PassRole', arnOf('role/compute'));
      const rights = policy(pass, allow('sagemaker:CreateProcessingJob'));
      made.user('ann', { inline: { rights } });
    },
  ],
  ['console-without-mfa', /password alone/, (made) => made.login('boss', { device: false })],
  ['root-access-keys', /root user/, (made) => made.key('AKIAROOT', '')],
  [
    'bootstrap-administrator',
    /key of the first start, of .*user\/administrator/,
    (made) => {
      made.users.clear();
      const attached = [administratorPolicyArn('aws')];
      made.user('administrator', { id: 'AIDAfirst', attached });
      made.key('AKIAFIRST', 'administrator');
      made.firstStart = { userId: 'AIDAfirst', accessKeyId: 'AKIAFIRST' };
    },
  ],
  [
    'access-keys-old',
    /user\/boss, made 91 days ago/,
    (made) => made.key('K', 'boss', { made: 91 }),
  ],
  [
    'access-keys-unused',
    /never used since it was made 91 days ago/,
    (made) => made.key('K', 'boss', { made: 91, used: -1 }),
  ],
  [
    'access-keys-unused',
    /last used 100 days ago/,
    (made) => made.key('K', 'boss', { made: 200, used: 100 }),
  ],
  ['access-keys-two', /active: AKIABOSS, K/, (made) => made.key('K', 'boss')],
  ['password-policy', /no password policy/, (made) => made.accounts.clear()],
  [
    'password-policy',
    /at least 8 characters, not 14, symbols are not required, the last 0/,
    (made) => {
      const { reusePrevention: _, ...rest } = goodPasswords;
      const passwordPolicy = { ...rest, minimumLength: 8, requireSymbols: false };
      made.accounts.set(account, { passwordPolicy });
    },
  ],
  [
    'roles-unused',
    /last used 91 days ago/,
    (made) =>
      made.role('old', {
        trustPolicy: trusting({ AWS: arnOf('user/boss') }),
        createdAtMs: nowMs - 200 * dayMs,
        lastUsed: { atMs: nowMs - 91 * dayMs, region },
      }),
  ],
  [
    'roles-trust-everybody',
    /TRUST_EVERYBODY/,
    (made) => made.role('open', { trustPolicy: trusting('*') }),
  ],
  [
    'roles-trust-accounts',
    /999988887777, without an external id/,
    (made) => made.role('guest', { trustPolicy: trusting({ AWS: stranger }) }),
  ],
  [
    'policies-unattached',
    /nobody has it/,
    (made) => made.managed('spare', policy(allow('s3:GetObject', 'arn:aws:s3:::b/*'))),
  ],
  [
    'policy-holes',
    /version v1, statement 1: STAR_ON_STAR/,
    (made) => made.managed('all', policy(allow('*'))),
  ],
  [
    'policy-holes',
    /inline policy p, statement 1: PASS_ROLE/,
    (made) => made.group('g', { inline: { p: policy(allow('iam:PassRole')) } }),
  ],
  [
    'policy-errors',
    /INVALID_ACTION/,
    (made) => made.user('u', { inline: { p: policy(allow('s3:GetObjekt')) } }),
  ],
  [
    'policy-warnings',
    /trust policy, statement 1: RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL/,
    (made) => made.role('r', { trustPolicy: trusting({ Service: 'sagemaker.amazonaws.com' }) }),
  ],
  [
    'policy-suggestions',
    /REDUNDANT/,
    (made) =>
      made.user('u', {
        inline: { p: policy(allow(['s3:GetObject', 's3:Get*'], 'arn:aws:s3:::b/*')) },
      }),
  ],
  [
    'policies-unreadable',
    /refused everything: .*gone: there is no policy/,
    (made) => made.user('u', { attached: [arnOf('policy/gone')] }),
  ],
  [
    'public-resources',
    /PUBLIC_ACCESS/,
    (made) => made.shared.push({ arn: 'q', account, policy: policy(everybody()) }),
  ],
  [
    'public-access-block',
    /not set: BlockPublicPolicy/,
    (made) => made.bucket('b', { publicAccess: { open: ['BlockPublicPolicy'], restricted: true } }),
  ],
  [
    'direct-policies',
    /has by itself: p/,
    (made) => made.user('u', { inline: { p: policy(allow('s3:GetObject', 'arn:aws:s3:::b/*')) } }),
  ],
  ['administrators', /^$/, (made) => made.groups.clear()],
];

describe('a check', () => {
  test.each(failing)('%s fails: %s', (id, told, make) => {
    expect(rowOf(id, new Made()).status).toBe('passed');
    const made = new Made();
    make(made);
    const row = rowOf(id, made);
    expect(row.status).toBe('failed');
    expect(row.resources.map(({ detail }) => detail).join('\n')).toMatch(told);
    expect(row.count).toBe(row.resources.length);
  });

  test('each of them is tried here', () => {
    expect(new Set(failing.map(([id]) => id))).toEqual(new Set(controls.map(({ id }) => id)));
  });

  /** Id, and what looks like a failure of it and is none. */
  const quiet: readonly (readonly [id: string, why: string, make: (made: Made) => unknown])[] = [
    ['access-keys-old', '90 days', (made) => made.key('K', 'boss', { made: 90 })],
    [
      'access-keys-unused',
      'inactive',
      (made) => {
        made.key('K', 'boss', { made: 200, used: -1 });
        const row = made.accessKeys.get('K');
        if (row) made.accessKeys.set('K', { ...row, status: 'Inactive' });
      },
    ],
    ['console-without-mfa', 'a device', (made) => made.login('boss', { device: true })],
    [
      'roles-unused',
      'that jobs used',
      (made) =>
        made.role('compute', {
          createdAtMs: nowMs - 200 * dayMs,
          lastUsed: { atMs: nowMs - dayMs, region },
        }),
    ],
    [
      'roles-trust-accounts',
      'its own account, and unique ids',
      (made) => {
        made.role('a', { trustPolicy: trusting({ AWS: [account, arnOf('user/boss')] }) });
        made.role('b', { trustPolicy: trusting({ AWS: 'AIDAAAAAAAAAAAAAAAAAA' }) });
      },
    ],
    [
      'public-resources',
      'the owner itself, and what the block keeps out',
      (made) => {
        const Condition = { StringEquals: { 'AWS:SourceOwner': account } };
        made.shared.push({ arn: 't', account, policy: policy(everybody({ Condition })) });
        made.bucket('b', { policy: policy(everybody({ Action: 's3:GetObject' })) });
      },
    ],
    [
      'privilege-escalation',
      'a denial, and administrators',
      (made) => {
        const deny = { Effect: 'Deny', Action: 'iam:*', Resource: '*' };
        made.user('u', { inline: { p: policy(allow('iam:PutUserPolicy'), deny) } });
        const factor = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
        made.user('v', { inline: { p: policy(allow('*', '*', { Condition: factor })) } });
      },
    ],
  ];

  test.each(quiet)('%s is quiet: %s', (id, _why, make) => {
    const made = new Made();
    make(made);
    expect(rowOf(id, made)).toMatchObject({ status: 'passed', resources: [] });
  });

  test('administrators are listed, by themselves and by groups, roles as well', () => {
    const made = new Made();
    made.role('root', { attached: [administratorPolicyArn('aws')] });
    const limit = made.managed('limit', policy(allow('s3:*')));
    made.user('held', { attached: [administratorPolicyArn('aws')], boundaryArn: limit });
    const row = rowOf('administrators', made);
    expect(row.status).toBe('passed');
    const found = row.resources.map(({ resource }) => resource);
    expect(found).toEqual([arnOf('role/root'), arnOf('user/boss')]);
  });
});

describe('an audit', () => {
  test('is passed unless something of high severity failed', () => {
    const made = new Made();
    made.accounts.clear();
    expect(isPassed(audited(made))).toBe(true);
    made.key('AKIAROOT', '');
    expect(isPassed(audited(made))).toBe(false);
  });

  test('does not say that all is well in what it has not read', () => {
    const made = new Made();
    made.cut.push('identity/users');
    made.key('AKIAROOT', '');
    expect(rowOf('access-keys-old', made).status).toBe('unknown');
    expect(rowOf('root-access-keys', made).status).toBe('failed');
    expect(rowOf('administrators', made).status).toBe('passed');
  });

  test('shows the first of many, in order, the same each time', () => {
    const made = new Made();
    for (let i = 0; i < mostResources + 5; i += 1) made.key(`K${i}`, 'boss', { made: 100 });
    const row = rowOf('access-keys-old', made);
    expect(row.count).toBe(mostResources + 5);
    expect(row.resources.length).toBe(mostResources);
    const ids = row.resources.map(({ resource }) => resource);
    expect(ids).toEqual([...ids].sort());
    expect(audited(made)).toEqual(audited(made));
  });
});
