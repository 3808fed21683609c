/**
 * The three monitors beside data quality, over the same flights: model quality with labels that arrive after
 * landing, bias between short and long flights, and feature attribution of the served model. Each is set up
 * as Amazon's SDK would, and each of its figures is computed again here by plain arithmetic.
 */

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateModelBiasJobDefinitionCommand,
  CreateModelExplainabilityJobDefinitionCommand,
  CreateModelQualityJobDefinitionCommand,
  CreateMonitoringScheduleCommand,
  CreateProcessingJobCommand,
  DescribeProcessingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { areaUnderCurve, predict } from './boosting.mjs';
import { featureNames } from './data.mjs';

/** A flight is called late when its score is over this: about as many as are late. */
export const callsLate = 0.25;
/** Passengers of longer flights are the group that must not be worse off. */
export const longMiles = 1_000;
/** Labels come so many hours after the request: the last of its flights has landed. */
export const landedHours = 6;
/** One request in so many never gets its labels: the sender of the labels is no better than others. */
const lostLabels = 40;
const explainedRows = 100;

const registry = '205585389593.dkr.ecr.us-east-1.amazonaws.com';
const clarifyImage = `${registry}/sagemaker-clarify-processing:1.0`;
const folder = '/opt/ml/processing';

const cluster = { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeSizeInGB: 20 };

const header = ['late', ...featureNames];

/** The configuration of Clarify for bias: what `BiasConfig` and `ModelPredictedLabelConfig` become. */
function biasConfig(predictor) {
  return {
    version: '1.0',
    dataset_type: 'text/csv',
    headers: header,
    label: 'late',
    label_values_or_threshold: [1],
    facet: [{ name_or_index: 'distance', value_or_threshold: [longMiles] }],
    probability_threshold: callsLate,
    methods: {
      pre_training_bias: { methods: 'all' },
      post_training_bias: { methods: ['DPPL', 'DI', 'AD', 'RD', 'DAR', 'GE'] },
      report: { name: 'report', title: 'Short and long flights' },
    },
    ...(predictor ? { predictor } : {}),
  };
}

/** Flights to compare with: from the tenth to the ninetieth hundredth of each feature in January. */
export function backgroundOf(days) {
  const rows = days.flatMap((day) => day.rows);
  const columns = featureNames.map((_, f) => rows.map((row) => row[f]).sort((a, b) => a - b));
  return [0.1, 0.3, 0.5, 0.7, 0.9].map((share) =>
    columns.map((values) => values[Math.floor(share * values.length)]),
  );
}

function shapConfig(baseline) {
  return {
    version: '1.0',
    dataset_type: 'text/csv',
    headers: header,
    label: 'late',
    methods: {
      shap: { baseline, agg_method: 'mean_abs', seed: 7, num_samples: 100 },
      report: { name: 'report', title: 'What the model looks at' },
    },
    predictor,
    // All flights of a day are explained, not a sample of them.
    modelkeep: { max_rows: 1_000 },
  };
}

const predictor = {
  model_name: 'flights',
  instance_type: 'ml.m5.large',
  initial_instance_count: 1,
  content_type: 'text/csv',
  accept_type: 'text/csv',
  probability: 0,
};

export async function putText({ s3 }, Bucket, Key, Body) {
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function textOf({ s3 }, Bucket, Key) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body.transformToString();
}

/** Runs a processing job to its end and answers its description. */
async function processed(world, request) {
  const { sagemaker } = world.clients;
  await sagemaker.send(
    new CreateProcessingJobCommand({
      ProcessingResources: { ClusterConfig: cluster },
      ...request,
    }),
  );
  await world.settle();
  const { ProcessingJobName } = request;
  return sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName }));
}

const input = (InputName, S3Uri, LocalPath) => ({
  InputName,
  S3Input: { S3Uri, LocalPath, S3DataType: 'S3Prefix', S3InputMode: 'File' },
});
const output = (OutputName, S3Uri) => ({
  Outputs: [
    {
      OutputName,
      S3Output: { S3Uri, LocalPath: `${folder}/output`, S3UploadMode: 'EndOfJob' },
    },
  ],
});

