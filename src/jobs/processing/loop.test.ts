/** Jobs from the queue to their end: attempts, leases, stops, and programs under the contract. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processingJobs } from '../../engines/processing/rows.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { bucket, exited, gate, quiet, startMs, Watch } from '../monitoring/monitoring.fixture.ts';

let w: Watch;
beforeEach(async () => {
  w = await new Watch().open();
});
afterEach(() => w.close());

const leaseMs = 30_000;

test('a job is run once, and its row tells when', async () => {
  const key = await w.job('one');
  w.clock.moveTo(startMs + 5);
  w.program = async () => {
    w.clock.moveTo(startMs + 9);
    return exited(0);
  };
  await w.settle();
  await w.settle();
  expect(w.begun).toEqual(['processing-one']);
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Completed',
    createdAtMs: startMs,
    startedAtMs: startMs + 5,
    endedAtMs: startMs + 9,
  });
  expect(await w.queue.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
});

test('no more than two run at a time, and the next begins when one ends', async () => {
  const { opened, open } = gate();
  let running = 0;
  let most = 0;
  w.program = async () => {
    running += 1;
    most = Math.max(most, running);
    if (running === 2) open();
    await opened;
    running -= 1;
    return exited(0);
  };
  for (const name of ['a', 'b', 'c']) await w.job(name);
  await w.settle();
  expect(w.begun.toSorted()).toEqual(['processing-a', 'processing-b', 'processing-c']);
  expect(most).toBe(2);
});

/** A program that the process does not outlive. */
async function dieInTheMiddle(): Promise<void> {
  const begun = gate();
  w.program = () => {
    begun.open();
    return new Promise(() => {});
  };
  await w.tick(w.processing);
  await begun.opened;
  w.crash();
}

test('a job whose process died is run again, once its lease has ended', async () => {
  const key = await w.job('half');
  await dieInTheMiddle();
  w.program = async () => exited(0);
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'InProgress' });
  w.clock.moveTo(startMs + leaseMs);
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'Completed' });
  expect(w.begun).toEqual(['processing-half', 'processing-half']);
});

test('a process that is the only one does not wait for the leases of dead ones', async () => {
  const key = await w.job('half');
  await dieInTheMiddle();
  w.program = async () => exited(0);
  await w.queue.endLeases();
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'Completed' });
});

test('a job during which the process died twice fails the third time, unrun', async () => {
  const key = await w.job('poison');
  await dieInTheMiddle();
  await w.queue.endLeases();
  await dieInTheMiddle();
  await w.queue.endLeases();
  await w.settle();
  expect(w.begun).toHaveLength(2);
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: 'InternalServerError: the server stopped twice while this job ran',
  });
});

/** A program that ends when it is told to. */
function obedient() {
  const begun = gate();
  w.program = (_, { signal }) => {
    begun.open();
    return new Promise((resolve) => {
      const end = ok({ exitCode: undefined, timedOut: false, stopped: true });
      signal?.addEventListener('abort', () => resolve(end));
    });
  };
  return begun.opened;
}

test('a server that goes down in order leaves its jobs to the next one, at once', async () => {
  const key = await w.job('long');
  const begun = obedient();
  await w.tick(w.processing);
  await begun;
  await w.shutDown();
  expect(await w.jobRow(key)).toMatchObject({ status: 'InProgress' });
  w.program = async () => exited(0);
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'Completed' });
});

test('a run that lost its lease is broken off and counts for nothing', async () => {
  const key = await w.job('slow');
  const begun = obedient();
  await w.tick(w.processing);
  await begun;
  const nowMs = startMs + leaseMs;
  await w.queue.claim(nowMs, { leaseMs, limit: 1, holder: 'another process' });
  w.clock.moveTo(nowMs);
  await w.tick(w.processing);
  await w.processing.idle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'InProgress' });
  const [held] = await w.queue.claim(nowMs + leaseMs, { leaseMs, limit: 1, holder: 'third' });
  expect(held).toMatchObject({ id: key, attempt: 3 });
});

test('a job that is stopped ends as Stopped', async () => {
  const key = await w.job('stopped');
  const begun = obedient();
  await w.tick(w.processing);
  await begun;
  await say(key, 'Stopping');
  w.processing.stopJob(key);
  await w.processing.idle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'Stopped', endedAtMs: startMs });
});

