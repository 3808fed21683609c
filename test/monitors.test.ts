/**
 * The four monitors of one endpoint over loopback HTTP with Amazon's own clients, on a virtual clock:
 * each hour is looked at an hour after it ended, when its labels have come. Every figure is compared
 * with plain arithmetic over what was sent.
 */
import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateDataQualityJobDefinitionCommand,
  CreateModelBiasJobDefinitionCommand,
  CreateModelExplainabilityJobDefinitionCommand,
  CreateModelQualityJobDefinitionCommand,
  CreateMonitoringScheduleCommand,
  CreateProcessingJobCommand,
  type CreateProcessingJobRequest,
  DescribeProcessingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, expect, test, vi } from 'vitest';
import {
  baselineJob,
  bucket,
  Cleanup,
  type Clients,
  clientsOf,
  deploy,
  hourMs,
  jsonAt,
  keysUnder,
  type Running,
  role,
  runsOf,
  started,
  startMs,
} from './server.fixture.ts';

// A whole server runs here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const folder = '/opt/ml/processing';
const clarifyImage =
  '205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0';
const analyzerImage =
  '156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer:latest';
const cluster = { InstanceCount: 1, InstanceType: 'ml.m5.large' as const, VolumeSizeInGB: 1 };

/** The model is a sum, so that each feature's part of a score is known. */
const weights = { start: 0.2, old: 0.3, miles: 0.4 };
const threshold = 0.5;

interface Case {
  readonly old: number;
  readonly miles: number;
  readonly label: number;
}

const scoreOf = ({ old, miles }: Pick<Case, 'old' | 'miles'>) =>
  weights.start + weights.old * old + weights.miles * miles;

/** Some of the old are called right less often: `every` says how often. */
function casesOf(count: number, every: number): readonly Case[] {
  return Array.from({ length: count }, (_, i) => {
    const old = Number(i % 3 === 0);
    const miles = ((i * 37) % 100) / 100 + 0.005;
    const called = Number(scoreOf({ old, miles }) > threshold);
    return { old, miles, label: i % every === 0 ? 1 - called : called };
  });
}

const csvOf = ({ old, miles }: Case) => `${old},${miles}`;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const isCalled = (one: Case) => scoreOf(one) > threshold;

const trained = casesOf(300, 7);
const rowsOfRequest = 5;
const sent = casesOf(200, 4);
/** One request in ten never gets its labels. */
const isLabelled = (request: number) => request % 10 !== 9;
const labelled = sent.filter((_, i) => isLabelled(Math.floor(i / rowsOfRequest)));

const put = ({ s3 }: Clients, Key: string, Body: string) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

const predictor = {
  model_name: 'risk',
  instance_type: 'ml.m5.large',
  initial_instance_count: 1,
  content_type: 'text/csv',
  accept_type: 'text/csv',
  probability: 0,
};
const columns = {
  version: '1.0',
  dataset_type: 'text/csv',
  headers: ['label', 'old', 'miles'],
  label: 'label',
};
const biasConfig = {
  ...columns,
  label_values_or_threshold: [1],
  facet: [{ name_or_index: 'old', value_or_threshold: [1] }],
  probability_threshold: threshold,
  methods: { post_training_bias: { methods: ['DPPL', 'DI', 'AD'] } },
  predictor,
};
const shapConfig = {
  ...columns,
  methods: { shap: { baseline: [[0, 0]], num_samples: 10, agg_method: 'mean_abs', seed: 1 } },
  predictor,
};

async function processed({ server, clients }: Setting, request: CreateProcessingJobRequest) {
  const { sagemaker } = clients;
  await sagemaker.send(new CreateProcessingJobCommand(request));
  await server.settle();
  const { ProcessingJobName } = request;
  const ended = await sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName }));
  expect([ended.ProcessingJobStatus, ended.FailureReason]).toEqual(['Completed', undefined]);
}

const input = (InputName: string, key: string, LocalPath: string) => ({
  InputName,
  S3Input: {
    S3Uri: `s3://${bucket}/${key}`,
    LocalPath,
    S3DataType: 'S3Prefix' as const,
    S3InputMode: 'File' as const,
  },
});

function baselineOf(name: string, over: Partial<CreateProcessingJobRequest>) {
  const S3Output = {
    S3Uri: `s3://${bucket}/baseline/${name}`,
    LocalPath: `${folder}/output`,
    S3UploadMode: 'EndOfJob' as const,
  };
  return {
    ...baselineJob(`baseline-${name}`, `s3://${bucket}/train/${name}.csv`),
    ProcessingOutputConfig: { Outputs: [{ OutputName: 'result', S3Output }] },
    ...over,
  };
}

