/** Keys and secrets of processing jobs and of runs of schedules. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeyRow } from '../../engines/keys/rows.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { suffixOf } from '../monitoring/job-of-run.ts';
import { at, bucket, exited, planOf, quiet, Watch } from '../monitoring/monitoring.fixture.ts';

let w: Watch;
let key: KeyRow;
beforeEach(async () => {
  w = await new Watch().open();
  key = await w.kept.addKey();
});
afterEach(() => w.close());

const output = {
  ...{ name: 'out', uri: `s3://${bucket}/out`, localPath: '/opt/ml/processing/output' },
};

/** The ARN of the key that an object is under. */
async function keyOf(name: string): Promise<string | undefined> {
  const found = await w.objects.find({ bucket, key: name });
  const encryption = found.ok ? found.value.object?.encryption : undefined;
  return encryption?.kind === 'key' ? encryption.keyArn : undefined;
}

const writing: Watch['program'] = async ({ rootPath }) => {
  await mkdir(join(rootPath, 'processing/output'), { recursive: true });
  await writeFile(join(rootPath, 'processing/output/x'), '1');
  return exited(0);
};

test('what a program and an analysis write is under the key that the job names', async () => {
  w.program = writing;
  await w.job('one', { outputs: [output], outputKeyId: key.id });
  await w.job('two', { outputs: [{ ...output, uri: `s3://${bucket}/open` }] });
  await w.put('in/a.csv', '1');
  const data = { name: 'data', uri: `s3://${bucket}/in/`, isManifest: false };
  const inputs = [{ ...data, localPath: '/opt/ml/processing/input/data' }];
  const environment = { dataset_source: '/opt/ml/processing/input/data' };
  const outputs = [{ ...output, uri: `s3://${bucket}/analysis` }];
  await w.job('three', { image: 'analyzer', environment, inputs, outputs, outputKeyId: key.arn });
  await w.settle();
  expect(await keyOf('out/x')).toBe(key.arn);
  expect(await w.text('out/x')).toBe('1');
  expect(await keyOf('open/x')).toBeUndefined();
  expect(await keyOf('analysis/statistics.json')).toBe(key.arn);
});

test.each(['volumeKeyId', 'outputKeyId'])('a disabled key (%s) stops the job', async (member) => {
  await w.put('in/a', '1');
  const read: string[] = [];
  w.roles.may = (action) => {
    read.push(action);
    return true;
  };
  await w.kept.setState(key, 'Disabled');
  const program = await w.job('program', { [member]: key.arn });
  const analysis = await w.job('analysis', { image: 'analyzer', [member]: key.arn });
  await w.settle();
  for (const job of [program, analysis]) {
    expect(await w.jobRow(job)).toMatchObject({
      status: 'Failed',
      failureReason: expect.stringMatching(/^ClientError: .*KMS key.*is disabled/),
    });
  }
  expect(w.begun).toEqual([]);
  expect(read).toEqual([]);
  await w.kept.setState(key, 'Enabled');
  const again = await w.job('again', { [member]: key.arn });
  await w.settle();
  expect(await w.jobRow(again)).toMatchObject({ status: 'Completed' });
});

test('a key that goes out of use while the job runs fails what it writes', async () => {
  w.program = async (...args) => {
    await w.kept.setState(key, 'Disabled');
    return writing(...args);
  };
  const job = await w.job('one', { outputs: [output], outputKeyId: key.arn });
  await w.settle();
  expect(await w.jobRow(job)).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringMatching(/out\/x: .*is disabled/),
  });
  expect(await w.text('out/x')).toBeUndefined();
});

test('a role that may not lend the key of the volume begins nothing', async () => {
  w.roles.mayDo = ({ action }) => action !== 'kms:CreateGrant';
  const job = await w.job('one', { volumeKeyId: key.arn });
  await w.settle();
  expect(w.begun).toEqual([]);
  expect((await w.jobRow(job)).failureReason).toContain(
    `is not authorized to perform: kms:CreateGrant on resource: ${key.arn}`,
  );
});

