/** Monitoring schedules: creation, changes, deletion, listings, executions and alerts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { at, gate, quiet, startMs } from '../../jobs/monitoring/monitoring.fixture.ts';
import { hourMs } from '../../kernel/clock.ts';
import { ok } from '../../kernel/outcome.ts';
import {
  definition,
  inline,
  Monitoring,
  scheduled,
  scheduledByName,
} from './monitoring.fixture.ts';

let m: Monitoring;
beforeEach(async () => {
  m = new Monitoring();
  await m.open();
  await m.endpoint('churn');
});
afterEach(() => m.close());

const arn = (name: string) =>
  `arn:aws:sagemaker:eu-west-1:111122223333:monitoring-schedule/${name}`;
const named = (MonitoringScheduleName: string) => ({ MonitoringScheduleName });
const refused = (name: string, input: object, code: string, message: string | RegExp) =>
  expect(m.call(name, input)).rejects.toMatchObject({
    code,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });

test('a schedule is described as it was asked for, and runs', async () => {
  expect(await m.call('CreateMonitoringSchedule', scheduled('Hourly'))).toEqual({
    MonitoringScheduleArn: arn('hourly'),
  });
  const told = await m.call('DescribeMonitoringSchedule', named('hourly'));
  expect(told).toEqual({
    MonitoringScheduleArn: arn('hourly'),
    MonitoringScheduleName: 'Hourly',
    MonitoringScheduleStatus: 'Scheduled',
    MonitoringType: 'DataQuality',
    CreationTime: new Date(startMs),
    LastModifiedTime: new Date(startMs),
    MonitoringScheduleConfig: scheduled('').MonitoringScheduleConfig,
    EndpointName: 'churn',
  });
  await m.capture('churn', at('09:30'));
  await m.advanceTo(at('10:00'));
  const after = await m.call('DescribeMonitoringSchedule', named('Hourly'));
  expect(after['LastMonitoringExecutionSummary']).toEqual({
    MonitoringScheduleName: 'Hourly',
    ScheduledTime: new Date(at('10:00')),
    CreationTime: new Date(at('10:00')),
    LastModifiedTime: new Date(at('10:00')),
    MonitoringExecutionStatus: 'Completed',
    MonitoringType: 'DataQuality',
    EndpointName: 'churn',
    ProcessingJobArn: expect.stringContaining(':processing-job/model-monitoring-202601051000-'),
  });
});

test('a schedule of a named definition runs it', async () => {
  await m.call('CreateDataQualityJobDefinition', definition('defined'));
  await m.call('CreateMonitoringSchedule', scheduledByName('hourly', 'defined'));
  await m.capture('churn', at('09:30'));
  await m.advanceTo(at('10:00'));
  expect(await m.call('ListMonitoringExecutions', {})).toMatchObject({
    MonitoringExecutionSummaries: [
      { MonitoringExecutionStatus: 'Completed', MonitoringJobDefinitionName: 'defined' },
    ],
  });
  expect(await m.call('DescribeMonitoringSchedule', named('hourly'))).toMatchObject({
    EndpointName: 'churn',
    MonitoringScheduleConfig: { MonitoringJobDefinitionName: 'defined' },
  });
});

test('without an expression the service picks a daily time', async () => {
  const input = scheduled('daily', { ScheduleConfig: undefined });
  await m.call('CreateMonitoringSchedule', input);
  await m.advanceTo(startMs + 24 * hourMs);
  expect(await m.runs('daily')).toMatchObject([{ scheduledAtMs: at('00:00') + 24 * hourMs }]);
});

test('NOW runs at once', async () => {
  const ScheduleConfig = {
    ScheduleExpression: 'NOW',
    DataAnalysisStartTime: '-PT1H',
    DataAnalysisEndTime: '-PT0H',
  };
  await m.capture('churn', at('08:45'));
  await m.call('CreateMonitoringSchedule', scheduled('once', { ScheduleConfig }));
  await m.settle();
  expect(await m.runs('once')).toMatchObject([
    { status: 'Completed', scheduledAtMs: startMs, windowStartMs: startMs - hourMs },
  ]);
});

test('a name is taken once, whatever its case', async () => {
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  await refused(
    'CreateMonitoringSchedule',
    scheduled('ONE'),
    'ResourceInUse',
    'Monitoring schedule ONE already exists',
  );
});

const when = (config: object) => ({ ScheduleConfig: config });
const given = (over: object) => ({ MonitoringJobDefinition: inline(over) });
const input = (over: object) => ({
  MonitoringInputs: [{ EndpointInput: { EndpointName: 'churn', LocalPath: '/x', ...over } }],
});

test.each<[string, object, string, RegExp]>([
  [
    'bad cron',
    when({ ScheduleExpression: 'cron(5 * ? * * *)' }),
    'ValidationException',
    /scheduleExpression.*cron\(0 \* \? \* \* \*\) for hourly/,
  ],
  [
    'NOW without times',
    when({ ScheduleExpression: 'NOW' }),
    'ValidationException',
    /NOW needs both/,
  ],
  [
    'one time alone',
    when({ ScheduleExpression: 'cron(0 * ? * * *)', DataAnalysisEndTime: 'PT0H' }),
    'ValidationException',
    /go together/,
  ],
  [
    'times that cross',
    when({
      ScheduleExpression: 'NOW',
      DataAnalysisStartTime: 'PT0H',
      DataAnalysisEndTime: '-PT1H',
    }),
    'ValidationException',
    /scheduleConfig.*must start before it ends/,
  ],
  [
    'more than a day',
    when({ ScheduleExpression: 'NOW', DataAnalysisStartTime: '-P2D', DataAnalysisEndTime: 'PT0H' }),
    'ValidationException',
    /at most 24 hours/,
  ],
  [
    'no definition',
    { MonitoringJobDefinition: undefined },
    'ValidationException',
    /give either MonitoringJobDefinition or/,
  ],
  ['both definitions', { MonitoringJobDefinitionName: 'x' }, 'ValidationException', /give either/],
  [
    'an unknown definition',
    { MonitoringJobDefinition: undefined, MonitoringJobDefinitionName: 'gone' },
    'ResourceNotFound',
    /^Job definition gone not found$/,
  ],
  [
    'another monitor',
    { MonitoringType: 'ModelBias' },
    'ValidationException',
    /type ModelBias needs a MonitoringJobDefinitionName/,
  ],
  [
    'two inputs',
    given({ MonitoringInputs: [{}, {}] }),
    'ValidationException',
    /monitoringInputs.*length equal to 1/,
  ],
  ['no endpoint', given({ MonitoringInputs: [{}] }), 'ValidationException', /endpointInput/],
  [
    'a batch transform without its data',
    given({ MonitoringInputs: [{ BatchTransformInput: { LocalPath: '/x' } }] }),
    'ValidationException',
    /dataCapturedDestinationS3Uri/,
  ],
  [
    'an attribute',
    given(input({ InferenceAttribute: '0' })),
    'NotImplemented',
    /InferenceAttribute of a data-quality monitor/,
  ],
  [
    'a bad offset',
    given(input({ StartTimeOffset: '1P' })),
    'ValidationException',
    /startTimeOffset/,
  ],
  [
    'no output',
    given({ MonitoringOutputConfig: { MonitoringOutputs: [] } }),
    'ValidationException',
    /monitoringOutputs/,
  ],
  [
    'an output elsewhere',
    given({
      MonitoringOutputConfig: {
        MonitoringOutputs: [{ S3Output: { S3Uri: 'https://x', LocalPath: '/x' } }],
      },
    }),
    'ValidationException',
    /s3Uri.*not an object URI/,
  ],
  [
    'a reserved key',
    given({ Environment: { dataset_format: '{}' } }),
    'ValidationException',
    /dataset_format is set by the service/,
  ],
  [
    'a preprocessor elsewhere',
    given({
      MonitoringAppSpecification: { ImageUri: 'x', RecordPreprocessorSourceUri: 'https://b/p.py' },
    }),
    'ValidationException',
    /recordPreprocessorSourceUri.*not an object URI/,
  ],
  [
    'isolation',
    given({ NetworkConfig: { EnableNetworkIsolation: true } }),
    'NotImplemented',
    /EnableNetworkIsolation/,
  ],
  [
    'a secret that is not named as one',
    given({ Environment: { TOKEN: '{{resolve:secretsmanager:}}' } }),
    'ValidationException',
    /environment\.TOKEN' failed.*by its name or its ARN/,
  ],
])('%s is refused when a schedule is made or changed', async (_, over, code, message) => {
  await refused('CreateMonitoringSchedule', scheduled('one', over), code, message);
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  await refused('UpdateMonitoringSchedule', scheduled('one', over), code, message);
});

test.each(['', 'a_b', '-a', 'a-', 'x'.repeat(64)])('the name %j is refused', async (name) => {
  await refused(
    'CreateMonitoringSchedule',
    scheduled(name),
    'ValidationException',
    /monitoringScheduleName/,
  );
});

test.each([
  ['DescribeMonitoringSchedule', named('gone')],
  ['UpdateMonitoringSchedule', scheduled('gone')],
  ['StartMonitoringSchedule', named('gone')],
  ['StopMonitoringSchedule', named('gone')],
  ['DeleteMonitoringSchedule', named('gone')],
  ['ListMonitoringAlerts', named('gone')],
  [
    'UpdateMonitoringAlert',
    { ...named('gone'), MonitoringAlertName: 'x', DatapointsToAlert: 1, EvaluationPeriod: 1 },
  ],
])('%s of a schedule that is not there', async (operation, asked) => {
  const message = `Monitoring schedule ${arn('gone')} not found`;
  await refused(operation, asked, 'ResourceNotFound', message);
});

test('a schedule of another region or account is not there', async () => {
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  const scope = { partition: 'aws', region: 'us-east-1', account: '111122223333' };
  await expect(m.call('DescribeMonitoringSchedule', named('one'), { scope })).rejects.toMatchObject(
    {
      code: 'ResourceNotFound',
    },
  );
});

test('stopped it does not run; started again it runs from then on', async () => {
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  await m.call('StopMonitoringSchedule', named('one'));
  await m.advanceTo(at('12:10'));
  expect(await m.runs('one')).toEqual([]);
  expect(await m.call('DescribeMonitoringSchedule', named('one'))).toMatchObject({
    MonitoringScheduleStatus: 'Stopped',
  });
  await m.call('StartMonitoringSchedule', named('one'));
  await m.advanceTo(at('13:00'));
  expect(await m.runs('one')).toMatchObject([{ scheduledAtMs: at('13:00') }]);
});

test('a change replaces the whole configuration; a stopped one stays stopped', async () => {
  await m.endpoint('other');
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  await m.call('StopMonitoringSchedule', named('one'));
  m.clock.moveTo(at('09:45'));
  const EndpointInput = { EndpointName: 'other', LocalPath: '/opt/ml/processing/input' };
  const changed = scheduled('one', {
    ScheduleConfig: { ScheduleExpression: 'cron(0 11 ? * * *)' },
    ...given({ MonitoringInputs: [{ EndpointInput }] }),
  });
  expect(await m.call('UpdateMonitoringSchedule', changed)).toEqual({
    MonitoringScheduleArn: arn('one'),
  });
  expect(await m.call('DescribeMonitoringSchedule', named('one'))).toMatchObject({
    MonitoringScheduleStatus: 'Stopped',
    EndpointName: 'other',
    CreationTime: new Date(startMs),
    LastModifiedTime: new Date(at('09:45')),
    MonitoringScheduleConfig: changed.MonitoringScheduleConfig,
  });
  await m.call('StartMonitoringSchedule', named('one'));
  await m.advanceTo(at('11:00'));
  expect(await m.runs('one')).toMatchObject([
    { scheduledAtMs: at('11:00'), endpointName: 'other' },
  ]);
});

test('it cannot go while a run is under way; its executions stay', async () => {
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  await m.capture('churn', at('09:30'));
  const { opened, open } = gate();
  m.analyze = async () => {
    await opened;
    return ok(quiet);
  };
  m.clock.moveTo(at('10:00'));
  await m.tick(m.schedules);
  await m.tick(m.processing);
  await refused(
    'DeleteMonitoringSchedule',
    named('one'),
    'ValidationException',
    /^Cannot delete Monitoring schedule .*an execution is in progress/,
  );
  open();
  await m.processing.idle();
  await m.call('DeleteMonitoringSchedule', named('one'));
  await m.advanceTo(at('12:00'));
  const listed = await m.call('ListMonitoringExecutions', named('one'));
  expect(listed['MonitoringExecutionSummaries']).toMatchObject([
    { MonitoringExecutionStatus: 'Completed' },
  ]);
  await m.call('CreateMonitoringSchedule', scheduled('one'));
});

const names = (answer: object, list: string, member: string) =>
  ((answer as Record<string, Record<string, unknown>[]>)[list] ?? []).map((one) => one[member]);

test('schedules are listed in pages, by filters and in orders', async () => {
  await m.endpoint('other');
  await m.call('CreateDataQualityJobDefinition', definition('defined'));
  for (const [at_, name] of ['b-one', 'a-two', 'c-three'].entries()) {
    m.clock.moveTo(startMs + at_ * 1_000);
    await m.call('CreateMonitoringSchedule', scheduled(name));
  }
  m.clock.moveTo(startMs + 3_000);
  await m.call('CreateMonitoringSchedule', scheduledByName('d-four', 'defined'));
  await m.call('StopMonitoringSchedule', named('a-two'));
  const list = async (query: object) =>
    names(
      await m.call('ListMonitoringSchedules', query),
      'MonitoringScheduleSummaries',
      'MonitoringScheduleName',
    );
  expect(await list({})).toEqual(['d-four', 'c-three', 'a-two', 'b-one']);
  const byName = { SortBy: 'Name', SortOrder: 'Ascending' };
  expect(await list(byName)).toEqual(['a-two', 'b-one', 'c-three', 'd-four']);
  expect(await list({ NameContains: 'THREE' })).toEqual(['c-three']);
  expect(await list({ StatusEquals: 'Stopped' })).toEqual(['a-two']);
  expect(await list({ MonitoringJobDefinitionName: 'defined' })).toEqual(['d-four']);
  expect(await list({ EndpointName: 'other' })).toEqual([]);
  expect(await list({ MonitoringTypeEquals: 'ModelBias' })).toEqual([]);
  expect(await list({ CreationTimeAfter: new Date(startMs + 1_000) })).toEqual([
    'd-four',
    'c-three',
  ]);
  const pages: unknown[] = [];
  for (let token: unknown; ; ) {
    const more = token === undefined ? {} : { NextToken: token };
    const page = await m.call('ListMonitoringSchedules', { ...byName, MaxResults: 3, ...more });
    pages.push(names(page, 'MonitoringScheduleSummaries', 'MonitoringScheduleName'));
    token = page['NextToken'];
    if (token === undefined) break;
  }
  expect(pages).toEqual([['a-two', 'b-one', 'c-three'], ['d-four']]);
  await refused('ListMonitoringSchedules', { NextToken: 'x' }, 'ValidationException', /NextToken/);
});

test('executions are listed in pages, by filters and in orders', async () => {
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  await m.capture('churn', at('10:30'));
  for (const time of ['10:00', '11:00', '12:00']) await m.advanceTo(at(time));
  const list = async (query: object) =>
    names(
      await m.call('ListMonitoringExecutions', query),
      'MonitoringExecutionSummaries',
      'ScheduledTime',
    ).map((time) => (time as Date).toISOString().slice(11, 16));
  expect(await list({})).toEqual(['12:00', '11:00', '10:00']);
  expect(await list({ SortBy: 'ScheduledTime', SortOrder: 'Ascending' })).toEqual([
    '10:00',
    '11:00',
    '12:00',
  ]);
  expect(await list({ StatusEquals: 'Completed' })).toEqual(['11:00']);
  expect(await list({ MonitoringScheduleName: 'other' })).toEqual([]);
  expect(await list({ MonitoringScheduleName: 'ONE', EndpointName: 'churn' })).toHaveLength(3);
  expect(await list({ MonitoringJobDefinitionName: 'x' })).toEqual([]);
  expect(await list({ MonitoringTypeEquals: 'DataQuality' })).toHaveLength(3);
  expect(await list({ ScheduledTimeAfter: new Date(at('11:00')) })).toEqual(['12:00']);
  expect(await list({ ScheduledTimeBefore: new Date(at('11:00')) })).toEqual(['10:00']);
  expect(await list({ CreationTimeAfter: new Date(at('10:59')) })).toEqual(['12:00', '11:00']);
  const first = await m.call('ListMonitoringExecutions', { MaxResults: 2 });
  const rest = { MaxResults: 2, NextToken: first['NextToken'] };
  expect(await list(rest)).toEqual(['10:00']);
  await refused(
    'ListMonitoringExecutions',
    { MaxResults: 101 },
    'ValidationException',
    /maxResults/,
  );
});

test('an alert is there from the start, can be tuned, and tells its turns', async () => {
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  const alerts = await m.call('ListMonitoringAlerts', named('one'));
  const [alert] = alerts['MonitoringAlertSummaries'] as Record<string, unknown>[];
  expect(alert).toEqual({
    MonitoringAlertName: expect.any(String),
    CreationTime: new Date(startMs),
    LastModifiedTime: new Date(startMs),
    AlertStatus: 'OK',
    DatapointsToAlert: 1,
    EvaluationPeriod: 1,
    Actions: { ModelDashboardIndicator: { Enabled: true } },
  });
  const of = { ...named('one'), MonitoringAlertName: alert?.['MonitoringAlertName'] };
  const tune = { ...of, DatapointsToAlert: 2, EvaluationPeriod: 3 };
  expect(await m.call('UpdateMonitoringAlert', tune)).toEqual({
    MonitoringScheduleArn: arn('one'),
    MonitoringAlertName: alert?.['MonitoringAlertName'],
  });
  m.analyze = async () => ok({ ...quiet, violations: 1 });
  for (const [time, captured] of [
    ['10:00', '09:30'],
    ['11:00', '10:30'],
  ] as const) {
    await m.capture('churn', at(captured));
    await m.advanceTo(at(time));
  }
  expect(await m.call('ListMonitoringAlerts', named('one'))).toMatchObject({
    MonitoringAlertSummaries: [
      { AlertStatus: 'InAlert', DatapointsToAlert: 2, EvaluationPeriod: 3 },
    ],
  });
  await m.advanceTo(at('13:00'));
  const history = async (query: object) =>
    names(
      await m.call('ListMonitoringAlertHistory', query),
      'MonitoringAlertHistory',
      'AlertStatus',
    );
  expect(await history(of)).toEqual(['OK', 'InAlert']);
  expect(await history({ ...of, StatusEquals: 'InAlert' })).toEqual(['InAlert']);
  expect(await history({ ...of, CreationTimeBefore: new Date(at('12:30')) })).toEqual(['InAlert']);
  expect(await history({ ...of, MonitoringAlertName: 'other' })).toEqual([]);
  const inverted = { ...of, DatapointsToAlert: 3, EvaluationPeriod: 2 };
  await refused('UpdateMonitoringAlert', inverted, 'ValidationException', /datapointsToAlert/);
  const unknown = { ...tune, MonitoringAlertName: 'other' };
  await refused('UpdateMonitoringAlert', unknown, 'ResourceNotFound', /alert other not found/);
});

test('tags of schedules, definitions and jobs', async () => {
  const Tags = [{ Key: 'team', Value: 'risk' }];
  await m.call('CreateMonitoringSchedule', { ...scheduled('one'), Tags });
  const made = await m.call('CreateDataQualityJobDefinition', definition('defined', { Tags }));
  const arns: string[] = [arn('one'), String(made['JobDefinitionArn'])];
  for (const ResourceArn of arns) {
    expect(await m.call('ListTags', { ResourceArn })).toEqual({ Tags });
    await m.call('AddTags', { ResourceArn, Tags: [{ Key: 'b', Value: '' }] });
    await m.call('DeleteTags', { ResourceArn, TagKeys: ['team'] });
    expect(await m.call('ListTags', { ResourceArn })).toEqual({ Tags: [{ Key: 'b', Value: '' }] });
  }
  const gone = { ResourceArn: arn('gone') };
  await refused(
    'ListTags',
    gone,
    'ValidationException',
    `Could not find monitoring-schedule "${arn('gone')}".`,
  );
  await m.call('DeleteMonitoringSchedule', named('one'));
  await m.call('CreateMonitoringSchedule', scheduled('one'));
  expect(await m.call('ListTags', { ResourceArn: arn('one') })).toEqual({ Tags: [] });
});
