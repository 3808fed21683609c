/** Grants: what they let their grantees do, who may make and end them, and what they may say. */
import { describe, expect, test } from 'vitest';
import {
  allow,
  codeOf,
  policy,
  refusal,
  root,
  rootArn,
  setup,
  startMs,
  stranger,
  toAccount,
} from './kms.fixture.ts';

interface Made {
  readonly GrantId: string;
  readonly GrantToken: string;
}

async function start(keyMore: object = {}) {
  const made = setup();
  const { KeyId, Arn } = await made.create(keyMore);
  const guest = await made.user('guest');
  const grant = (more: object = {}, caller = root) =>
    made.run<Made>(
      'CreateGrant',
      { KeyId: Arn, GranteePrincipal: guest.arn, Operations: ['Decrypt'], ...more },
      caller,
    );
  const list = async (more: object = {}) =>
    (await made.run<{ Grants: Record<string, unknown>[] }>('ListGrants', { KeyId, ...more }))
      .Grants;
  const can = (operation: string, context?: Record<string, string>, caller = guest) =>
    made.may(caller, Arn, { action: `kms:${operation}`, ...(context && { context }) });
  return { ...made, KeyId, Arn, guest, grant, list, can };
}

test('a grant lets its grantee do just that, at once, until it is revoked', async () => {
  const { run, grant, list, can, KeyId, Arn, guest } = await start();
  expect(await can('Decrypt')).toBe(false);
  const { GrantId, GrantToken } = await grant({ Name: 'job' });
  expect(GrantId).toMatch(/^[0-9a-f]{64}$/);
  expect(GrantToken.length).toBeGreaterThan(0);
  expect(await can('Decrypt')).toBe(true);
  expect(await can('Encrypt')).toBe(false);
  expect(await list()).toEqual([
    {
      ...{ KeyId: Arn, GrantId, Name: 'job', CreationDate: new Date(startMs) },
      ...{ GranteePrincipal: guest.arn, IssuingAccount: rootArn, Operations: ['Decrypt'] },
    },
  ]);
  await run('RevokeGrant', { KeyId, GrantId });
  expect(await can('Decrypt')).toBe(false);
  expect(await list()).toEqual([]);
  expect(await codeOf(run('RevokeGrant', { KeyId, GrantId }))).toBe('NotFoundException');
});

test('a grant does not help where the key policy denies', async () => {
  const { grant, can, run, KeyId, guest } = await start();
  await grant();
  const deny = { ...allow('kms:Decrypt', { Principal: { AWS: guest.arn } }), Effect: 'Deny' };
  await run('PutKeyPolicy', { KeyId, Policy: policy(toAccount, deny) });
  expect(await can('Decrypt')).toBe(false);
});

test.each([
  ['a role, for its sessions', true],
  ['a session alone', true],
  ['an account', true],
])('a grantee may be %s', async (what, expected) => {
  const { grant, can, role } = await start();
  const worker = await role('worker');
  const names = {
    'a role, for its sessions': worker.session?.issuerArn,
    'a session alone': worker.arn,
    'an account': stranger.arn,
  };
  await grant({ GranteePrincipal: names[what as keyof typeof names] });
  const caller = what === 'an account' ? stranger : worker;
  expect(await can('Decrypt', undefined, caller)).toBe(expected);
  expect(await can('Decrypt')).toBe(false);
});

test('a grant to a deleted user is not one to who comes under the same name', async () => {
  const { grant, can, forgetUser, remake } = await start();
  await grant();
  await forgetUser('guest');
  expect(await can('Decrypt', undefined, await remake('guest', 'AIDAANOTHER00000000'))).toBe(false);
});

describe('constraints', () => {
  const context = { Tenant: 'a', Stage: 'b' };

  test.each([
    ['the same', context, true, true],
    ['more', { ...context, More: 'c' }, true, false],
    ['less', { Tenant: 'a' }, false, false],
    ['other values', { ...context, Stage: 'c' }, false, false],
    ['names in another case', { tenant: 'a', Stage: 'b' }, false, false],
    ['none', undefined, false, false],
  ] as const)('%s', async (_what, given, subset, equals) => {
    const inner = await start();
    await inner.grant({ Constraints: { EncryptionContextSubset: context } });
    expect(await inner.can('Decrypt', given)).toBe(subset);
    const outer = await start();
    await outer.grant({ Constraints: { EncryptionContextEquals: context } });
    expect(await outer.can('Decrypt', given)).toBe(equals);
  });

  test('are for operations that take a context', async () => {
    const { grant, can } = await start();
    const Operations = ['Decrypt', 'DescribeKey'];
    await grant({ Operations, Constraints: { EncryptionContextEquals: context } });
    expect(await can('DescribeKey')).toBe(true);
  });

  test('are words, not variables', async () => {
    const { grant, can } = await start();
    const words = { EncryptionContextEquals: { user: '${aws:username}' } };
    await grant({ Constraints: words });
    expect(await can('Decrypt', { user: 'guest' })).toBe(false);
    expect(await can('Decrypt', { user: '${aws:username}' })).toBe(true);
  });

  test('are told', async () => {
    const { grant, list } = await start();
    const Constraints = { EncryptionContextSubset: context };
    await grant({ Constraints });
    expect(await list()).toMatchObject([{ Constraints }]);
  });
});