test('a program gets its secrets, and nothing else ever shows them', async () => {
  await w.kept.make('db', '{"pw":"hunter2-hunter2"}');
  const reference = '{{resolve:secretsmanager:db:SecretString:pw}}';
  let given: unknown;
  const written: string[] = [];
  w.program = async ({ rootPath, environment, onLog }) => {
    given = environment;
    for (const folder of ['config', 'processing']) {
      written.push(await readFile(join(rootPath, folder, 'processingjobconfig.json'), 'utf8'));
    }
    await mkdir(join(rootPath, 'output'), { recursive: true });
    await writeFile(join(rootPath, 'output/message'), `could not use ${environment['PW']}`);
    onLog(`PW=${environment['PW']}`);
    return exited(1);
  };
  const job = await w.job('one', { environment: { PW: reference, A: '1' } });
  await w.settle();
  expect(given).toEqual({ PW: 'hunter2-hunter2', A: '1' });
  const row = await w.jobRow(job);
  expect(row.failureReason).toBe('AlgorithmError: could not use ***, exit code: 1');
  expect(row.plan.environment).toEqual({ PW: reference, A: '1' });
  expect(w.printed).toEqual(['PW=***']);
  expect(written).toHaveLength(2);
  const told = [row, w.events, w.logged, w.printed, written].map((all) => JSON.stringify(all));
  expect(told.join()).not.toContain('hunter2');
  expect(written[0]).toContain(reference);
});

test('what an analysis says is without its secrets as well', async () => {
  await w.kept.make('db', 'hunter2-hunter2');
  await w.put('in/a.csv', '1');
  w.analyze = async ({ plan }, _inputs, { say }) => {
    say(`the script got ${plan.environment['PW']}`);
    return refuse(`${plan.environment['PW']} is no good`);
  };
  const data = { name: 'data', uri: `s3://${bucket}/in/`, isManifest: false };
  const job = await w.job('one', {
    image: 'analyzer',
    environment: { dataset_source: '/opt/ml/data', PW: '{{resolve:secretsmanager:db}}' },
    inputs: [{ ...data, localPath: '/opt/ml/data' }],
    outputs: [output],
  });
  await w.settle();
  expect((await w.jobRow(job)).failureReason).toBe('*** is no good');
  expect(w.printed).toContain('the script got ***');
  expect(w.printed.join()).not.toContain('hunter2');
});

test.each([
  ['is gone', '{{resolve:secretsmanager:none}}', () => true, /can't find the specified secret/],
  ['has no such key', '{{resolve:secretsmanager:db::other}}', () => true, /the member other/],
  ['is forbidden', '{{resolve:secretsmanager:db}}', () => false, /is not authorized to perform/],
])('a secret that %s fails the job before it begins', async (_, reference, mayDo, reason) => {
  await w.kept.make('db', '{"pw":"hunter2-hunter2"}');
  w.roles.mayDo = mayDo;
  const job = await w.job('one', { environment: { PW: reference } });
  await w.settle();
  expect(w.begun).toEqual([]);
  const { status, failureReason = '' } = await w.jobRow(job);
  expect(status).toBe('Failed');
  expect(failureReason).toMatch(/^ClientError: the environment variable PW: /);
  expect(failureReason).toMatch(reason);
  expect(failureReason).not.toContain('hunter2');
});

test('runs of a schedule write reports and merges under the key of the schedule', async () => {
  w.analyze = async () => ok(quiet);
  let merged = '';
  w.merge = async ({ monitoring }) => {
    merged = `AllTraffic/2026/01/05/09/all${suffixOf({ id: monitoring?.executionId ?? '' })}`;
    return ok({ ...quiet, files: { [merged]: '{}' } });
  };
  await w.endpoint('churn');
  const keys = { outputKeyId: key.id, volumeKeyId: key.id };
  const plan = planOf('churn', { ...keys, groundTruthUri: `s3://${bucket}/labels` });
  await w.schedule('hourly', { type: 'ModelQuality', plan });
  await w.capture('churn', at('09:40'));
  await w.put('labels/2026/01/05/09/a.jsonl');
  await w.advanceTo(at('10:00'));
  const [run] = await w.runs('hourly');
  expect(run).toMatchObject({ status: 'Completed' });
  expect(await keyOf('reports/churn/hourly/2026/01/05/10/statistics.json')).toBe(key.arn);
  expect(await keyOf(`reports/merge/churn/${merged}`)).toBe(key.arn);

  await w.kept.setState(key, 'Disabled');
  await w.capture('churn', at('10:40'));
  await w.advanceTo(at('11:00'));
  const [, second] = await w.runs('hourly');
  expect(second).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringMatching(/^ClientError: VolumeKmsKeyId: .*is disabled/),
  });
});
