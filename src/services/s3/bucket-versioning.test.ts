/** Versioning: off, on, suspended. */
import { expect, test } from 'vitest';
import { codeOf, s3Fixture, textOf } from './s3.fixture.ts';

test('versioning is off until it is put on, and then never off again', async () => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  expect(await calls.GetBucketVersioning({ Bucket })).toEqual({});
  for (const Status of ['Enabled', 'Suspended'] as const) {
    await calls.PutBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
    expect(await calls.GetBucketVersioning({ Bucket })).toEqual({ Status });
  }
});

test.each([
  [{}, 'IllegalVersioningConfigurationException 400'],
  [{ Status: 'Off' as 'Enabled' }, 'MalformedXML 400'],
  [{ Status: 'Enabled' as const, MFADelete: 'Enabled' as const }, 'NotImplemented 501'],
])('%j is refused: %s', async (VersioningConfiguration, code) => {
  const { calls, bucket } = s3Fixture();
  const input = { Bucket: await bucket('data'), VersioningConfiguration };
  expect(await codeOf(calls.PutBucketVersioning(input))).toBe(code);
});

test('what was there before is the null version, and suspended puts replace it', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data');
  const at = { Bucket, Key: 'a' };
  expect((await put('a', 'old')).VersionId).toBeUndefined();
  const status = (Status: 'Enabled' | 'Suspended') =>
    calls.PutBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
  await status('Enabled');
  const { VersionId } = await put('a', 'new');
  expect(VersionId).toMatch(/^[A-Za-z0-9]{32}$/);
  expect(await textOf(await calls.GetObject({ ...at, VersionId: 'null' }))).toBe('old');
  await status('Suspended');
  expect((await put('a', 'newest')).VersionId).toBe('null');
  expect(await textOf(await calls.GetObject({ ...at, VersionId: 'null' }))).toBe('newest');
  const { Versions } = await calls.ListObjectVersions({ Bucket });
  expect(Versions?.map((version) => version.VersionId)).toEqual(['null', VersionId]);
});
