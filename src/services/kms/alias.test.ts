/** Aliases: made, moved, listed and taken away. */
import { describe, expect, test } from 'vitest';
import type { Check } from '../../kernel/check.ts';
import { allow, codeOf, kmsArn, refusal, setup, startMs } from './kms.fixture.ts';

async function start() {
  const made = setup();
  const { KeyId, Arn } = await made.create();
  const link = (AliasName: string, TargetKeyId = KeyId) =>
    made.run('CreateAlias', { AliasName, TargetKeyId });
  const list = async (input: object = {}) => {
    const { Aliases } = await made.run<{ Aliases: Record<string, unknown>[] }>(
      'ListAliases',
      input,
    );
    return Aliases;
  };
  return { ...made, KeyId, Arn, link, list };
}

test('an alias moves from one key to another of its kind', async () => {
  const { run, create, link, list, describe, clock, KeyId } = await start();
  await link('alias/app/data');
  const next = await create();
  clock.moveTo(startMs + 1_000);
  await run('UpdateAlias', { AliasName: 'alias/app/data', TargetKeyId: next.KeyId });
  expect(await describe('alias/app/data')).toMatchObject({ KeyId: next.KeyId });
  const [shown] = await list({ KeyId: next.KeyId });
  expect(shown).toEqual({
    ...{ AliasName: 'alias/app/data', AliasArn: kmsArn('alias/app/data') },
    ...{ TargetKeyId: next.KeyId, CreationDate: new Date(startMs) },
    LastUpdatedDate: new Date(startMs + 1_000),
  });
  expect(await list({ KeyId })).toEqual([]);
  await run('UpdateAlias', { AliasName: 'alias/app/data', TargetKeyId: next.KeyId });
  expect(await list({ KeyId: next.KeyId })).toHaveLength(1);
});

test('an alias that is taken away is gone from its key too', async () => {
  const { run, link, list, needs, KeyId } = await start();
  await link('alias/x');
  const check = await needs('DescribeKey', { KeyId });
  expect(check).toMatchObject([{ keys: { 'kms:resourcealiases': ['alias/x'] } }]);
  await run('DeleteAlias', { AliasName: 'alias/x' });
  expect(await list({ KeyId })).toEqual([]);
  expect(await codeOf(run('DeleteAlias', { AliasName: 'alias/x' }))).toBe('NotFoundException');
  const [after] = (await needs('DescribeKey', { KeyId })) as readonly Check[];
  expect(after?.keys).not.toHaveProperty('kms:resourcealiases');
});

test('aliases of services are listed before there is a key, made when asked for', async () => {
  const { run, list, describe } = await start();
  const own = async () => (await list()).find(({ AliasName }) => AliasName === 'alias/aws/s3');
  expect(await own()).toEqual({ AliasName: 'alias/aws/s3', AliasArn: kmsArn('alias/aws/s3') });
  const made = await describe('alias/aws/s3');
  expect(made).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' });
  expect(await own()).toMatchObject({ TargetKeyId: made['KeyId'] });
  expect(await describe('alias/aws/s3')).toEqual(made);
  const status = await run('GetKeyRotationStatus', { KeyId: made['KeyId'] });
  expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 365 });
  const { Policy } = await run<{ Policy: string }>('GetKeyPolicy', { KeyId: made['KeyId'] });
  expect(Policy).toContain('s3.eu-west-1.amazonaws.com');
});

test.each([
  ['DisableKey', {}],
  ['ScheduleKeyDeletion', {}],
  ['PutKeyPolicy', { Policy: '{}' }],
  ['TagResource', { Tags: [] }],
  ['RotateKeyOnDemand', {}],
  ['DisableKeyRotation', {}],
  ['UpdateKeyDescription', { Description: '' }],
] as const)('a key of a service is not for its users: %s', async (operation, more) => {
  const { run, describe, user } = await start();
  const { KeyId } = await describe('alias/aws/s3');
  const admin = await user('admin', allow('*'));
  expect(await codeOf(run(operation, { KeyId, ...more }, admin))).toBe('AccessDeniedException');
});

test('a list is in order, in pages', async () => {
  const { run, link } = await start();
  await link('alias/b');
  await link('alias/a');
  const first = await run('ListAliases', { Limit: 1 });
  expect(first).toMatchObject({ Truncated: true, Aliases: [{ AliasName: 'alias/a' }] });
  const Marker = first['NextMarker'];
  const second = await run('ListAliases', { Limit: 1, Marker });
  expect(second).toMatchObject({ Aliases: [{ AliasName: 'alias/aws/ebs' }] });
  expect(await codeOf(run('ListAliases', { Limit: 101 }))).toBe('ValidationException');
  expect(await codeOf(run('ListAliases', { Marker: 'eA' }))).toBe('InvalidMarkerException');
});

describe('is refused', () => {
  test.each([
    ['no prefix', 'x', 'ValidationException'],
    ['a reserved name', 'alias/aws/mine', 'NotAuthorizedException'],
    ['a colon', 'alias/a:b', 'InvalidAliasNameException'],
    ['no name', 'alias/', 'InvalidAliasNameException'],
  ])('%s', async (_what, name, code) => {
    const { link, run, KeyId } = await start();
    expect(await codeOf(link(name))).toBe(code);
    const AliasName = name;
    expect(await codeOf(run('UpdateAlias', { AliasName, TargetKeyId: KeyId }))).toBe(code);
    expect(await codeOf(run('DeleteAlias', { AliasName }))).toBe(code);
  });

  test('a name that is taken', async () => {
    const { link, create } = await start();
    await link('alias/x');
    const { KeyId } = await create();
    const refused = await refusal(link('alias/x', KeyId));
    expect(refused).toMatchObject({
      code: 'AlreadyExistsException',
      message: `An alias with the name ${kmsArn('alias/x')} already exists`,
    });
  });

  test('an alias of an alias', async () => {
    const { link } = await start();
    await link('alias/x');
    expect(await codeOf(link('alias/y', 'alias/x'))).toBe('ValidationException');
  });

  test('a key of another kind', async () => {
    const { run, link, create } = await start();
    await link('alias/x');
    const { KeyId } = await create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const moved = run('UpdateAlias', { AliasName: 'alias/x', TargetKeyId: KeyId });
    expect(await codeOf(moved)).toBe('ValidationException');
  });

  test('moving one that is not there', async () => {
    const { run, KeyId } = await start();
    const moved = run('UpdateAlias', { AliasName: 'alias/none', TargetKeyId: KeyId });
    expect(await codeOf(moved)).toBe('NotFoundException');
  });

  test('more than fifty on one key', async () => {
    const { link } = await start();
    for (let n = 0; n < 50; n += 1) await link(`alias/x${n}`);
    expect(await codeOf(link('alias/x50'))).toBe('LimitExceededException');
  });

  test('who may use the key but not the alias, or the alias but not the key', async () => {
    const { run, user, KeyId, Arn } = await start();
    const AliasName = 'alias/x';
    const input = { AliasName, TargetKeyId: KeyId };
    const onKey = { ...allow('kms:CreateAlias'), Resource: Arn };
    const onAlias = { ...allow('kms:CreateAlias'), Resource: kmsArn(AliasName) };
    const create = async (...statements: object[]) =>
      run('CreateAlias', input, await user('u', ...statements));
    expect(await codeOf(create(onKey))).toBe('AccessDeniedException');
    expect(await codeOf(create(onAlias))).toBe('AccessDeniedException');
    await create(onKey, onAlias);
  });
});
