/** Finding keys, listing them, and what each state lets be done with them. */
import { describe, expect, test } from 'vitest';
import { codeOf, kmsArn, refusal, setup, startMs, stranger } from './kms.fixture.ts';

type Operation = Parameters<ReturnType<typeof setup>['run']>[0];
const dayMs = 86_400_000;

test.each([
  ['no id', 'nonsense', "Invalid keyId 'nonsense'"],
  [
    'an id of no key',
    '12345678-1234-1234-1234-123456789012',
    `Key '${kmsArn('key/12345678-1234-1234-1234-123456789012')}' does not exist`,
  ],
  ['no alias', 'alias/none', `Alias ${kmsArn('alias/none')} is not found.`],
  [
    'another Region',
    'arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012',
    'Invalid arn us-east-1',
  ],
  ['another service', 'arn:aws:s3:::bucket', 'Invalid arn arn:aws:s3:::bucket'],
])('not found: %s', async (_what, KeyId, message) => {
  const { run } = setup();
  const refused = await refusal(run('DescribeKey', { KeyId }));
  expect(refused).toMatchObject({ code: 'NotFoundException', message });
});

test('a key is found by its alias and its ARN, but managed by neither alias', async () => {
  const { create, run, describe } = setup();
  const { KeyId, Arn } = await create();
  await run('CreateAlias', { AliasName: 'alias/data', TargetKeyId: KeyId });
  for (const name of ['alias/data', kmsArn('alias/data'), Arn]) {
    expect(await describe(name)).toMatchObject({ KeyId });
    const disabled = run('DisableKey', { KeyId: name });
    if (name !== Arn) expect(await codeOf(disabled)).toBe('InvalidArnException');
    else await disabled;
  }
});

test('keys are listed in pages, each account its own', async () => {
  const { create, run } = setup();
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.push((await create()).KeyId);
  const seen: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await run<{ Keys: { KeyId: string }[]; NextMarker?: string; Truncated: boolean }>(
      'ListKeys',
      { Limit: 2, ...(Marker && { Marker }) },
    );
    seen.push(...page.Keys.map((key) => key.KeyId));
    expect(page.Truncated).toBe(page.NextMarker !== undefined);
    Marker = page.NextMarker;
  } while (Marker);
  expect(seen).toEqual([...ids].sort());
  expect(await run('ListKeys', {}, stranger)).toEqual({ Keys: [], Truncated: false });
  expect(await codeOf(run('ListKeys', { Marker: '!' }))).toBe('InvalidMarkerException');
});

const alias = { AliasName: 'alias/x' };
const grant = {
  GranteePrincipal: 'arn:aws:iam::111122223333:root',
  Operations: ['Decrypt'],
};
const tag = { TagKey: 'a', TagValue: 'b' };
const [off, going, waiting] = [
  'DisabledException',
  'KMSInvalidStateException',
  'KMSInvalidStateException',
];

/** What a key answers that is Disabled, PendingDeletion, PendingImport: `ok`, or the code. */
const table: readonly (readonly [Operation, object, string, string, string])[] = [
  ['DescribeKey', {}, 'ok', 'ok', 'ok'],
  ['GetKeyPolicy', {}, 'ok', 'ok', 'ok'],
  ['ListKeyPolicies', {}, 'ok', 'ok', 'ok'],
  ['ListGrants', {}, 'ok', 'ok', 'ok'],
  ['ListResourceTags', {}, 'ok', 'ok', 'ok'],
  ['ListAliases', {}, 'ok', 'ok', 'ok'],
  ['ListKeyRotations', {}, 'ok', 'ok', 'ok'],
  ['UpdateKeyDescription', { Description: 'new' }, 'ok', going, 'ok'],
  ['TagResource', { Tags: [tag] }, 'ok', going, 'ok'],
  ['UntagResource', { TagKeys: ['a'] }, 'ok', going, 'ok'],
  ['CreateAlias', alias, 'ok', going, 'ok'],
  ['CreateGrant', grant, off, going, waiting],
  ['EnableKey', {}, 'ok', going, waiting],
  ['DisableKey', {}, 'ok', going, waiting],
  ['EnableKeyRotation', {}, off, going, 'UnsupportedOperationException'],
  ['DisableKeyRotation', {}, off, going, 'UnsupportedOperationException'],
  ['GetKeyRotationStatus', {}, 'ok', 'ok', 'UnsupportedOperationException'],
  ['RotateKeyOnDemand', {}, off, going, waiting],
  ['ScheduleKeyDeletion', {}, 'ok', going, 'ok'],
  ['CancelKeyDeletion', {}, going, 'ok', waiting],
];