async function makeBaselines(setting: Setting): Promise<void> {
  const { clients } = setting;
  const table = (head: string, line: (one: Case) => string) =>
    [head, ...trained.map(line)].join('\n');
  await put(
    clients,
    'train/data.csv',
    table('score,old,miles', (o) => `${scoreOf(o)},${csvOf(o)}`),
  );
  await put(
    clients,
    'train/quality.csv',
    table('score,label', (o) => `${scoreOf(o)},${o.label}`),
  );
  await put(clients, 'train/cases.csv', trained.map((o) => `${o.label},${csvOf(o)}`).join('\n'));
  await put(clients, 'config/bias/analysis_config.json', JSON.stringify(biasConfig));
  await put(clients, 'config/shap/analysis_config.json', JSON.stringify(shapConfig));
  await processed(setting, baselineOf('data', {}));
  const quality = baselineOf('quality', {});
  const Environment = {
    ...quality.Environment,
    analysis_type: 'MODEL_QUALITY',
    problem_type: 'BinaryClassification',
    probability_attribute: 'score',
    probability_threshold_attribute: String(threshold),
    ground_truth_attribute: 'label',
  };
  await processed(setting, { ...quality, Environment });
  for (const name of ['bias', 'shap']) {
    const clarify = {
      AppSpecification: { ImageUri: clarifyImage },
      Environment: {},
      ProcessingInputs: [
        input('analysis_config', `config/${name}/analysis_config.json`, `${folder}/input/config`),
        input('dataset', 'train/cases.csv', `${folder}/input/data`),
      ],
    };
    await processed(setting, baselineOf(name, clarify));
  }
}

/** Each run looks at the hour before the one that has just ended. */
const lateHour = { StartTimeOffset: '-PT2H', EndTimeOffset: '-PT1H' };
const watched = {
  EndpointName: 'risk',
  LocalPath: `${folder}/input/endpoint`,
  ...lateHour,
};
const scored = {
  ...watched,
  ProbabilityAttribute: '0',
  ProbabilityThresholdAttribute: threshold,
};
const GroundTruthS3Input = { S3Uri: `s3://${bucket}/labels` };
const reports = {
  MonitoringOutputs: [
    { S3Output: { S3Uri: `s3://${bucket}/reports`, LocalPath: `${folder}/output` } },
  ],
};
const constraintsAt = (key: string) => ({
  ConstraintsResource: { S3Uri: `s3://${bucket}/baseline/${key}` },
});

const names = { data: 'risk-data', quality: 'risk-quality', bias: 'risk-bias', shap: 'risk-shap' };

async function watch({ sagemaker }: Clients): Promise<void> {
  const common = { JobResources: { ClusterConfig: cluster }, RoleArn: role };
  await sagemaker.send(
    new CreateDataQualityJobDefinitionCommand({
      ...common,
      JobDefinitionName: names.data,
      DataQualityAppSpecification: { ImageUri: analyzerImage },
      DataQualityBaselineConfig: {
        ...constraintsAt('data/constraints.json'),
        StatisticsResource: { S3Uri: `s3://${bucket}/baseline/data/statistics.json` },
      },
      DataQualityJobInput: { EndpointInput: watched },
      DataQualityJobOutputConfig: reports,
    }),
  );
  await sagemaker.send(
    new CreateModelQualityJobDefinitionCommand({
      ...common,
      JobDefinitionName: names.quality,
      ModelQualityAppSpecification: {
        ImageUri: analyzerImage,
        ProblemType: 'BinaryClassification',
      },
      ModelQualityBaselineConfig: constraintsAt('quality/constraints.json'),
      ModelQualityJobInput: { EndpointInput: scored, GroundTruthS3Input },
      ModelQualityJobOutputConfig: reports,
    }),
  );
  const configAt = (name: string) => `s3://${bucket}/config/${name}/analysis_config.json`;
  await sagemaker.send(
    new CreateModelBiasJobDefinitionCommand({
      ...common,
      JobDefinitionName: names.bias,
      ModelBiasAppSpecification: { ImageUri: clarifyImage, ConfigUri: configAt('bias') },
      ModelBiasBaselineConfig: constraintsAt('bias/analysis.json'),
      ModelBiasJobInput: { EndpointInput: scored, GroundTruthS3Input },
      ModelBiasJobOutputConfig: reports,
    }),
  );
  await sagemaker.send(
    new CreateModelExplainabilityJobDefinitionCommand({
      ...common,
      JobDefinitionName: names.shap,
      ModelExplainabilityAppSpecification: { ImageUri: clarifyImage, ConfigUri: configAt('shap') },
      ModelExplainabilityBaselineConfig: constraintsAt('shap/analysis.json'),
      ModelExplainabilityJobInput: { EndpointInput: { ...watched, ProbabilityAttribute: '0' } },
      ModelExplainabilityJobOutputConfig: reports,
    }),
  );
  const types = {
    data: 'DataQuality',
    quality: 'ModelQuality',
    bias: 'ModelBias',
    shap: 'ModelExplainability',
  } as const;
  for (const key of ['data', 'quality', 'bias', 'shap'] as const) {
    await sagemaker.send(
      new CreateMonitoringScheduleCommand({
        MonitoringScheduleName: names[key],
        MonitoringScheduleConfig: {
          ScheduleConfig: { ScheduleExpression: 'cron(0 * ? * * *)' },
          MonitoringType: types[key],
          MonitoringJobDefinitionName: names[key],
        },
      }),
    );
  }
}