test('a job that is stopped before its turn does not run', async () => {
  const key = await w.job('early');
  await say(key, 'Stopping');
  await w.settle();
  expect(w.begun).toEqual([]);
  expect(await w.jobRow(key)).toMatchObject({ status: 'Stopped' });
});

async function say(key: string, status: 'Stopping'): Promise<void> {
  const row = await w.jobRow(key);
  await w.store.write((tx) => tx.put(processingJobs, key, { ...row, status }));
}

test('a program finds its inputs, its configuration and its folders below /opt/ml', async () => {
  await w.put('in/a.csv', '1,2');
  await w.put('in/deep/b.csv', '3,4');
  await w.put('single.txt', 'alone');
  await w.put('list.json', JSON.stringify([{ prefix: `s3://${bucket}/in/` }, 'deep/b.csv']));
  const input = (name: string, key: string, isManifest = false) => ({
    name,
    uri: `s3://${bucket}/${key}`,
    localPath: `/opt/ml/processing/${name}`,
    isManifest,
  });
  const key = await w.job('program', {
    entrypoint: ['python3', 'main.py'],
    arguments: ['--fast'],
    environment: { A: '1' },
    inputs: [input('folder', 'in'), input('file', 'single.txt'), input('some', 'list.json', true)],
    outputs: [
      { name: 'o', uri: `s3://${bucket}/out/`, localPath: '/opt/ml/processing/output' },
      { name: 'm', uri: `s3://${bucket}`, localPath: '/opt/ml/processing/more' },
    ],
  });
  w.program = async ({ rootPath, ...spec }) => {
    const files = await readdir(rootPath, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        'processing/folder/a.csv',
        'processing/folder/deep/b.csv',
        'processing/file/single.txt',
        'processing/some/deep/b.csv',
        'processing/output',
        'config/resourceconfig.json',
        'config/processingjobconfig.json',
        'processing/processingjobconfig.json',
      ]),
    );
    expect(files).not.toContain('processing/some/a.csv');
    const text = await readFile(join(rootPath, 'config/processingjobconfig.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({
      ProcessingJobName: 'program',
      ProcessingJobArn: 'arn:aws:sagemaker:eu-west-1:111122223333:processing-job/program',
      RoleArn: 'role',
      Environment: { A: '1' },
    });
    expect(spec).toMatchObject({
      image: 'program',
      entrypoint: ['python3', 'main.py'],
      arguments: ['--fast'],
      environment: { A: '1' },
      timeoutMs: 60_000,
    });
    await leave(rootPath, {
      'processing/output/deep/result.csv': '5',
      'processing/more/top.txt': 'top',
      'output/message': ' all is well \n',
    });
    return exited(0);
  };
  await w.settle();
  const row = await w.jobRow(key);
  expect([row.status, row.exitMessage, row.failureReason]).toEqual([
    'Completed',
    'all is well',
    undefined,
  ]);
  expect(await w.text('out/deep/result.csv')).toBe('5');
  expect(await w.text('top.txt')).toBe('top');
});

async function leave(rootPath: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(rootPath, path)), { recursive: true });
    await writeFile(join(rootPath, path), text);
  }
}

test('what a program says last is the reason of its failure; its outputs are kept', async () => {
  const outputs = [{ name: 'o', uri: `s3://${bucket}/out`, localPath: '/opt/ml/processing/o' }];
  const key = await w.job('loud', { outputs });
  w.program = async ({ rootPath }) => {
    await leave(rootPath, { 'output/message': 'column x is empty', 'processing/o/log': 'why' });
    return exited(3);
  };
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: 'AlgorithmError: column x is empty, exit code: 3',
  });
  expect(await w.text('out/log')).toBe('why');
});

test.each([
  ['says nothing', exited(1), /^AlgorithmError: see the job logs .*, exit code: 1$/],
  ['is killed', ok({ exitCode: undefined, timedOut: false, stopped: false }), /exit code: killed$/],
  [
    'takes too long',
    ok({ exitCode: undefined, timedOut: true, stopped: false }),
    /ran longer than MaxRuntimeInSeconds/,
  ],
  ['cannot start', refuse('nothing here runs the image x'), /^nothing here runs the image x$/],
  ['reason is long', refuse('x'.repeat(5_000)), /^x{1024}$/],
] as const)('a program that fails so: it %s', async (_, end, reason) => {
  const key = await w.job('failing');
  w.program = async () => end;
  await w.settle();
  const row = await w.jobRow(key);
  expect([row.status, row.failureReason]).toEqual(['Failed', expect.stringMatching(reason)]);
});