describe('a grantee who may make grants', () => {
  const Operations = ['Decrypt', 'CreateGrant'];

  test('gives no more than it has', async () => {
    const { grant, can, user, guest } = await start();
    await grant({ Operations });
    const friend = await user('friend');
    const pass = (more: object) => grant({ GranteePrincipal: friend.arn, ...more }, guest);
    expect(await codeOf(pass({ Operations: ['Encrypt'] }))).toBe('AccessDeniedException');
    expect(await codeOf(pass({ Operations: ['Decrypt', 'Encrypt'] }))).toBe(
      'AccessDeniedException',
    );
    await pass({});
    expect(await can('Decrypt', undefined, friend)).toBe(true);
  });

  test('keeps the constraint it has', async () => {
    const { grant, user, guest } = await start();
    const context = { Tenant: 'a' };
    await grant({ Operations, Constraints: { EncryptionContextEquals: context } });
    const friend = await user('friend');
    const pass = (Constraints?: object) =>
      grant({ GranteePrincipal: friend.arn, ...(Constraints && { Constraints }) }, guest);
    const denied = 'AccessDeniedException';
    expect(await codeOf(pass())).toBe(denied);
    expect(await codeOf(pass({ EncryptionContextSubset: context }))).toBe(denied);
    expect(await codeOf(pass({ EncryptionContextEquals: { Tenant: 'b' } }))).toBe(denied);
    await pass({ EncryptionContextEquals: context });
  });
});

describe('retiring', () => {
  test('by the principal that may, by token or by id', async () => {
    const { run, grant, user, list, KeyId, Arn } = await start();
    const closer = await user('closer');
    const RetiringPrincipal = closer.arn;
    const { GrantToken } = await grant({ RetiringPrincipal });
    const { GrantId } = await grant({ RetiringPrincipal });
    const other = await grant();
    const listed = await run('ListRetirableGrants', { RetiringPrincipal });
    expect(listed).toMatchObject({ Grants: [{ RetiringPrincipal }, { RetiringPrincipal }] });
    await run('RetireGrant', { GrantToken }, closer);
    await run('RetireGrant', { KeyId: Arn, GrantId }, closer);
    const denied = run('RetireGrant', { KeyId, GrantId: other.GrantId }, closer);
    expect(await codeOf(denied)).toBe('AccessDeniedException');
    expect(await list()).toHaveLength(1);
  });

  test('by a grantee whose grant says so, of that grant alone', async () => {
    const { run, grant, guest } = await start();
    const own = await grant({ Operations: ['Decrypt', 'RetireGrant'] });
    const other = await grant({ Operations: ['Decrypt'] });
    const retire = ({ GrantToken }: Made) => run('RetireGrant', { GrantToken }, guest);
    expect(await codeOf(retire(other))).toBe('AccessDeniedException');
    await retire(own);
    expect(await codeOf(run('RetireGrant', { GrantToken: own.GrantToken }))).toBe(
      'NotFoundException',
    );
  });

  test.each([
    ['nothing', {}, 'ValidationException'],
    ['a key alone', { KeyId: 'alias/x' }, 'ValidationException'],
    ['both ways', { GrantToken: 'x', GrantId: 'a'.repeat(64) }, 'ValidationException'],
    ['no token', { GrantToken: 'bm90IGEgdG9rZW4=' }, 'InvalidGrantTokenException'],
  ])('of %s is refused', async (_what, input, code) => {
    const { run } = await start();
    expect(await codeOf(run('RetireGrant', input))).toBe(code);
  });
});

test('the same request under the same name makes one grant', async () => {
  const { grant, list } = await start();
  const first = await grant({ Name: 'n', Operations: ['Decrypt', 'Encrypt'] });
  const again = await grant({ Name: 'n', Operations: ['Encrypt', 'Decrypt'] });
  expect(again.GrantId).toBe(first.GrantId);
  const other = await grant({ Name: 'n' });
  expect(other.GrantId).not.toBe(first.GrantId);
  await grant();
  await grant();
  expect(await list()).toHaveLength(4);
});

test('a list is in pages, by id and by grantee', async () => {
  const { run, grant, list, user, KeyId } = await start();
  const friend = await user('friend');
  const { GrantId } = await grant({ GranteePrincipal: friend.arn });
  for (let n = 0; n < 3; n += 1) await grant();
  expect(await list({ GrantId })).toHaveLength(1);
  expect(await list({ GranteePrincipal: friend.arn })).toMatchObject([{ GrantId }]);
  const seen: unknown[] = [];
  let Marker: unknown;
  do {
    const page: Record<string, unknown> = await run('ListGrants', {
      KeyId,
      Limit: 3,
      ...(Marker === undefined ? {} : { Marker }),
    });
    seen.push(...(page['Grants'] as unknown[]));
    Marker = page['NextMarker'];
  } while (Marker !== undefined);
  expect(seen).toHaveLength(4);
});