async function sendAll({ runtime }: Clients): Promise<void> {
  for (let at = 0; at < sent.length; at += rowsOfRequest) {
    await runtime.send(
      new InvokeEndpointCommand({
        EndpointName: 'risk',
        ContentType: 'text/csv',
        InferenceId: `request-${at / rowsOfRequest}`,
        Body: sent
          .slice(at, at + rowsOfRequest)
          .map(csvOf)
          .join('\n'),
      }),
    );
  }
}

/** Under the hour in which they became known, in two files, one of labels that nothing asked for. */
async function putLabels(clients: Clients): Promise<void> {
  const line = (eventId: string, data: string) =>
    JSON.stringify({
      groundTruthData: { data, encoding: 'CSV' },
      eventMetadata: { eventId },
      eventVersion: '0',
    });
  const requests = Array.from({ length: sent.length / rowsOfRequest }, (_, i) => i);
  const lines = requests.filter(isLabelled).map((i) => {
    const rows = sent.slice(i * rowsOfRequest, (i + 1) * rowsOfRequest);
    return line(`request-${i}`, rows.map(({ label }) => label).join('\n'));
  });
  await put(clients, 'labels/2027/03/01/10/known.jsonl', `${lines.join('\n')}\n`);
  await put(clients, 'labels/2027/03/01/10/strange.jsonl', `${line('unknown', '1')}\n`);
}

interface Setting {
  readonly server: Running;
  readonly clients: Clients;
}

async function prepared(): Promise<Setting> {
  const server = cleanup.add(await started(await cleanup.folder()), (s) => s.stop());
  const clients = cleanup.add(clientsOf(server), (c) => c.close());
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const model = await cleanup.model((line) => {
    const [old = 0, miles = 0] = line.split(',').map(Number);
    return String(scoreOf({ old, miles }));
  });
  await deploy(clients, 'risk', model);
  return { server, clients };
}

const reportOf = (name: string) => `reports/risk/${name}/2027/03/01/11/`;
const near = (value: number) => expect.closeTo(value, 9);

function expectedQuality() {
  const count = (called: boolean, label: number) =>
    labelled.filter((one) => isCalled(one) === called && one.label === label).length;
  const [tp, fp, fn, tn] = [count(true, 1), count(true, 0), count(false, 1), count(false, 0)];
  return {
    confusion_matrix: { 0: { 0: tn, 1: fp }, 1: { 0: fn, 1: tp } },
    recall: { value: near(tp / (tp + fn)) },
    precision: { value: near(tp / (tp + fp)) },
    accuracy: { value: near((tp + tn) / labelled.length) },
  };
}

/** The group of the facet is `d`, the others `a`, as in the measures' definitions. */
function expectedBias() {
  const [a, d] = [0, 1].map((old) => labelled.filter((one) => one.old === old));
  const called = (group: readonly Case[] = []) => mean(group.map((one) => Number(isCalled(one))));
  const right = (group: readonly Case[] = []) =>
    mean(group.map((one) => Number(Number(isCalled(one)) === one.label)));
  return [
    { name: 'AD', value: near(right(a) - right(d)) },
    { name: 'DI', value: near(called(d) / called(a)) },
    { name: 'DPPL', value: near(called(a) - called(d)) },
  ];
}

