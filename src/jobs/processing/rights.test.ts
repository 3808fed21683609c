/** What a processing job, or a run of a schedule, may do is what its role may do. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { allow, bench, policy } from '../../engines/access/access.fixture.ts';
import { makeObjectsFor } from '../../engines/access/guarded-objects.ts';
import { ok } from '../../kernel/outcome.ts';
import { at, bucket, exited, quiet, scope, Watch } from '../monitoring/monitoring.fixture.ts';
import { denialOf } from '../roles/roles.fixture.ts';

let w: Watch;
beforeEach(async () => {
  w = await new Watch().open();
});
afterEach(() => w.close());

const input = (prefix: string) => ({
  ...{ name: 'data', uri: `s3://${bucket}/${prefix}`, isManifest: false },
  localPath: '/opt/ml/processing/input/data',
});
const output = {
  ...{ name: 'out', uri: `s3://${bucket}/out`, localPath: '/opt/ml/processing/output' },
};

function roleOf(job: string) {
  return {
    ...{ roleArn: 'role', account: scope.account, region: scope.region },
    sessionName: 'SageMaker',
    sourceArn: `arn:aws:sagemaker:eu-west-1:111122223333:processing-job/${job}`,
  };
}

const downloadDenied = 'ClientError: Data download failed: AccessDenied (403): ';

test('a job acts as its role, for itself', async () => {
  await w.job('one');
  await w.settle();
  expect(w.roles.used).toEqual([roleOf('one')]);
});

test('a role that is gone fails the job before anything is read', async () => {
  w.roles.gone.add('role');
  const key = await w.job('one');
  await w.settle();
  expect(w.begun).toEqual([]);
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: 'ClientError: Could not assume role role: there is no role role',
  });
});

test('a program whose role may not read an input is not begun', async () => {
  await w.put('open/a.csv', '1');
  await w.put('closed/a.csv', '1');
  w.roles.may = (action, { key }) => action === 's3:ListBucket' || key.startsWith('open/');
  const allowed = await w.job('allowed', { inputs: [input('open/')] });
  const denied = await w.job('denied', { inputs: [input('closed/')] });
  await w.settle();
  expect(w.begun).toEqual(['processing-allowed']);
  expect(await w.jobRow(allowed)).toMatchObject({ status: 'Completed' });
  const reason = denialOf('s3:GetObject', { bucket, key: 'closed/a.csv' }, roleOf('denied'));
  expect(await w.jobRow(denied)).toMatchObject({
    status: 'Failed',
    failureReason: `${downloadDenied}${reason}`,
  });
});

test('a program whose role may not write fails with what it may not', async () => {
  w.roles.may = (action) => action !== 's3:PutObject';
  w.program = async ({ rootPath }) => {
    await mkdir(join(rootPath, 'processing/output'), { recursive: true });
    await writeFile(join(rootPath, 'processing/output/x'), '1');
    return exited(0);
  };
  const key = await w.job('one', { outputs: [output] });
  await w.settle();
  const reason = denialOf('s3:PutObject', { bucket, key: 'out/x' }, roleOf('one'));
  expect((await w.jobRow(key)).failureReason).toBe(
    `ClientError: Data upload failed: AccessDenied (403): ${reason}`,
  );
  expect(await w.text('out/x')).toBeUndefined();
});

test('what an analysis asks for later is read by the same right', async () => {
  await w.put('in/a.csv', '1');
  await w.put('closed/b.csv', '2');
  w.roles.may = (_, { key }) => !key.startsWith('closed/');
  w.analyze = async (_, inputs) => {
    const files = await inputs.filesAt(`s3://${bucket}/closed/`);
    return files.ok ? ok(quiet) : files;
  };
  const environment = { dataset_source: '/opt/ml/processing/input/data' };
  const inputs = [input('in/')];
  const key = await w.job('one', { image: 'analyzer', environment, inputs, outputs: [output] });
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringContaining(`${downloadDenied}User: `),
  });
});

test('a run of a schedule whose role lacks rights says so, and the next may run', async () => {
  await w.endpoint('churn');
  await w.schedule('hourly');
  await w.capture('churn', at('09:40'));
  await w.capture('churn', at('10:40'));
  w.roles.may = (action) => action !== 's3:GetObject';
  await w.advanceTo(at('10:00'));
  w.roles.may = () => true;
  await w.advanceTo(at('11:00'));
  const [first, second] = await w.runs('hourly');
  expect(first).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringMatching(/^ClientError: Data download failed.*s3:GetObject on re/),
  });
  expect(second).toMatchObject({ status: 'Completed' });
  const roles = new Set(w.roles.used.map(({ roleArn }) => roleArn));
  expect([...roles]).toEqual(['role']);
});

test('with policies: a role that may read one prefix reads that prefix alone', async () => {
  const { access, clock, role } = bench();
  const { arn: roleArn } = await role('reader', {
    trustPolicy: policy({
      Effect: 'Allow',
      Principal: { Service: 'sagemaker.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
    inline: {
      reading: policy(
        allow('s3:ListBucket', `arn:aws:s3:::${bucket}`),
        allow('s3:GetObject', `arn:aws:s3:::${bucket}/open/*`),
      ),
    },
  });
  const service = 'sagemaker.amazonaws.com';
  const bucketRule = async () => ({ owner: scope.account });
  const parts = { access, clock, service, bucketRule, objects: w.objects, partition: 'aws' };
  const objectsFor = makeObjectsFor(parts);
  w.objectsFor = (use) => objectsFor({ ...use, roleArn });
  await w.put('open/a.csv', '1');
  await w.put('closed/a.csv', '1');
  const allowed = await w.job('allowed', { inputs: [input('open/')] });
  const denied = await w.job('denied', { inputs: [input('closed/')] });
  await w.settle();
  expect(await w.jobRow(allowed)).toMatchObject({ status: 'Completed' });
  const { failureReason = '' } = await w.jobRow(denied);
  // The engine's words, whether it quotes the resource or not.
  expect(failureReason.replaceAll('"', '')).toBe(
    `${downloadDenied}User: arn:aws:sts::${scope.account}:assumed-role/reader/SageMaker is not ` +
      `authorized to perform: s3:GetObject on resource: arn:aws:s3:::${bucket}/closed/a.csv ` +
      'because no identity-based policy allows the s3:GetObject action',
  );
});
