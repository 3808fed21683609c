/** When runs begin, for which window, and what becomes of those that cannot. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobDefinitions, schedules, scoped } from '../../engines/monitoring/rows.ts';
import { processingJobs } from '../../engines/processing/rows.ts';
import { hourMs, minuteMs } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { at, bucket, gate, planOf, quiet, scope, startMs, Watch } from './monitoring.fixture.ts';
import { requeueLost } from './schedules.ts';

let w: Watch;
beforeEach(async () => {
  w = await new Watch().open();
  await w.endpoint('churn');
});
afterEach(() => w.close());

const times = async (name: string) =>
  (await w.runs(name)).map(({ scheduledAtMs, status }) => [
    new Date(scheduledAtMs).toISOString().slice(11, 16),
    status,
  ]);

test('nothing runs before its time, and the loop knows the next one', async () => {
  expect(await w.tick(w.schedules)).toBe(Number.POSITIVE_INFINITY);
  await w.schedule('late', { nextRunAtMs: at('11:00') });
  await w.schedule('early');
  await w.schedule('stopped', { status: 'Stopped' });
  expect(await w.tick(w.schedules)).toBe(at('10:00'));
  await w.advanceTo(at('10:00') - 1);
  expect(w.begun).toEqual([]);
});

test('a run looks at the period before its nominal time, whenever it really begins', async () => {
  await w.schedule('hourly');
  await w.capture('churn', at('09:10'), 'in.jsonl');
  await w.capture('churn', at('10:10'), 'after.jsonl');
  await w.capture('churnier', at('09:10'), 'of-another.jsonl');
  const seen: string[] = [];
  w.analyze = async (_, { dataset }) => {
    seen.push(...dataset.map(({ uri }) => uri));
    return ok(quiet);
  };
  await w.advanceTo(at('10:07'));
  expect(seen).toEqual([`s3://${bucket}/capture/churn/AllTraffic/2026/01/05/09/in.jsonl`]);
  const [run, ...more] = await w.runs('hourly');
  expect(more).toEqual([]);
  expect(run).toMatchObject({
    status: 'Completed',
    scheduledAtMs: at('10:00'),
    windowStartMs: at('09:00'),
    windowEndMs: at('10:00'),
    createdAtMs: at('10:07'),
    endpointName: 'churn',
  });
  expect(await w.text('reports/churn/hourly/2026/01/05/10/statistics.json')).toBe('{}');
  expect(await w.scheduleRow('hourly')).toMatchObject({ nextRunAtMs: at('11:00') });
});

test('what was captured before the end of the window is asked for first', async () => {
  await w.schedule('hourly');
  w.captured = async (beforeMs) => {
    expect(beforeMs).toBe(at('10:00'));
    await w.capture('churn', at('09:59'));
  };
  await w.advanceTo(at('10:00'));
  expect(await times('hourly')).toEqual([['10:00', 'Completed']]);
});

test('all variants and hours of a window are read, in order of time within a variant', async () => {
  await w.schedule('daily', { expression: 'cron(0 10 ? * * *)' });
  const capture = 'capture/churn';
  const inside = [
    'A/2026/01/04/23/x',
    'A/2026/01/05/00/x',
    'A-b/2026/01/05/09/x',
    'Ab/2026/01/05/01/x',
  ];
  const outside = ['A/2026/01/04/09/x', 'A/2026/01/05/10/x', 'readme', '2026/01/05/01/x'];
  for (const key of [...inside, ...outside]) await w.put(`${capture}/${key}`);
  const seen: string[] = [];
  w.analyze = async (_, { dataset }) => {
    seen.push(...dataset.map(({ uri }) => uri.replace(`s3://${bucket}/${capture}/`, '')));
    return ok(quiet);
  };
  await w.advanceTo(at('10:00'));
  expect(seen.toSorted()).toEqual(inside.toSorted());
  expect(seen.filter((key) => key.startsWith('A/'))).toEqual(inside.slice(0, 2));
});

test('two runs of a schedule never overlap; the next begins right after', async () => {
  await w.schedule('hourly');
  for (const hour of ['09:00', '10:00', '11:00']) await w.capture('churn', at(hour));
  const { opened, open } = gate();
  const first = gate();
  w.analyze = async () => {
    first.open();
    await opened;
    return ok(quiet);
  };
  w.clock.moveTo(at('10:00'));
  await w.tick(w.schedules);
  await w.tick(w.processing);
  await first.opened;
  w.clock.moveTo(at('12:00'));
  expect(await w.tick(w.schedules)).toBe(Number.POSITIVE_INFINITY);
  await w.tick(w.processing);
  expect(w.begun).toHaveLength(1);
  expect(await times('hourly')).toEqual([['10:00', 'InProgress']]);
  open();
  await w.processing.idle();
  await w.settle();
  expect(await times('hourly')).toEqual([
    ['10:00', 'Completed'],
    ['11:00', 'Completed'],
    ['12:00', 'Completed'],
  ]);
});

test('windows missed while the server was down are caught up, each once and in order', async () => {
  await w.schedule('hourly');
  await w.capture('churn', at('10:10'));
  await w.advanceTo(at('13:30'));
  expect(await times('hourly')).toEqual([
    ['10:00', 'Failed'],
    ['11:00', 'Completed'],
    ['12:00', 'Failed'],
    ['13:00', 'Failed'],
  ]);
  expect(await w.scheduleRow('hourly')).toMatchObject({ nextRunAtMs: at('14:00') });
});

test('after a long time only the newest 168 windows are caught up, and a log says so', async () => {
  await w.schedule('hourly');
  const nowMs = at('10:00') + 200 * hourMs;
  await w.advanceTo(nowMs);
  const runs = await w.runs('hourly');
  expect(runs).toHaveLength(168);
  expect(runs.at(-1)?.scheduledAtMs).toBe(nowMs);
  expect(runs[0]?.scheduledAtMs).toBe(nowMs - 167 * hourMs);
  expect(w.logged).toEqual(['windows were skipped: the server was down for too long']);
});

test('NOW runs once, for the stretch it names, and does not publish', async () => {
  await w.schedule('once', {
    expression: 'NOW',
    analysisStart: '-PT2H',
    analysisEnd: '-PT1H',
    nextRunAtMs: startMs,
  });
  await w.capture('churn', at('07:45'));
  await w.settle();
  await w.advanceTo(startMs + 48 * hourMs);
  const [run, ...more] = await w.runs('once');
  expect(more).toEqual([]);
  expect(run).toMatchObject({
    status: 'Completed',
    windowStartMs: startMs - 2 * hourMs,
    windowEndMs: startMs - hourMs,
  });
  const [job] = (await w.store.list(processingJobs, { limit: 1 })).map(({ row }) => row);
  expect(job?.plan.environment).toMatchObject({
    start_time: '2026-01-05T07:30:00Z',
    end_time: '2026-01-05T08:30:00Z',
    publish_cloudwatch_metrics: 'Disabled',
  });
});

test('offsets for late labels move the window away from the nominal time', async () => {
  const plan = planOf('churn', { startTimeOffset: '-P2D', endTimeOffset: '-P1D' });
  await w.schedule('late', { plan });
  await w.advanceTo(at('10:00'));
  expect((await w.runs('late'))[0]).toMatchObject({
    windowStartMs: at('10:00') - 48 * hourMs,
    windowEndMs: at('10:00') - 24 * hourMs,
  });
});

test('a window without records fails, says where it looked, and has a job', async () => {
  await w.schedule('hourly');
  await w.advanceTo(at('10:00'));
  const [run] = await w.runs('hourly');
  expect(run).toMatchObject({
    status: 'Failed',
    failureReason:
      'Job inputs had no data: looked under s3://records/capture/churn/<variant>/yyyy/mm/dd/hh/ ' +
      'for captured records from 2026-01-05T09:00:00.000Z until 2026-01-05T10:00:00.000Z, ' +
      'and found no object',
    processingJobArn: expect.stringMatching(
      /:processing-job\/model-monitoring-202601051000-\w{24}$/,
    ),
  });
});

test('a bucket of records that is gone is said to be gone', async () => {
  const { endpointName: _, ...plan } = planOf('churn');
  const batch = { dataUri: 's3://gone/capture', datasetFormat: '{"csv":{"header":false}}' };
  await w.schedule('batches', { plan: { ...plan, batch } });
  await w.advanceTo(at('10:00'));
  expect((await w.runs('batches'))[0]).toMatchObject({
    status: 'Failed',
    failureReason: 'Job inputs had no data: the bucket of s3://gone/capture does not exist',
  });
});

const cannotRun: readonly (readonly [string, () => Promise<unknown>, string])[] = [
  ['endpoint', () => w.schedule('s', { plan: planOf('gone') }), 'The endpoint gone does not exist'],
  [
    'capture',
    async () => {
      await w.endpoint('mute', { active: undefined } as never);
      await w.schedule('s', { plan: planOf('mute') });
    },
    'The endpoint mute has no data capture configured',
  ],
  [
    'definition',
    async () => {
      const { plan: _, ...row } = await w.schedule('s', { jobDefinitionName: 'gone' });
      await w.store.write((tx) => tx.put(schedules, scoped(scope, 's'), row));
    },
    'The job definition gone does not exist',
  ],
  [
    'baselining job',
    () => w.schedule('s', { plan: planOf('churn', { baseliningJobName: 'gone' }) }),
    'The baselining job gone does not exist',
  ],
];

test.each(cannotRun)(
  'without its %s a run fails with a reason, and the next is due',
  async (...row) => {
    const [, arrange, failureReason] = row;
    await arrange();
    await w.advanceTo(at('11:00'));
    expect(await w.runs('s')).toMatchObject([
      { status: 'Failed', failureReason, scheduledAtMs: at('10:00') },
      { status: 'Failed', failureReason, scheduledAtMs: at('11:00') },
    ]);
    expect((await w.runs('s'))[0]).not.toHaveProperty('processingJobArn');
    expect(await w.scheduleRow('s')).toMatchObject({ nextRunAtMs: at('12:00') });
    expect(w.events.map(({ detail }) => detail['FailureReason'])).toEqual([
      failureReason,
      failureReason,
    ]);
  },
);

test('a run that cannot begin counts for the alert', async () => {
  const row = await w.schedule('s', { plan: planOf('gone') });
  await w.schedule('s', { plan: planOf('gone'), alert: { ...row.alert, status: 'InAlert' } });
  await w.advanceTo(at('10:00'));
  expect((await w.scheduleRow('s')).alert).toMatchObject({
    status: 'OK',
    modifiedAtMs: at('10:00'),
  });
});

test('a named definition is read when the run begins', async () => {
  const { plan: _, ...row } = await w.schedule('named', { jobDefinitionName: 'defined' });
  await w.store.write(async (tx) => {
    await tx.put(schedules, scoped(scope, 'named'), row);
    await tx.put(jobDefinitions.DataQuality, scoped(scope, 'defined'), {
      arn: 'a',
      name: 'defined',
      scope,
      type: 'DataQuality',
      endpointName: 'churn',
      request: {},
      plan: planOf('churn', { environment: { MINE: '1', publish_cloudwatch_metrics: 'Disabled' } }),
      createdAtMs: startMs,
    });
  });
  await w.capture('churn', at('09:00'));
  await w.advanceTo(at('10:00'));
  expect(await w.runs('named')).toMatchObject([
    { status: 'Completed', jobDefinitionName: 'defined' },
  ]);
  const [job] = (await w.store.list(processingJobs, { limit: 1 })).map(({ row: found }) => found);
  expect(job?.plan.environment).toMatchObject({
    MINE: '1',
    publish_cloudwatch_metrics: 'Disabled',
  });
});

test('the environment, inputs and outputs of a run are those of the contract', async () => {
  const plan = planOf('churn', {
    constraintsUri: `s3://${bucket}/base/constraints.json`,
    statisticsUri: `s3://${bucket}/base/statistics.json`,
  });
  await w.schedule('hourly', { plan });
  await w.advanceTo(at('10:00'));
  const [job] = (await w.store.list(processingJobs, { limit: 1 })).map(({ row }) => row);
  expect(job?.plan.environment).toEqual({
    dataset_format:
      '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
    dataset_source: '/opt/ml/processing/input/endpoint',
    start_time: '2026-01-05T09:00:00Z',
    end_time: '2026-01-05T10:00:00Z',
    output_path: '/opt/ml/processing/output',
    publish_cloudwatch_metrics: 'Enabled',
    sagemaker_endpoint_name: 'churn',
    sagemaker_monitoring_schedule_name: 'hourly',
    sagemaker_endpoint_datacapture_prefix: 's3://records/capture/churn',
    monitoring_input_type: 'ENDPOINT_INPUT',
    baseline_constraints: '/opt/ml/processing/baseline/constraints/constraints.json',
    baseline_statistics: '/opt/ml/processing/baseline/baseline/statistics.json',
  });
  expect(job?.plan).toMatchObject({ maxRuntimeMs: 600_000 });
  expect(job?.request['ProcessingInputs']).toMatchObject([
    { InputName: 'constraints' },
    { InputName: 'baseline' },
    { InputName: 'endpoint_input_1', S3Input: { S3Uri: 's3://records/capture/churn' } },
  ]);
});

test('the documents of a baselining job are found by its name, once it has completed', async () => {
  const outputs = [{ name: 'o', uri: `s3://${bucket}/base/`, localPath: '/opt/ml/processing/o' }];
  const key = await w.job('base', { outputs });
  await w.schedule('hourly', { plan: planOf('churn', { baseliningJobName: 'base' }) });
  w.program = async () => refuse('not today');
  w.clock.moveTo(at('10:00'));
  await w.tick(w.schedules);
  expect((await w.runs('hourly'))[0]?.failureReason).toBe(
    'The baselining job base is InProgress, not Completed',
  );
  const done = { ...(await w.jobRow(key)), status: 'Completed' as const };
  await w.store.write((tx) => tx.put(processingJobs, key, done));
  await w.put('base/constraints.json', 'C');
  await w.put('base/statistics.json', 'S');
  await w.capture('churn', at('10:00'));
  const texts: (string | undefined)[] = [];
  w.analyze = async (_, { constraintsText, statisticsText }) => {
    texts.push(constraintsText, statisticsText);
    return ok(quiet);
  };
  await w.advanceTo(at('11:00'));
  expect(texts).toEqual(['C', 'S']);
});

test('a job whose work item was lost between two writes is found at start-up', async () => {
  await w.schedule('hourly');
  await w.capture('churn', at('09:00'));
  w.clock.moveTo(at('10:00') + minuteMs);
  await w.tick(w.schedules);
  const [entry] = await w.store.list(processingJobs, { limit: 1 });
  await w.queue.cancel(entry?.key ?? '');
  await w.settle();
  expect(w.begun).toEqual([]);
  await requeueLost({ store: w.store, queue: w.queue }, w.clock.nowMs());
  await requeueLost({ store: w.store, queue: w.queue }, w.clock.nowMs());
  await w.settle();
  expect(await times('hourly')).toEqual([['10:00', 'Completed']]);
  expect(w.begun).toHaveLength(1);
});
