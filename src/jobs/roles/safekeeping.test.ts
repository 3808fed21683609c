/** Keys and secrets as a role may use them, over the engines that keep them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { allow, type Bench, bench, policy } from '../../engines/access/access.fixture.ts';
import { good, scope, text, token } from '../../engines/secrets/secrets.fixture.ts';
import { Roles } from './roles.fixture.ts';
import { keptFor } from './safekeeping.fixture.ts';
import { makeSafekeeping } from './safekeeping.ts';

let roles: Roles;
let kept: ReturnType<typeof keptFor>;
beforeEach(() => {
  roles = new Roles();
  kept = keptFor(roles, memoryMetadataStore());
});

const roleArn = 'arn:aws:iam::111122223333:role/job';
const acting = { roleArn, who: 'the job', scope, sourceArn: 'arn' };
const open = (environment: Record<string, string>) =>
  kept.safekeeping.environment(acting, environment);
const reasonOf = async (environment: Record<string, string>) => {
  const opened = await open(environment);
  return opened.ok ? 'it was opened' : opened.reason;
};

describe('an environment', () => {
  test('without secrets asks for nothing, not even a role', async () => {
    const environment = { A: '1', B: '{{x}}' };
    const opened = await kept.safekeeping.environment(
      { ...acting, roleArn: undefined },
      environment,
    );
    expect(opened).toMatchObject({ ok: true, value: { values: environment } });
    expect(roles.asked).toEqual([]);
  });

  test('gets what it names in the place of the reference, and nothing else changes', async () => {
    const { arn } = await kept.make('db', '{"user":"ann","pw":"p{{resolve:ssm:x}}w"}');
    const plain = await kept.make('plain', 'first');
    good(await kept.secrets.versions.put(plain, { token: token('v2'), value: text('second') }));
    const opened = await open({
      A: '1',
      URL: '{{resolve:secretsmanager:db:SecretString:user}}:{{resolve:secretsmanager:db::pw}}@h',
      ARN: `{{resolve:secretsmanager:${arn}::user}}`,
      NOW: '{{resolve:secretsmanager:plain}}{{resolve:secretsmanager:plain}}',
      BEFORE: '{{resolve:secretsmanager:plain:SecretString::AWSPREVIOUS}}',
      FIRST: `{{resolve:secretsmanager:plain::::${token('v1')}}}`,
    });
    expect(opened.ok && opened.value.values).toEqual({
      A: '1',
      URL: 'ann:p{{resolve:ssm:x}}w@h',
      ARN: 'ann',
      NOW: 'secondsecond',
      BEFORE: 'first',
      FIRST: 'first',
    });
  });

  test('is opened by the right of the role, key and all', async () => {
    const key = await kept.addKey();
    const first = { token: token('v1'), value: text('hunter2') };
    good(await kept.secrets.life.create({ name: 's', scope, tags: [], keyId: key.id, first }));
    const environment = { TOKEN: '{{resolve:secretsmanager:s}}' };
    expect((await open(environment)).ok).toBe(true);
    expect(roles.asked.map(({ action }) => action)).toEqual([
      'secretsmanager:GetSecretValue',
      'kms:Decrypt',
    ]);
    for (const denied of ['secretsmanager:GetSecretValue', 'kms:Decrypt']) {
      roles.mayDo = ({ action }) => action !== denied;
      expect(await reasonOf(environment)).toMatch(
        `ClientError: the environment variable TOKEN: AccessDenied (403): User: ${roleArn} is ` +
          `not authorized to perform: ${denied} on resource: arn:`,
      );
    }
    roles.mayDo = () => true;
    await kept.setState(key, 'Disabled');
    expect(await reasonOf(environment)).toMatch(/variable TOKEN: .*is disabled/);
    roles.gone.add(roleArn);
    expect(await reasonOf(environment)).toContain(`Could not assume role ${roleArn}`);
  });

  test('of a secret that cannot be had says which variable, and no value', async () => {
    const plain = await kept.make('plain', 'hunter2 is no json');
    await kept.make('nul', 'hunter2\0');
    await kept.make('long', 'hunter2'.repeat(9_000));
    good(await kept.secrets.life.scheduleDeletion(await kept.make('old', 'hunter2'), 7));
    const binary = { token: token('v2'), value: { ...text('abc'), form: 'bytes' as const } };
    good(await kept.secrets.versions.put(await kept.make('binary'), binary));
    const long = '{{resolve:secretsmanager:long}}';
    for (const [value, reason] of [
      ['{{resolve:secretsmanager:gone}}', /can't find the specified secret/],
      ['{{resolve:secretsmanager:plain::key}}', /not a JSON object with the member key/],
      ['{{resolve:secretsmanager:plain:::NONE}}', /staging label: NONE/],
      ['{{resolve:secretsmanager:nul}}', /a character of code 0/],
      [`${long}${long}`, /more than \d+ bytes/],
      ['{{resolve:secretsmanager:old}}', /marked (for deletion|deleted)/],
      ['{{resolve:secretsmanager:binary}}', /binary, not text/],
      ['{{resolve:ssm:x}}', /only secretsmanager/],
    ] as const) {
      const told = await reasonOf({ A: '1', TOKEN: value });
      expect(told).toMatch(/^ClientError: the environment variable TOKEN: /);
      expect(told).toMatch(reason);
      expect(told).not.toContain('hunter2');
    }
    expect(plain.name).toBe('plain');
    const many = Object.fromEntries(
      Array.from({ length: 61 }, (_, i) => [`V${i}`, '{{resolve:secretsmanager:plain}}']),
    );
    expect(await reasonOf(many)).toMatch(/more than 60 dynamic references/);
  });

  test('knows its secrets in what the program says', async () => {
    await kept.make('db', '{"user":"ann","pw":"hunter2-hunter2","deep":["line \\"one\\""]}');
    await kept.make('pem', 'BEGIN-KEY\nabcdefgh\nEND');
    await kept.make('pin', '123');
    const opened = await open({
      DB: '{{resolve:secretsmanager:db}}',
      PEM: '{{resolve:secretsmanager:pem}}',
      PIN: '{{resolve:secretsmanager:pin}}',
    });
    if (!opened.ok) throw new Error(opened.reason);
    const { masked } = opened.value;
    expect(masked('ann used hunter2-hunter2: line "one"')).toBe('ann used ***: ***');
    expect(masked('["line \\"one\\""]')).toBe('["***"]');
    expect(masked('BEGIN-KEY')).toBe('***');
    expect(masked('> abcdefgh <')).toBe('> *** <');
    expect(masked('123 records, END')).toBe('123 records, END');
  });
});

describe('the keys of a job', () => {
  const ready = async (wanted: { volumeKeyId?: string; outputKeyId?: string }) => {
    const answer = await kept.safekeeping.ready(acting, wanted);
    return answer.ok ? 'ready' : answer.reason;
  };

  test('are usable by id and ARN; that of the volume is lent by the role', async () => {
    const key = await kept.addKey();
    expect(await ready({})).toBe('ready');
    expect(roles.asked).toEqual([]);
    expect(await ready({ outputKeyId: key.arn })).toBe('ready');
    expect(roles.asked).toEqual([]);
    expect(await ready({ volumeKeyId: key.id })).toBe('ready');
    expect(roles.asked).toMatchObject([
      {
        action: 'kms:CreateGrant',
        resource: key.arn,
        rule: 'key',
        keys: {
          'kms:grantisforawsresource': true,
          'kms:viaservice': 'sagemaker.eu-west-1.amazonaws.com',
        },
      },
    ]);
    roles.mayDo = () => false;
    expect(await ready({ volumeKeyId: key.id })).toMatch(
      `ClientError: VolumeKmsKeyId: could not use the KMS key ${key.id}: AccessDenied (403): ` +
        `User: ${roleArn} is not authorized to perform: kms:CreateGrant on resource: ${key.arn}`,
    );
  });

  test.each(['Disabled', 'PendingDeletion', 'PendingImport'] as const)(
    'do not serve while they are %s',
    async (state) => {
      const key = await kept.addKey();
      await kept.setState(key, state);
      for (const member of ['volumeKeyId', 'outputKeyId']) {
        expect(await ready({ [member]: key.arn })).toMatch(/^ClientError: .*could not use the KMS/);
      }
      await kept.setState(key, 'Enabled');
      expect(await ready({ volumeKeyId: key.arn, outputKeyId: key.arn })).toBe('ready');
    },
  );

  test('that are not there are told of; of another region only the write knows', async () => {
    const gone = 'arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012';
    for (const keyId of [gone, 'alias/none', 'k']) {
      expect(await ready({ volumeKeyId: keyId })).toContain(`could not use the KMS key ${keyId}`);
      expect(await ready({ outputKeyId: keyId })).toContain(`could not use the KMS key ${keyId}`);
    }
    const elsewhere = gone.replace('eu-west-1', 'us-east-1');
    expect(await ready({ outputKeyId: elsewhere })).toBe('ready');
    expect(await ready({ volumeKeyId: elsewhere })).toContain('could not use the KMS key');
  });
});

describe('with policies', () => {
  let b: Bench;
  beforeEach(() => {
    b = bench();
  });

  const trustPolicy = policy({
    Effect: 'Allow',
    Principal: { Service: 'sagemaker.amazonaws.com' },
    Action: 'sts:AssumeRole',
  });

  async function meansWith(...statements: readonly object[]) {
    const inline = { p: policy(...(statements as never[])) };
    const { arn } = await b.role('job', { trustPolicy, inline });
    const { keys, secrets } = kept;
    const safekeeping = makeSafekeeping({ access: b.access, clock: b.clock, keys, secrets });
    return { safekeeping, as: { ...acting, roleArn: arn } };
  }

  test('a role reads the secrets that it is given, and no other', async () => {
    const mine = await kept.make('mine', 'hunter2');
    await kept.make('other', 'hunter3');
    const { safekeeping, as } = await meansWith(allow('secretsmanager:GetSecretValue', mine.arn));
    const opened = await safekeeping.environment(as, { A: '{{resolve:secretsmanager:mine}}' });
    expect(opened.ok && opened.value.values).toEqual({ A: 'hunter2' });
    const refused = await safekeeping.environment(as, { A: '{{resolve:secretsmanager:other}}' });
    expect(refused.ok ? '' : refused.reason).toContain('secretsmanager:GetSecretValue');
    // Who may not read a secret is not told whether there is one.
    const none = await safekeeping.environment(as, { A: '{{resolve:secretsmanager:none}}' });
    expect(none.ok ? '' : none.reason).toContain('is not authorized to perform');
  });

  test('a key is lent by a role that may, for the service alone', async () => {
    const key = await kept.addKey(
      policy({
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 'kms:*',
        Resource: '*',
      }),
    );
    const { safekeeping, as } = await meansWith(
      allow('kms:CreateGrant', key.arn, {
        Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
      }),
    );
    expect(await safekeeping.ready(as, { volumeKeyId: key.arn })).toEqual({
      ok: true,
      value: undefined,
    });
    const other = await kept.addKey(policy({ Effect: 'Deny', Principal: '*', Action: 'kms:*' }));
    expect((await safekeeping.ready(as, { volumeKeyId: other.arn })).ok).toBe(false);
  });
});
