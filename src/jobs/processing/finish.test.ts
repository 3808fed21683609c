/** What a job's end means: verdicts, alerts with their history, metrics, and events. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alertHistory } from '../../engines/monitoring/rows.ts';
import type { Sample } from '../../engines/series/recorder.ts';
import { hourMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { at, exited, planOf, quiet, scope, Watch } from '../monitoring/monitoring.fixture.ts';
import type { AnalysisResult } from './analysis.ts';
import { finishJob } from './finish.ts';

let w: Watch;
beforeEach(async () => {
  w = await new Watch().open();
  await w.endpoint('churn');
});
afterEach(() => w.close());

const drifted: AnalysisResult = { ...quiet, violations: 3 };

/** One run of an hourly schedule for each outcome, from 10:00 on. */
async function runs(outcomes: readonly Outcome<AnalysisResult>[]): Promise<void> {
  for (const [n, outcome] of outcomes.entries()) {
    const nominalMs = at('10:00') + n * hourMs;
    await w.capture('churn', nominalMs - 1);
    w.analyze = async () => outcome;
    await w.advanceTo(nominalMs);
  }
}

const history = async () =>
  (await w.store.list(alertHistory, { limit: 10 })).map(({ row }) => [row.status, row.atMs]);

test('the exit message decides the status of the execution', async () => {
  await w.schedule('hourly');
  await runs([ok(quiet), ok(drifted), refuse('line 7 is broken')]);
  expect(await w.runs('hourly')).toMatchObject([
    { status: 'Completed' },
    { status: 'CompletedWithViolations' },
    { status: 'Failed', failureReason: 'line 7 is broken' },
  ]);
  expect(await w.scheduleRow('hourly')).not.toHaveProperty('runningExecution');
});

test('a program’s own message decides too', async () => {
  const plan = planOf('churn', { image: 'custom', entrypoint: ['run'] });
  await w.schedule('hourly', { plan });
  await w.capture('churn', at('09:00'));
  w.program = async ({ rootPath }) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(`${rootPath}/output/message`, 'CompletedWithViolations: I found 2.');
    return exited(0);
  };
  await w.advanceTo(at('10:00'));
  expect(await w.runs('hourly')).toMatchObject([{ status: 'CompletedWithViolations' }]);
});

test('the alert turns with each verdict, and its history has the turns alone', async () => {
  await w.schedule('hourly');
  await runs([ok(drifted), ok(drifted), ok(quiet), ok(quiet), ok(drifted)]);
  expect(await history()).toEqual([
    ['InAlert', at('10:00')],
    ['OK', at('12:00')],
    ['InAlert', at('14:00')],
  ]);
  expect((await w.scheduleRow('hourly')).alert).toMatchObject({
    status: 'InAlert',
    modifiedAtMs: at('14:00'),
  });
});

test('two of the last three: in alert before three have run, out when fewer are left', async () => {
  const { alert } = await w.schedule('hourly');
  const tuned = { ...alert, datapointsToAlert: 2, evaluationPeriod: 3 };
  await w.schedule('hourly', { alert: tuned });
  await runs([ok(drifted), ok(drifted), ok(quiet), ok(quiet)]);
  expect(await history()).toEqual([
    ['InAlert', at('11:00')],
    ['OK', at('13:00')],
  ]);
});

test('executions of an earlier schedule of the same name do not count', async () => {
  const { alert } = await w.schedule('hourly');
  await runs([ok(drifted)]);
  w.clock.moveTo(at('10:30'));
  const tuned = { ...alert, datapointsToAlert: 2, evaluationPeriod: 2 };
  await w.schedule('hourly', {
    alert: tuned,
    createdAtMs: at('10:30'),
    nextRunAtMs: at('11:00'),
  });
  await w.capture('churn', at('10:59'));
  await w.advanceTo(at('11:00'));
  expect((await w.scheduleRow('hourly')).alert.status).toBe('OK');
});

test('the end of a run is told as an event, after that of its job', async () => {
  await w.schedule('hourly');
  await runs([ok(drifted)]);
  const [started, ended, execution, ...more] = w.events;
  expect(more).toEqual([]);
  const arn = ended?.resources[0];
  expect(started).toMatchObject({
    source: 'aws.sagemaker',
    'detail-type': 'SageMaker Processing Job State Change',
    account: scope.account,
    region: scope.region,
    time: '2026-01-05T10:00:00Z',
    detail: { ProcessingJobArn: arn, ProcessingJobStatus: 'InProgress' },
  });
  expect(ended?.detail).toMatchObject({
    ProcessingJobStatus: 'Completed',
    ExitMessage: 'CompletedWithViolations: Job completed successfully with 3 violations.',
    CreationTime: at('10:00'),
    ProcessingEndTime: at('10:00'),
    Environment: { sagemaker_endpoint_name: 'churn' },
  });
  expect(execution).toMatchObject({
    'detail-type': 'SageMaker Monitoring Execution State Change',
    resources: ['arn:aws:sagemaker:eu-west-1:111122223333:monitoring-schedule/hourly', arn],
    detail: {
      MonitoringScheduleName: 'hourly',
      MonitoringType: 'DataQuality',
      MonitoringExecutionStatus: 'CompletedWithViolations',
      EndpointName: 'churn',
      ScheduledTime: at('10:00'),
      ProcessingJobArn: arn,
      ReportUri: 's3://records/reports/churn/hourly/2026/01/05/10',
    },
  });
});