/** Three baselines of January; answers the descriptions of their jobs. */
export async function makeBaselines(world, of, { days, model }) {
  const { bucket, role, analyzerImage } = of;
  const flights = days.flatMap((day) => day.rows.map((row, i) => ({ row, late: day.late[i] })));
  const scored = flights.map(({ row, late }) => `${predict(model, row)},${late}`);
  await putText(world.clients, bucket, 'baseline/scored.csv', ['score,late', ...scored].join('\n'));
  // With a fraction, distance is a measure; of whole numbers the original makes categories where few differ.
  const cell = (value, f) => (featureNames[f] === 'distance' ? value.toFixed(1) : value);
  const labelled = flights.map(({ row, late }) => [late, ...row.map(cell)].join(','));
  await putText(world.clients, bucket, 'baseline/labelled.csv', labelled.join('\n'));
  const sample = labelled.filter((_, i) => i % Math.floor(labelled.length / explainedRows) === 0);
  await putText(world.clients, bucket, 'baseline/sample.csv', sample.join('\n'));
  const dataset = `${folder}/input/baseline_dataset_input`;
  const quality = await processed(world, {
    ProcessingJobName: 'flights-quality-baseline',
    RoleArn: role,
    AppSpecification: { ImageUri: analyzerImage },
    Environment: {
      dataset_format: '{"csv": {"header": true}}',
      dataset_source: dataset,
      output_path: `${folder}/output`,
      publish_cloudwatch_metrics: 'Disabled',
      analysis_type: 'MODEL_QUALITY',
      problem_type: 'BinaryClassification',
      probability_attribute: 'score',
      probability_threshold_attribute: String(callsLate),
      ground_truth_attribute: 'late',
    },
    ProcessingInputs: [
      input('baseline_dataset_input', `s3://${bucket}/baseline/scored.csv`, dataset),
    ],
    ProcessingOutputConfig: output('monitoring_output', `s3://${bucket}/baseline/quality`),
  });
  if (quality.ProcessingJobStatus === 'Completed') await tuneQuality(world, of, { days, model });
  const bias = await clarified(world, of, {
    name: 'bias',
    config: biasConfig(predictor),
    data: 'baseline/labelled.csv',
  });
  if (bias.ProcessingJobStatus === 'Completed') await tuneBias(world, of, { days, model });
  const attribution = await clarified(world, of, {
    name: 'attribution',
    config: shapConfig(backgroundOf(days)),
    data: 'baseline/sample.csv',
  });
  // A schedule's run is told of the captured predictions; it predicts nothing for bias.
  await putText(world.clients, bucket, 'config/bias-run.json', JSON.stringify(biasConfig()));
  return { quality, bias, attribution };
}

/**
 * What a user does by editing constraints.json: the suggested thresholds are January's own values, which half
 * of all days fall short of. These are half as low again as the worst day of January was.
 */
async function tuneQuality(world, { bucket }, { days, model }) {
  const Key = 'baseline/quality/constraints.json';
  const constraints = JSON.parse(await textOf(world.clients, bucket, Key));
  const suggested = constraints.binary_classification_constraints;
  const each = days.map(({ rows, late }) =>
    plainQuality({ scores: rows.map((row) => predict(model, row)), labels: late }),
  );
  const tuned = {};
  for (const metric of ['auc', 'recall', 'accuracy']) {
    const { threshold: january, comparison_operator } = suggested[metric];
    const worst = Math.min(...each.map((day) => day[metric]));
    tuned[metric] = { threshold: january - 1.5 * (january - worst), comparison_operator };
  }
  constraints.binary_classification_constraints = tuned;
  await putText(world.clients, bucket, Key, JSON.stringify(constraints));
}