/** Against a baseline of zeros each feature of a sum adds its own part. */
const expectedAttributions = {
  expected_value: near(weights.start),
  global_shap_values: {
    old: near(mean(sent.map(({ old }) => weights.old * old))),
    miles: near(mean(sent.map(({ miles }) => weights.miles * miles))),
  },
};

async function expectMetrics({ cloudwatch }: Clients): Promise<void> {
  const expected = [
    ['data', names.data, 'feature_completeness_miles', []],
    ['model', names.quality, 'accuracy', []],
    ['bias', names.bias, 'bias_metric_DPPL', ['BiasStage', 'Facet', 'FacetValue', 'Label']],
    ['explainability', names.shap, 'feature_miles', ['ExplainabilityMethod', 'Label', 'ValueType']],
  ] as const;
  for (const [word, schedule, MetricName, more] of expected) {
    const Namespace = `aws/sagemaker/Endpoints/${word}-metrics`;
    const { Metrics = [] } = await cloudwatch.send(new ListMetricsCommand({ Namespace }));
    const ofSchedule = { Name: 'MonitoringSchedule', Value: schedule };
    const Dimensions = expect.arrayContaining([
      { Name: 'Endpoint', Value: 'risk' },
      ofSchedule,
      ...more.map((Name) => expect.objectContaining({ Name })),
    ]);
    expect(Metrics).toContainEqual({ Namespace, MetricName, Dimensions });
    expect(Metrics.every((one) => one.Dimensions?.some((d) => d.Value === schedule))).toBe(true);
  }
}

async function pageAt({ s3 }: Clients, Key: string) {
  const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return { ContentType, text: (await Body?.transformToString()) ?? '' };
}

test('four monitors of one endpoint find what arithmetic finds', async () => {
  const setting = await prepared();
  const { server, clients } = setting;
  await makeBaselines(setting);
  await sendAll(clients);
  await server.advanceTo(startMs + hourMs);
  await watch(clients);
  await putLabels(clients);
  await server.advanceTo(startMs + 2 * hourMs);

  const statuses = {
    [names.data]: 'Completed',
    [names.quality]: 'CompletedWithViolations',
    [names.bias]: 'Completed',
    [names.shap]: 'Completed',
  };
  for (const [name, status] of Object.entries(statuses)) {
    const runs = await runsOf(clients, name);
    expect(runs.map((run) => [run.MonitoringExecutionStatus, run.FailureReason])).toEqual([
      [status, undefined],
    ]);
    const page = await pageAt(clients, `${reportOf(name)}report.html`);
    expect(page.ContentType).toBe('text/html; charset=utf-8');
    expect(page.text).toContain(`of risk</title>`);
    expect(page.text).not.toMatch(/>(NaN|undefined)</);
  }

  const data = await jsonAt(clients, `${reportOf(names.data)}statistics.json`);
  expect(data['dataset']).toEqual({ item_count: sent.length });
  const ofFeature = (name: string, values: readonly number[]) =>
    expect.objectContaining({
      name,
      numerical_statistics: expect.objectContaining({
        mean: near(mean(values)),
        min: Math.min(...values),
        max: Math.max(...values),
      }),
    });
  expect(data['features']).toEqual([
    ofFeature('score', sent.map(scoreOf)),
    ofFeature(
      'old',
      sent.map(({ old }) => old),
    ),
    ofFeature(
      'miles',
      sent.map(({ miles }) => miles),
    ),
  ]);
  const quality = await jsonAt(clients, `${reportOf(names.quality)}statistics.json`);
  expect(quality['dataset']).toMatchObject({ item_count: labelled.length });
  expect(quality['binary_classification_metrics']).toMatchObject(expectedQuality());
  const bias = await jsonAt(clients, `${reportOf(names.bias)}analysis.json`);
  expect(bias['post_training_bias_metrics']).toMatchObject({
    facets: { old: [{ value_or_threshold: '1', metrics: expectedBias() }] },
  });
  const shap = await jsonAt(clients, `${reportOf(names.shap)}analysis.json`);
  expect(shap['explanations']).toEqual({ kernel_shap: { label0: expectedAttributions } });

  const join = await jsonAt(clients, 'reports/merge/risk/join_report.json');
  const requests = sent.length / rowsOfRequest;
  expect(join).toMatchObject({
    captured: requests,
    matched: requests * 0.9,
    labelsWithoutCaptured: { count: 1, examples: ['unknown'] },
  });
  const merged = await keysUnder(clients, 'reports/merge/risk/AllTraffic/2027/03/01/09/');
  expect(merged).toHaveLength(2);
  await expectMetrics(clients);
});