const measured: AnalysisResult = {
  ...quiet,
  metrics: [
    { metric: 'feature_completeness_age', value: 0.5 },
    { metric: 'feature_baseline_drift_age', value: Number.NaN },
    {
      metric: 'feature_data',
      dimensions: [{ name: 'Feature', value: 'age' }],
      statistics: { sampleCount: 2, sum: 5, minimum: 1, maximum: 4 },
    },
  ],
};
const two = [
  { name: 'Endpoint', value: 'churn' },
  { name: 'MonitoringSchedule', value: 'hourly' },
];
const three = [...two, { name: 'Feature', value: 'age' }];
const shown = () =>
  w.recorded.map(({ metric, dimensions, sample }) => ({ metric, dimensions, sample }));

test('numbers get the dimensions of the run; what is no number is not published', async () => {
  await w.schedule('hourly');
  await runs([ok(measured)]);
  const half: Sample = { kind: 'values', values: [0.5], counts: [1] };
  const set: Sample = { kind: 'statistics', sampleCount: 2, sum: 5, minimum: 1, maximum: 4 };
  expect(shown()).toEqual([
    { metric: 'feature_completeness_age', dimensions: two, sample: half },
    { metric: 'feature_data', dimensions: three, sample: set },
  ]);
  expect(w.recorded[0]).toMatchObject({
    namespace: 'aws/sagemaker/Endpoints/data-metrics',
    timestampMs: at('10:00'),
    unit: 'None',
  });
});

test.each([
  ['run on demand', { expression: 'NOW', analysisStart: '-PT1H', analysisEnd: 'PT0H' }],
  [
    'definition that disables it',
    { plan: planOf('churn', { environment: { publish_cloudwatch_metrics: 'Disabled' } }) },
  ],
])('a %s publishes nothing', async (_, over) => {
  await w.schedule('hourly', over);
  await runs([ok(measured)]);
  expect(await w.runs('hourly')).toMatchObject([{ status: 'Completed' }]);
  expect(w.recorded).toEqual([]);
});

test('the lines of a program’s metrics file are published, other lines are not', async () => {
  await w.schedule('hourly', { plan: planOf('churn', { image: 'custom' }) });
  await w.capture('churn', at('09:00'));
  const lines = [
    '{"MetricName":"a","Value":1}',
    'not json',
    '{"MetricName":"b","StatisticValues":{"SampleCount":1,"Sum":2,"Minimum":2,"Maximum":2}}',
    '{"MetricName":"c","Value":"1"}',
    '{"MetricName":"d","Value":2,"Dimensions":[{"Name":"N","Value":"V"}]}',
    '[]',
  ];
  w.program = async ({ rootPath }) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(`${rootPath}/output/metrics/cloudwatch`, lines.join('\n'));
    return exited(0);
  };
  await w.advanceTo(at('10:00'));
  expect(shown().map(({ metric, dimensions }) => [metric, dimensions])).toEqual([
    ['a', two],
    ['b', two],
    ['d', [{ name: 'N', value: 'V' }]],
  ]);
});

test('ending a job twice changes nothing', async () => {
  await w.schedule('hourly');
  await runs([ok(drifted)]);
  const [run] = await w.runs('hourly');
  const key = `111122223333/eu-west-1/${run?.processingJobArn?.split('/')[1]}`;
  const told: unknown[] = [];
  const parts = {
    store: w.store,
    clock: w.clock,
    metrics: { record: async () => void told.push('metrics') },
    events: { publish: async () => void told.push('event'), subscribe: () => () => {} },
    queue: w.queue,
  };
  await finishJob(key, refuse('again'), parts);
  expect((await w.jobRow(key)).status).toBe('Completed');
  expect(told).toEqual([]);
});

test('many metrics are recorded a thousand at a time, each once', async () => {
  const metrics = Array.from({ length: 2_500 }, (_, n) => ({ metric: `m${n}`, value: n }));
  await w.schedule('hourly');
  await w.capture('churn', at('09:00'));
  w.analyze = async () => ok({ ...quiet, metrics });
  await w.advanceTo(at('10:00'));
  expect(w.recordedAtOnce).toEqual([1_000, 1_000, 500]);
  expect(w.recorded.map(({ metric }) => metric)).toEqual(metrics.map(({ metric }) => metric));
});