test('a bug fails the job with what it says, and is logged', async () => {
  const key = await w.job('bug');
  w.program = async () => {
    throw new TypeError('x is not a function');
  };
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: 'InternalServerError: x is not a function',
  });
  expect(w.logged).toEqual(['a processing job failed in an unexpected way']);
});

test.each([
  ['s3://missing/x', false, 'input i: the bucket missing does not exist'],
  [`s3://${bucket}/none`, false, `input i: no object's key starts with s3://${bucket}/none`],
  [`s3://${bucket}/none`, true, `input i: the manifest s3://${bucket}/none does not exist`],
  [`s3://${bucket}/bad`, true, `input i: the manifest s3://${bucket}/bad must be [{"prefix": `],
  [`s3://${bucket}/gone`, true, `s3://${bucket}/in/x does not exist`],
])('an input %s that cannot be read (manifest: %s) is named', async (uri, isManifest, reason) => {
  await w.put('bad', '{"prefix": 1}');
  await w.put('gone', `[{"prefix":"s3://${bucket}/in/"},"x"]`);
  const localPath = '/opt/ml/processing/i';
  const key = await w.job('inputs', { inputs: [{ name: 'i', uri, localPath, isManifest }] });
  await w.settle();
  const row = await w.jobRow(key);
  expect(row.status).toBe('Failed');
  expect(row.failureReason).toContain(reason);
  expect(w.begun).toEqual([]);
});

test('an output whose bucket is missing fails the job by name', async () => {
  const outputs = [{ name: 'o', uri: 's3://missing/out', localPath: '/opt/ml/processing/o' }];
  const key = await w.job('output', { outputs });
  w.program = async ({ rootPath }) => {
    await leave(rootPath, { 'processing/o/x': '1' });
    return exited(0);
  };
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringContaining('output s3://missing/out/x'),
  });
});

test('an analysis that takes longer than the job may is ended', async () => {
  const outputs = [{ name: 'o', uri: `s3://${bucket}/out`, localPath: '/opt/ml/processing/o' }];
  const environment = { dataset_source: '/opt/ml/processing/d' };
  await w.put('data.csv', 'a');
  const inputs = [
    {
      name: 'd',
      uri: `s3://${bucket}/data.csv`,
      localPath: '/opt/ml/processing/d',
      isManifest: false,
    },
  ];
  const key = await w.job('slow', {
    ...{ image: 'analyzer:1', outputs, environment, inputs },
    maxRuntimeMs: 20,
  });
  w.analyze = (_, __, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({
    status: 'Failed',
    failureReason: 'The job ran longer than MaxRuntimeInSeconds',
  });
  w.analyze = (_, __, { signal }) =>
    new Promise((resolve) => {
      signal?.addEventListener('abort', () => resolve(refuse('the script was stopped')));
    });
  const again = { image: 'analyzer:1', outputs, environment, inputs, maxRuntimeMs: 20 };
  const cut = await w.job('cut', again);
  await w.settle();
  expect(await w.jobRow(cut)).toMatchObject({
    failureReason: 'The job ran longer than MaxRuntimeInSeconds',
  });
  w.analyze = async () => ok({ ...quiet, violations: 2 });
  const next = await w.job('quick', { image: 'analyzer:1', outputs, environment, inputs });
  await w.settle();
  expect(await w.jobRow(next)).toMatchObject({
    status: 'Completed',
    exitMessage: 'CompletedWithViolations: Job completed successfully with 2 violations.',
  });
});

test.each([
  [{}, 'the environment variable dataset_source is not set'],
  [
    { dataset_source: '/opt/ml/processing/other' },
    'no processing input has dataset_source (/opt/ml/processing/other) as its LocalPath',
  ],
])('an analysis without its dataset says what is missing: %j', async (environment, reason) => {
  const outputs = [{ name: 'o', uri: `s3://${bucket}/out`, localPath: '/opt/ml/processing/o' }];
  const key = await w.job('bare', { image: 'analyzer', outputs, environment });
  await w.settle();
  expect(await w.jobRow(key)).toMatchObject({ status: 'Failed', failureReason: reason });
});