/** The same for bias: half as far again from zero as the farthest day of January, of three measures. */
async function tuneBias(world, { bucket }, { days, model }) {
  const Key = 'baseline/bias/analysis.json';
  const analysis = JSON.parse(await textOf(world.clients, bucket, Key));
  const each = days.map(({ rows, late }) =>
    plainBias({
      scores: rows.map((row) => predict(model, row)),
      labels: late,
      distances: rows.map(([, distance]) => distance),
    }),
  );
  for (const stage of ['pre_training_bias_metrics', 'post_training_bias_metrics']) {
    const [group] = analysis[stage].facets.distance;
    group.metrics = group.metrics.filter(({ name }) => name in each[0]);
    for (const metric of group.metrics) {
      const farthest = Math.max(...each.map((day) => Math.abs(day[metric.name])));
      metric.value = 1.5 * farthest * Math.sign(metric.value);
    }
  }
  await putText(world.clients, bucket, Key, JSON.stringify(analysis));
}

async function clarified(world, { bucket, role }, { name, config, data }) {
  const key = `config/${name}.json`;
  await putText(world.clients, bucket, key, JSON.stringify(config));
  return processed(world, {
    ProcessingJobName: `flights-${name}-baseline`,
    RoleArn: role,
    AppSpecification: { ImageUri: clarifyImage },
    ProcessingInputs: [
      input('analysis_config', `s3://${bucket}/${key}`, `${folder}/input/config`),
      input('dataset', `s3://${bucket}/${data}`, `${folder}/input/data`),
    ],
    ProcessingOutputConfig: output('analysis_result', `s3://${bucket}/baseline/${name}`),
  });
}

/** Yesterday's flights, each morning: their last labels have come by then. */
const yesterday = { StartTimeOffset: '-PT30H', EndTimeOffset: '-PT6H' };
const eachMorning = { ScheduleExpression: 'cron(0 6 ? * * *)' };

const endpointInput = ({ endpointName }) => ({
  EndpointName: endpointName,
  LocalPath: `${folder}/input/endpoint`,
  ...yesterday,
});

const common = ({ bucket, role }, name) => ({
  JobDefinitionName: name,
  JobResources: { ClusterConfig: cluster },
  RoleArn: role,
  output: {
    MonitoringOutputs: [
      { S3Output: { S3Uri: `s3://${bucket}/reports`, LocalPath: `${folder}/output` } },
    ],
  },
});

async function schedule({ clients: { sagemaker } }, name, MonitoringType) {
  await sagemaker.send(
    new CreateMonitoringScheduleCommand({
      MonitoringScheduleName: name,
      MonitoringScheduleConfig: {
        ScheduleConfig: eachMorning,
        MonitoringType,
        MonitoringJobDefinitionName: name,
      },
    }),
  );
}

export const schedules = {
  quality: 'flights-quality',
  bias: 'flights-bias',
  attribution: 'flights-attribution',
};

export async function watchQualityAndBias(world, of) {
  const { sagemaker } = world.clients;
  const { bucket, analyzerImage } = of;
  const labels = { GroundTruthS3Input: { S3Uri: `s3://${bucket}/labels` } };
  const scores = { ProbabilityAttribute: '0', ProbabilityThresholdAttribute: callsLate };
  const { output: qualityOutput, ...quality } = common(of, schedules.quality);
  await sagemaker.send(
    new CreateModelQualityJobDefinitionCommand({
      ...quality,
      ModelQualityAppSpecification: {
        ImageUri: analyzerImage,
        ProblemType: 'BinaryClassification',
      },
      ModelQualityBaselineConfig: {
        ConstraintsResource: { S3Uri: `s3://${bucket}/baseline/quality/constraints.json` },
      },
      ModelQualityJobInput: { EndpointInput: { ...endpointInput(of), ...scores }, ...labels },
      ModelQualityJobOutputConfig: qualityOutput,
    }),
  );
  await schedule(world, schedules.quality, 'ModelQuality');
  const { output: biasOutput, ...bias } = common(of, schedules.bias);
  await sagemaker.send(
    new CreateModelBiasJobDefinitionCommand({
      ...bias,
      ModelBiasAppSpecification: {
        ImageUri: clarifyImage,
        ConfigUri: `s3://${bucket}/config/bias-run.json`,
      },
      ModelBiasBaselineConfig: {
        ConstraintsResource: { S3Uri: `s3://${bucket}/baseline/bias/analysis.json` },
      },
      ModelBiasJobInput: { EndpointInput: { ...endpointInput(of), ...scores }, ...labels },
      ModelBiasJobOutputConfig: biasOutput,
    }),
  );
  await schedule(world, schedules.bias, 'ModelBias');
}