test('a try changes nothing', async () => {
  const { run, grant, list, KeyId } = await start();
  expect(await codeOf(grant({ DryRun: true }))).toBe('DryRunOperationException');
  expect(await list()).toEqual([]);
  const { GrantId } = await grant();
  const revoke = run('RevokeGrant', { KeyId, GrantId, DryRun: true });
  expect(await codeOf(revoke)).toBe('DryRunOperationException');
  const retire = run('RetireGrant', { KeyId, GrantId, DryRun: true });
  expect(await codeOf(retire)).toBe('DryRunOperationException');
  expect(await list()).toHaveLength(1);
});

describe('a grant to a service', () => {
  const GranteeServicePrincipal = 'sagemaker.amazonaws.com';
  const SourceArn = 'arn:aws:sagemaker:eu-west-1:111122223333:training-job/x';
  const whole = {
    ...{ GranteePrincipal: undefined, GranteeServicePrincipal },
    ...{ Constraints: { SourceArn }, RetiringServicePrincipal: GranteeServicePrincipal },
  };

  test('is for the one resource', async () => {
    const { grant, list, may, Arn } = await start();
    await grant(whole);
    expect(await list()).toMatchObject([{ GranteeServicePrincipal, Constraints: { SourceArn } }]);
    const service = {
      ...{ accessKeyId: '', arn: '', userId: GranteeServicePrincipal },
      ...{ account: '111122223333', service: GranteeServicePrincipal },
    };
    const need = (arn: string) => ({ action: 'kms:Decrypt', keys: { 'aws:sourcearn': arn } });
    expect(await may(service, Arn, need(SourceArn))).toBe(true);
    expect(await may(service, Arn, need(`${SourceArn}y`))).toBe(false);
  });

  test.each([
    ['no resource', { Constraints: undefined }],
    ['nobody to end it', { RetiringServicePrincipal: undefined }],
    ['a grantee besides', { GranteePrincipal: rootArn }],
    ['no service', { GranteeServicePrincipal: 'mine' }],
  ])('is refused with %s', async (_what, more) => {
    const { grant } = await start();
    expect(await codeOf(grant({ ...whole, ...more }))).toBe('ValidationException');
  });
});

describe('is refused', () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`k${n}`, 'v']));
  test.each([
    ['no operation', { Operations: [] }, 'ValidationException'],
    ['an operation of other keys', { Operations: ['Sign'] }, 'ValidationException'],
    ['no grantee', { GranteePrincipal: undefined }, 'ValidationException'],
    ['a grantee that is not', { GranteePrincipal: `${rootArn}x` }, 'InvalidArnException'],
    ['a grantee with no ARN', { GranteePrincipal: 'guest' }, 'InvalidArnException'],
    ['no such retiring principal', { RetiringPrincipal: 'guest' }, 'InvalidArnException'],
    [
      'two constraints',
      { Constraints: { EncryptionContextSubset: { a: 'b' }, EncryptionContextEquals: { a: 'b' } } },
      'ValidationException',
    ],
    ['an empty one', { Constraints: { EncryptionContextSubset: {} } }, 'ValidationException'],
    ['too many pairs', { Constraints: { EncryptionContextSubset: many } }, 'ValidationException'],
    [
      'too long a value',
      { Constraints: { EncryptionContextEquals: { a: 'x'.repeat(384) } } },
      'ValidationException',
    ],
    ['no such key', { KeyId: '12345678-1234-1234-1234-123456789012' }, 'NotFoundException'],
  ])('%s', async (_what, more, code) => {
    const { grant } = await start();
    expect(await codeOf(grant(more))).toBe(code);
  });

  test('a context on a key that takes none', async () => {
    const { grant } = await start({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const Operations = ['GenerateMac'];
    await grant({ Operations });
    const bound = grant({ Operations, Constraints: { EncryptionContextEquals: { a: 'b' } } });
    expect(await codeOf(bound)).toBe('ValidationException');
  });

  test('an id that is none', async () => {
    const { run, KeyId } = await start();
    const refused = await refusal(run('RevokeGrant', { KeyId, GrantId: 'x' }));
    expect(refused).toMatchObject({ code: 'InvalidGrantIdException' });
  });

  test('more than two hundred to one grantee', async () => {
    const { grant, can } = await start();
    for (let n = 0; n < 200; n += 1) await grant({ Name: `n${n}` });
    expect(await codeOf(grant({ Name: 'n200' }))).toBe('LimitExceededException');
    expect(await can('Decrypt')).toBe(true);
  });
});
