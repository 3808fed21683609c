/** A transform job reads and writes as the execution role of its model may. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { denialOf } from '../roles/roles.fixture.ts';
import { Batches, bucket, planOf, scope } from './transform.fixture.ts';

let b: Batches;
beforeEach(async () => {
  b = await new Batches().open();
  await b.put('in/a.csv', '1,2\n');
});
afterEach(() => b.close());

const role = {
  roleArn: 'arn:aws:iam::111122223333:role/summer',
  ...{ account: scope.account, region: scope.region, sessionName: 'SageMaker' },
  sourceArn: 'arn:aws:sagemaker:eu-west-1:111122223333:transform-job/one',
};
const denied = (action: string, key: string) =>
  `AccessDenied (403): ${denialOf(action, { bucket, key }, role)}`;

test('the role is that of the model, taken over for the job', async () => {
  expect(await b.ran('one')).toMatchObject({ status: 'Completed' });
  expect(b.roles.used).toEqual([role]);
});

test.each([
  ['list', 's3:ListBucket', 'in', 'ClientError: Data download failed: '],
  ['read', 's3:GetObject', 'in/a.csv', `ClientError: s3://${bucket}/in/a.csv: `],
  ['write', 's3:PutObject', 'out/a.csv.out', `ClientError: s3://${bucket}/out/a.csv.out: `],
])('a role that may not %s fails the job, which says so', async (_, action, key, where) => {
  b.roles.may = (asked) => asked !== action;
  const row = await b.ran('one');
  expect(row).toMatchObject({ status: 'Failed', failureReason: `${where}${denied(action, key)}` });
  expect(b.asked).toEqual([]);
  expect(await b.text('out/a.csv.out')).toBeUndefined();
});

test('without a role, or with one that is gone, nothing is begun', async () => {
  const { roleArn: _, ...model } = planOf().model;
  expect(await b.ran('none', { model })).toMatchObject({
    status: 'Failed',
    failureReason: 'ClientError: the model summer has no role to read and write objects with',
  });
  b.roles.gone.add(role.roleArn);
  expect(await b.ran('one')).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringContaining(`Could not assume role ${role.roleArn}: `),
  });
  expect(b.served).toEqual([]);
});

test('a model whose archive its role may not read is not started', async () => {
  await b.put('models/m.tar.gz', 'x');
  b.roles.may = (_, { key }) => !key.startsWith('models/');
  const archiveUri = `s3://${bucket}/models/m.tar.gz`;
  const row = await b.ran('one', { model: { ...planOf().model, archiveUri } });
  expect(row).toMatchObject({ status: 'Failed' });
  expect(row.failureReason).toContain(`Could not access model data at ${archiveUri}`);
  expect(b.served).toEqual([]);
});