/** Started late in the replay: each of its runs starts a server of the model and asks it thousands of times. */
export async function watchAttribution(world, of) {
  const { bucket } = of;
  const { output: attributionOutput, ...attribution } = common(of, schedules.attribution);
  await world.clients.sagemaker.send(
    new CreateModelExplainabilityJobDefinitionCommand({
      ...attribution,
      ModelExplainabilityAppSpecification: {
        ImageUri: clarifyImage,
        ConfigUri: `s3://${bucket}/config/attribution.json`,
      },
      ModelExplainabilityBaselineConfig: {
        ConstraintsResource: { S3Uri: `s3://${bucket}/baseline/attribution/analysis.json` },
      },
      ModelExplainabilityJobInput: {
        EndpointInput: { ...endpointInput(of), ProbabilityAttribute: '0' },
      },
      ModelExplainabilityJobOutputConfig: attributionOutput,
    }),
  );
  await schedule(world, schedules.attribution, 'ModelExplainability');
}

/** What a request is known by; its labels name it. */
export const inferenceId = (day, hour) => `${day}-${String(hour).padStart(2, '0')}`;

export const isLost = (requests) => requests % lostLabels === lostLabels - 1;

/** Uploaded under the hour in which they became known, as a feed of landings would. */
export async function putLabels({ clients }, { bucket }, { id, late, knownAtMs }) {
  const hour = new Date(knownAtMs).toISOString().slice(0, 13).replace(/[-T]/g, '/');
  const line = {
    groundTruthData: { data: late.join('\n'), encoding: 'CSV' },
    eventMetadata: { eventId: id },
    eventVersion: '0',
  };
  await putText(clients, bucket, `labels/${hour}/${id}.jsonl`, `${JSON.stringify(line)}\n`);
}

/** The document of a run, by the day it looked at. */
export async function documentOf(
  world,
  { bucket, endpointName },
  { name, day, file, hour: runHour = '06' },
) {
  const runDay = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  const hour = `${runDay.replaceAll('-', '/')}/${runHour}`;
  const key = `reports/${endpointName}/${name}/${hour}/${file}`;
  return textOf(world.clients, bucket, key);
}

/** Of the flights whose labels came: what the monitor must have found. */
export function plainQuality({ scores, labels }) {
  const called = scores.map((score) => Number(score > callsLate));
  const count = (test) => called.filter((call, i) => test(call, labels[i])).length;
  const [tp, fn] = [count((c, l) => c === 1 && l === 1), count((c, l) => c === 0 && l === 1)];
  const right = count((c, l) => c === l);
  return {
    auc: areaUnderCurve(scores, labels),
    recall: tp / (tp + fn),
    accuracy: right / labels.length,
  };
}

/** Of the same flights: shares of the groups, of those called late in each, and of right calls. */
export function plainBias({ scores, labels, distances }) {
  const isLong = distances.map((miles) => miles > longMiles);
  const long = isLong.filter(Boolean).length;
  const short = isLong.length - long;
  const called = (of) => scores.filter((score, i) => isLong[i] === of && score > callsLate).length;
  const right = (of) =>
    scores.filter((score, i) => isLong[i] === of && Number(score > callsLate) === labels[i]).length;
  return {
    CI: (short - long) / (short + long),
    DPPL: called(false) / short - called(true) / long,
    AD: right(false) / short - right(true) / long,
  };
}
