/** Secrets in the environment of programs, and out of what programs say. */
import { describe, expect, test } from 'vitest';
import { isSecretReference, secretText, secretTextChecks } from './resolve.ts';
import { good, scope, setupSecrets, text, token } from './secrets.fixture.ts';

const caller = {
  ...{ accessKeyId: '', userId: 'AROA:s', account: scope.account },
  arn: 'arn:aws:sts::111122223333:assumed-role/r/s',
};

describe('the text', () => {
  test('is the current value, a member of it, or that of another version', async () => {
    const { secrets, make } = setupSecrets();
    const secret = await make('db', '{"user":"ann","port":5432,"__proto__x":1}');
    const put = { token: token('v2'), value: text('{"user":"bob"}') };
    good(await secrets.versions.put(secret, put));
    const ask = async (end: string) => {
      const answer = await secretText(secrets, `${secret.arn}${end}`, scope);
      return answer.ok ? answer.value : `refused: ${answer.reason}`;
    };
    expect(await ask('')).toBe('{"user":"bob"}');
    expect(await ask(':user::')).toBe('bob');
    expect(await ask(':user')).toBe('bob');
    expect(await ask(':user:AWSPREVIOUS:')).toBe('ann');
    expect(await ask(`:port::${token('v1')}`)).toBe('5432');
    for (const end of [':other::', ':toString::', ':__proto__::']) {
      expect(await ask(end)).toMatch(/^refused: .*not a JSON object with the member/);
    }
    expect(await ask(':user:NONE:')).toMatch(/^refused: .*staging label: NONE/);
    const short = await secretText(secrets, secret.arn.slice(0, -7), scope);
    expect(short).toEqual({ ok: true, value: '{"user":"bob"}' });
  });

  test('is refused without the value of what it is not', async () => {
    const { secrets, make } = setupSecrets();
    const plain = await make('plain', 'hunter2 is no json');
    const answers = [
      await secretText(secrets, `${plain.arn}:key::`, scope),
      await secretText(secrets, `${plain.arn}x`, scope),
      await secretText(secrets, 'plain', scope),
      await secretText(secrets, `${plain.arn}:a:b:c:d`, scope),
    ];
    const binary = { token: token('v2'), value: { ...text('abc'), form: 'bytes' as const } };
    good(await secrets.versions.put(plain, binary));
    answers.push(await secretText(secrets, plain.arn, scope));
    for (const answer of answers) {
      expect(answer.ok).toBe(false);
      expect(JSON.stringify(answer)).not.toContain('hunter2');
    }
  });

  test.each([
    ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:a', true],
    ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:a:k::', true],
    ['arn:aws:s3:::bucket', false],
    ['xarn:aws:secretsmanager:eu-west-1:111122223333:secret:a', false],
    ['hello', false],
  ])('%s: %s', (reference, expected) => {
    expect(isSecretReference(reference)).toBe(expected);
  });
});

describe('what the role needs', () => {
  test('is the right to the secret, by its policy too, and to its key', async () => {
    const { secrets, make, addKey } = setupSecrets();
    const key = await addKey();
    const secret = await make('db', 'one');
    const changed = good(
      await secrets.life.change(secret, (row) => ({
        ok: true,
        value: { ...row, keyId: key.id, policy: '{"Version":"2012-10-17"}' },
      })),
    );
    const asked = { reference: `${changed.arn}:user::`, scope, caller };
    const checks = await secretTextChecks(secrets, asked);
    if (!checks.ok) throw new Error(checks.reason);
    const [read, decrypt] = checks.value;
    expect(read).toMatchObject({
      action: 'secretsmanager:GetSecretValue',
      resource: secret.arn,
      owner: scope.account,
      keys: {
        'secretsmanager:versionstage': 'AWSCURRENT',
        'secretsmanager:secretid': secret.arn,
      },
    });
    expect(await read?.resourcePolicy?.()).toBe('{"Version":"2012-10-17"}');
    expect(decrypt).toMatchObject({
      action: 'kms:Decrypt',
      resource: key.arn,
      rule: 'key',
      keys: {
        'kms:viaservice': 'secretsmanager.eu-west-1.amazonaws.com',
        'kms:encryptioncontext:secretarn': secret.arn,
        'kms:encryptioncontext:secretversionid': token('v1'),
      },
    });
  });

  test('is asked of secrets that are not there, and refused for what is no reference', async () => {
    const { secrets } = setupSecrets();
    const reference = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:none-ABCDEF';
    const checks = await secretTextChecks(secrets, { reference, scope, caller });
    expect(checks).toMatchObject({ ok: true, value: [{ resource: reference }] });
    expect((await secretTextChecks(secrets, { reference: 'x', scope, caller })).ok).toBe(false);
  });
});

describe('what programs say', () => {
  test('is told without the values of the secret', async () => {
    const { secrets, make } = setupSecrets();
    const secret = await make('db', '{"user":"ann","password":"hunter2!","deep":[{"pin":123456}]}');
    const put = { token: token('v2'), value: text('plain-text') };
    good(await secrets.versions.put(secret, { ...put, labels: ['AWSPENDING'] }));
    const said = 'ann: hunter2! and 123456 and plain-text failed';
    expect(await secrets.masked(secret.arn, said)).toBe('ann: *** and *** and *** failed');
  });

  test('is told even when the values cannot be opened', async () => {
    const { secrets, addKey, setState } = setupSecrets();
    const key = await addKey();
    const first = { token: token('v1'), value: text('hunter2!') };
    const made = await secrets.life.create({ name: 's', scope, tags: [], keyId: key.arn, first });
    await setState(key, 'Disabled');
    expect(await secrets.masked(good(made).secret.arn, 'it failed')).toBe('it failed');
  });
});