describe.each(['Disabled', 'PendingDeletion', 'PendingImport'] as const)(
  'a key that is %s',
  (state) => {
    test.each(table)('%s', async (operation, more, disabled, pendingDeletion, pendingImport) => {
      const { create, run, describe } = setup();
      const { KeyId } = await create(state === 'PendingImport' ? { Origin: 'EXTERNAL' } : {});
      if (state === 'Disabled') await run('DisableKey', { KeyId });
      if (state === 'PendingDeletion') await run('ScheduleKeyDeletion', { KeyId });
      expect(await describe(KeyId)).toMatchObject({ KeyState: state, Enabled: false });
      const isAlias = operation === 'CreateAlias';
      const names = isAlias ? { TargetKeyId: KeyId } : { KeyId };
      const answer = run(operation, { ...names, ...more }).then(
        () => 'ok',
        (cause: { code: string }) => cause.code,
      );
      const expected = {
        Disabled: disabled,
        PendingDeletion: pendingDeletion,
        PendingImport: pendingImport,
      };
      expect(await answer).toBe(expected[state]);
    });
  },
);

test('a key is switched off and on again, and told so', async () => {
  const { create, run, describe, woken } = setup();
  const { KeyId, Arn } = await create();
  await run('DisableKey', { KeyId });
  await run('DisableKey', { KeyId });
  const refused = await refusal(run('RotateKeyOnDemand', { KeyId }));
  expect(refused.message).toBe(`${Arn} is disabled.`);
  await run('EnableKey', { KeyId });
  await run('EnableKey', { KeyId });
  expect(await describe(KeyId)).toMatchObject({ KeyState: 'Enabled', Enabled: true });
  expect(woken).toContain('key-upkeep');
});

describe('deletion', () => {
  test('waits for its window, can be called off, and leaves the key disabled', async () => {
    const { create, run, describe } = setup();
    const { KeyId, Arn } = await create();
    const DeletionDate = new Date(startMs + 30 * dayMs);
    expect(await run('ScheduleKeyDeletion', { KeyId })).toEqual({
      ...{ KeyId: Arn, DeletionDate, KeyState: 'PendingDeletion', PendingWindowInDays: 30 },
    });
    expect(await describe(KeyId)).toMatchObject({ KeyState: 'PendingDeletion', DeletionDate });
    expect(await run('CancelKeyDeletion', { KeyId })).toEqual({ KeyId: Arn });
    const after = await describe(KeyId);
    expect(after).toMatchObject({ KeyState: 'Disabled' });
    expect(after).not.toHaveProperty('DeletionDate');
    const again = await refusal(run('CancelKeyDeletion', { KeyId }));
    expect(again.message).toBe(`${Arn} is not pending deletion.`);
  });

  test('of a key without bytes is called off to wait for them', async () => {
    const { create, run, describe } = setup();
    const { KeyId } = await create({ Origin: 'EXTERNAL' });
    await run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    await run('CancelKeyDeletion', { KeyId });
    expect(await describe(KeyId)).toMatchObject({ KeyState: 'PendingImport' });
  });

  test.each([6, 31])('in %d days is refused', async (PendingWindowInDays) => {
    const { create, run } = setup();
    const { KeyId } = await create();
    const refused = run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays });
    expect(await codeOf(refused)).toBe('ValidationException');
  });

  test('takes everything of the key with it, and nothing of others', async () => {
    const { create, run, pass, rows } = setup();
    const kept = await create();
    const before = await rows();
    const { KeyId } = await create();
    await run('CreateAlias', { AliasName: 'alias/x', TargetKeyId: KeyId });
    await run('CreateGrant', { KeyId, ...grant });
    await run('RotateKeyOnDemand', { KeyId });
    await run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    expect(await pass(6.9)).toBe(startMs + 7 * dayMs);
    await run('DescribeKey', { KeyId });
    expect(await pass(0.1)).toBe(Number.POSITIVE_INFINITY);
    expect(await codeOf(run('DescribeKey', { KeyId }))).toBe('NotFoundException');
    expect(await codeOf(run('DescribeKey', { KeyId: 'alias/x' }))).toBe('NotFoundException');
    await run('DescribeKey', { KeyId: kept.KeyId });
    expect(await rows()).toEqual(before);
  });
});
