/** Values put and read, one by one and many at once, and labels moved. */
import { describe, expect, test } from 'vitest';
import { startMs, token } from '../../engines/secrets/secrets.fixture.ts';
import { setup } from './secretsmanager.fixture.ts';

async function made() {
  const all = setup();
  const input = { Name: 's', SecretString: 'one', ClientRequestToken: token('v1') };
  const { ARN } = await all.run<{ ARN: string }>('CreateSecret', input);
  return { ...all, ARN };
}

describe('GetSecretValue', () => {
  test('answers the current value, or that of a version or label', async () => {
    const { run, ARN } = await made();
    const put = { SecretId: ARN, ClientRequestToken: token('v2') };
    const bytes = Buffer.from([0, 255, 10]);
    expect(await run('PutSecretValue', { ...put, SecretBinary: bytes })).toEqual({
      ...{ ARN, Name: 's', VersionId: token('v2'), VersionStages: ['AWSCURRENT'] },
    });
    const current = await run('GetSecretValue', { SecretId: 's' });
    expect(current).toEqual({
      ...{ ARN, Name: 's', VersionId: token('v2'), VersionStages: ['AWSCURRENT'] },
      ...{ CreatedDate: new Date(startMs), SecretBinary: bytes },
    });
    const before = { VersionId: token('v1'), SecretString: 'one' };
    for (const which of [
      { VersionId: token('v1') },
      { VersionStage: 'AWSPREVIOUS' },
      { VersionId: token('v1'), VersionStage: 'AWSPREVIOUS' },
    ]) {
      expect(await run('GetSecretValue', { SecretId: 's', ...which })).toMatchObject(before);
    }
  });

  test.each([
    [{ SecretId: 'none' }, /^ResourceNotFoundException: Secrets Manager can't find the specified/],
    [{ SecretId: 's', VersionId: token('v9') }, /^ResourceNotFound.*VersionId: v9/],
    [{ SecretId: 's', VersionStage: 'blue' }, /^ResourceNotFound.*staging label: blue/],
    [{ SecretId: 's', VersionId: token('v1'), VersionStage: 'blue' }, /^InvalidRequest.*not assoc/],
  ])('%j is refused', async (input, reason) => {
    const { refusal } = await made();
    expect(await refusal('GetSecretValue', input)).toMatch(reason);
  });

  test('of another account needs a key of its own', async () => {
    const { run, refusal, addKey, ARN } = await made();
    const caller = { accessKeyId: 'B', arn: 'b', userId: 'B', account: '999999999999' };
    const more = {
      caller,
      scope: { partition: 'aws', region: 'eu-west-1', account: caller.account },
    };
    expect(await refusal('GetSecretValue', { SecretId: ARN }, more)).toMatch(
      /^InvalidRequestException: .*default KMS service key/,
    );
    await run('UpdateSecret', { SecretId: 's', KmsKeyId: (await addKey()).arn });
    const read = await run('GetSecretValue', { SecretId: ARN }, more);
    expect(read).toMatchObject({ SecretString: 'one' });
    expect(await refusal('GetSecretValue', { SecretId: 's' }, more)).toMatch(/^ResourceNotFound/);
  });
});

describe('PutSecretValue', () => {
  test.each([
    [{ SecretId: 's' }, /^InvalidRequestException: You must provide either/],
    [{ SecretId: 'none', SecretString: 'x' }, /^ResourceNotFound/],
    [{ SecretId: 's', SecretString: 'x', ClientRequestToken: token('v1') }, /^ResourceExists/],
    [{ SecretId: 's', SecretString: 'x', RotationToken: 'a'.repeat(36) }, /^InvalidParameter/],
  ])('%j is refused', async (input, reason) => {
    const { refusal, run } = await made();
    expect(await refusal('PutSecretValue', input)).toMatch(reason);
    expect(await run('GetSecretValue', { SecretId: 's' })).toMatchObject({ SecretString: 'one' });
  });
});

describe('UpdateSecretVersionStage', () => {
  test('moves labels, with the conditions of the original', async () => {
    const { run, refusal, ARN } = await made();
    const put = { ClientRequestToken: token('v2'), SecretString: 'two', VersionStages: ['blue'] };
    await run('PutSecretValue', { SecretId: 's', ...put });
    const current = { SecretId: 's', VersionStage: 'AWSCURRENT', MoveToVersionId: token('v2') };
    expect(await refusal('UpdateSecretVersionStage', current)).toMatch(
      /^InvalidParameterException: The parameter RemoveFromVersionId can't be empty/,
    );
    const moved = { ...current, RemoveFromVersionId: token('v1') };
    expect(await run('UpdateSecretVersionStage', moved)).toEqual({ ARN, Name: 's' });
    expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({
      VersionIdsToStages: { [token('v1')]: ['AWSPREVIOUS'], [token('v2')]: ['blue', 'AWSCURRENT'] },
    });
    const gone = { SecretId: 's', VersionStage: 'AWSCURRENT', RemoveFromVersionId: token('v2') };
    expect(await refusal('UpdateSecretVersionStage', gone)).toMatch(/can't be completely removed/);
    const unknown = { SecretId: 's', VersionStage: 'x', MoveToVersionId: token('v7') };
    expect(await refusal('UpdateSecretVersionStage', unknown)).toMatch(/^ResourceNotFound/);
  });
});

describe('BatchGetSecretValue', () => {
  test('answers what can be read, and why the others cannot', async () => {
    const { run, addKey, setState } = await made();
    const key = await addKey();
    await run('CreateSecret', { Name: 'locked', SecretString: 'x', KmsKeyId: key.id });
    await run('CreateSecret', { Name: 'gone', SecretString: 'x' });
    await run('DeleteSecret', { SecretId: 'gone' });
    await run('CreateSecret', { Name: 'closed', SecretString: 'x' });
    await setState(key, 'Disabled');
    const SecretIdList = ['s', 's', 'none', 'locked', 'gone', 'closed'];
    const refused = new Map([['closed', 'User: x is not authorized']]);
    expect(await run('BatchGetSecretValue', { SecretIdList }, { refused })).toEqual({
      SecretValues: [expect.objectContaining({ Name: 's', SecretString: 'one' })],
      Errors: [
        expect.objectContaining({ SecretId: 'none', ErrorCode: 'ResourceNotFoundException' }),
        expect.objectContaining({ SecretId: 'locked', ErrorCode: 'DecryptionFailure' }),
        expect.objectContaining({ SecretId: 'gone', ErrorCode: 'InvalidRequestException' }),
        {
          SecretId: 'closed',
          ErrorCode: 'AccessDeniedException',
          Message: 'User: x is not authorized',
        },
      ],
    });
  });

  test('finds by filters, page by page', async () => {
    const { run } = await made();
    for (const Name of ['p/a', 'p/b', 'p/c'])
      await run('CreateSecret', { Name, SecretString: Name });
    const Filters = [{ Key: 'name', Values: ['p/'] }];
    const found: string[] = [];
    for (let NextToken: string | undefined; ; ) {
      const page = await run<{ SecretValues: { SecretString: string }[]; NextToken?: string }>(
        'BatchGetSecretValue',
        { Filters, MaxResults: 2, ...(NextToken ? { NextToken } : {}) },
      );
      found.push(...page.SecretValues.map(({ SecretString }) => SecretString));
      NextToken = page.NextToken;
      if (!NextToken) break;
    }
    expect(found).toEqual(['p/a', 'p/b', 'p/c']);
  });

  test.each([
    [{}, /^InvalidParameter.*but not both/],
    [{ SecretIdList: ['s'], Filters: [] }, /^InvalidParameter.*but not both/],
    [{ SecretIdList: ['s'], MaxResults: 2 }, /^InvalidParameter.*only be used with 'Filters'/],
    [{ Filters: [], NextToken: 'x' }, /^InvalidNextToken/],
    [{ Filters: [{ Key: 'name' }] }, /^InvalidParameter/],
  ])('%j is refused', async (input, reason) => {
    const { refusal, needs } = await made();
    expect(await refusal('BatchGetSecretValue', input)).toMatch(reason);
    expect((await needs('BatchGetSecretValue', input))[0]?.resource).toBe('*');
  });
});
