/**
 * The main job on real flights, through the public API alone, with Amazon's own clients: train on
 * January, serve, capture, make a baseline, watch February to June day by day, and be alarmed. Nothing is
 * scripted to succeed: every verdict of the monitor is compared with plain arithmetic over the rows sent.
 *
 * `modelkeep demo` starts the server and calls `run`; time is the server's virtual clock.
 */
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateMonitoringScheduleCommand,
  CreateProcessingJobCommand,
  DescribeProcessingJobCommand,
  paginateListMonitoringExecutions,
  SageMakerClient,
  waitUntilEndpointInService,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { predict } from './boosting.mjs';
import { featureNames, firstDay, openFlights } from './data.mjs';
import { robustDistance, sorted } from './distance.mjs';
import { handOver, refusals } from './identity.mjs';
import { judgeMonitors } from './judging.mjs';
import {
  backgroundOf,
  documentOf,
  inferenceId,
  isLost,
  landedHours,
  makeBaselines,
  putLabels,
  schedules,
  watchAttribution,
  watchQualityAndBias,
} from './monitors.mjs';
import { archiveOf, trainOn } from './train.mjs';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const at = (day) => Date.parse(`${day}T00:00:00Z`);

const trainingEnds = '2001-02-01';
const replayEnds = '2001-07-01';
/** From here on the sender of `distance` means kilometres; told to the reader, not to the monitor. */
const faultBegins = '2001-06-24';
/** Attribution is watched from here on: a run asks the model thousands of times. */
const attributionBegins = '2001-06-17';
const kilometresPerMile = 1.609344;

const trainedPerDay = 1_500;
const replayedPerDay = 960;
/** Every request carries the flights of so many hours. */
const hoursPerRequest = 4;
/** A verdict this close to its threshold may fall either way: the baseline's sketch is approximate. */
const tooCloseToCall = 0.02;
/** Windows may move half as much again as any January day did before that counts as drift. */
const slack = 1.5;
const defaultThreshold = 0.1;

const bucket = 'flights';
const endpointName = 'flights-late';
const scheduleName = 'flights-daily';
const columns = ['prediction', ...featureNames];
const analyzerImage =
  '156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer';

/** What the monitors watch; `role` is filled in when it is made. */
const watchedWith = (role) => ({ bucket, endpointName, analyzerImage, role });

/** Virtual time begins where the first replayed day does. */
export const startMs = at(trainingEnds);

export async function run({ endpointUrl, region, credentials, advanceTo, settle, say, keep }) {
  const administrator = { endpoint: endpointUrl, region, credentials };
  const handed = await handOver({ options: administrator, bucket, say });
  const engineer = { ...administrator, credentials: handed.credentials };
  const clients = clientsOf(engineer);
  const watched = watchedWith(handed.computeRole);
  const world = { clients, advanceTo, settle, say, keep, watched, stages: [] };
  try {
    await leastPrivilege(world, { options: { administrator, engineer }, handed });
    const days = await read(world);
    const trained = await trainAndDeploy(world, days.january);
    const baseline = await makeBaseline(world, { days: days.january, model: trained.model });
    await moreBaselines(world, { days: days.january, model: trained.model });
    const queueUrl = await watch(world, baseline);
    const sent = await replay(world, { days: days.rest, queueUrl });
    await judge(world, { sent, baseline });
    const background = backgroundOf(days.january);
    const sides = { model: trained.model, background, attributionBegins, faultBegins };
    for (const found of await judgeMonitors(world, watched, { sent, ...sides })) {
      stage(world, found.name, found.held, found.detail);
    }
    await keepReports(world);
    return { stages: world.stages };
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

function clientsOf(options) {
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sagemaker: new SageMakerClient(options),
    runtime: new SageMakerRuntimeClient(options),
    cloudwatch: new CloudWatchClient(options),
    sns: new SNSClient(options),
    sqs: new SQSClient(options),
  };
}

/** The administrator makes the bucket and steps back; the engineer is refused what is not theirs. */
async function leastPrivilege(world, { options, handed }) {
  const asAdministrator = new S3Client({ ...options.administrator, forcePathStyle: true });
  try {
    await asAdministrator.send(new CreateBucketCommand({ Bucket: bucket }));
    const { clients } = world;
    const { engineerRole } = handed;
    const { refused, decisions } = await refusals({
      ...{ clients, options, asAdministrator, engineerRole },
    });
    const held = refused.every((one) => one.held) && `${decisions}` === 'implicitDeny,allowed';
    const wrongly = refused.filter((one) => !one.held).map(({ name }) => name);
    stage(
      world,
      'roles',
      held,
      held
        ? `two roles of least privilege; the engineer may not ${refused.map(({ name }) => name).join(', ')}`
        : `was allowed: ${wrongly.join(', ')}; simulated: ${decisions}`,
    );
  } finally {
    asAdministrator.destroy();
  }
}

function stage(world, name, held, detail) {
  world.stages.push({ name, held, detail });
  world.say(`${held ? '✓' : '✗'} ${name}: ${detail}`);
}

async function read({ say }) {
  say('Reading 3,000,000 flights of January to June 2001 …');
  const flights = await openFlights();
  const january = await flights.days({ from: firstDay, to: trainingEnds, perDay: trainedPerDay });
  const rest = await flights.days({ from: trainingEnds, to: replayEnds, perDay: replayedPerDay });
  flights.close();
  return { january, rest };
}

async function trainAndDeploy(world, january) {
  const { s3, sagemaker } = world.clients;
  const { model, areaUnderCurve } = trainOn(january);
  const trained = january.reduce((sum, day) => sum + day.rows.length, 0);
  stage(
    world,
    'train',
    areaUnderCurve > 0.55,
    `${trained} flights of January, area under the curve ${areaUnderCurve.toFixed(3)}`,
  );
  const Body = await archiveOf(model);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'model/model.tar.gz', Body }));
  await sagemaker.send(
    new CreateModelCommand({
      ModelName: 'flights',
      ExecutionRoleArn: world.watched.role,
      PrimaryContainer: {
        Image: 'modelkeep/onnx',
        ModelDataUrl: `s3://${bucket}/model/model.tar.gz`,
      },
    }),
  );
  await sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: 'flights',
      ProductionVariants: [
        {
          VariantName: 'AllTraffic',
          ModelName: 'flights',
          InstanceType: 'ml.m5.large',
          InitialInstanceCount: 1,
        },
      ],
      DataCaptureConfig: {
        EnableCapture: true,
        InitialSamplingPercentage: 100,
        DestinationS3Uri: `s3://${bucket}/capture`,
        CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }],
        CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
      },
    }),
  );
  await sagemaker.send(
    new CreateEndpointCommand({
      EndpointName: endpointName,
      EndpointConfigName: 'flights',
    }),
  );
  await waitUntilEndpointInService(
    { client: sagemaker, minDelay: 1, maxDelay: 1, maxWaitTime: 60 },
    { EndpointName: endpointName },
  );
  stage(world, 'deploy', true, `endpoint ${endpointName} is InService and captures every request`);
  return { model };
}

/** The SDK's suggest_baseline is this processing job. */
async function makeBaseline(world, { days, model }) {
  const { s3, sagemaker } = world.clients;
  const rows = days.flatMap((day) => day.rows.map((row) => [predict(model, row), ...row]));
  const csv = [columns.join(','), ...rows.map((row) => row.join(','))].join('\n');
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'baseline/january.csv', Body: csv }));
  const folder = '/opt/ml/processing';
  const dataset = `${folder}/input/baseline_dataset_input`;
  await sagemaker.send(
    new CreateProcessingJobCommand({
      ProcessingJobName: 'flights-baseline',
      RoleArn: world.watched.role,
      AppSpecification: { ImageUri: analyzerImage },
      Environment: {
        dataset_format: '{"csv": {"header": true, "output_columns_position": "START"}}',
        dataset_source: dataset,
        output_path: `${folder}/output`,
        publish_cloudwatch_metrics: 'Disabled',
      },
      ProcessingInputs: [
        {
          InputName: 'baseline_dataset_input',
          S3Input: {
            S3Uri: `s3://${bucket}/baseline/january.csv`,
            LocalPath: dataset,
            S3DataType: 'S3Prefix',
            S3InputMode: 'File',
          },
        },
      ],
      ProcessingOutputConfig: {
        Outputs: [
          {
            OutputName: 'monitoring_output',
            S3Output: {
              S3Uri: `s3://${bucket}/baseline/results`,
              LocalPath: `${folder}/output`,
              S3UploadMode: 'EndOfJob',
            },
          },
        ],
      },
      ProcessingResources: {
        ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeSizeInGB: 20 },
      },
    }),
  );
  await world.settle();
  const job = await sagemaker.send(
    new DescribeProcessingJobCommand({ ProcessingJobName: 'flights-baseline' }),
  );
  const thresholds = calibrate(days, model, rows);
  if (job.ProcessingJobStatus === 'Completed') await tune(world, thresholds);
  stage(
    world,
    'baseline',
    job.ProcessingJobStatus === 'Completed',
    `${rows.length} flights profiled (${job.ExitMessage ?? job.FailureReason})`,
  );
  return { thresholds, sorted: columns.map((_, c) => sorted(rows.map((row) => row[c]))) };
}

/** Of the other three monitors, each made by a processing job of its own. */
async function moreBaselines(world, january) {
  const jobs = await makeBaselines(world, world.watched, january);
  const described = Object.entries(jobs);
  const failed = described.filter(([, job]) => job.ProcessingJobStatus !== 'Completed');
  stage(
    world,
    'more baselines',
    failed.length === 0,
    failed.length === 0
      ? `${described.map(([name]) => name).join(', ')}: made of January by jobs of their own`
      : failed.map(([name, job]) => `${name}: ${job.FailureReason}`).join('; '),
  );
}

/** How far each column of a January day lies from January as a whole sets how far later days may. */
function calibrate(days, model, rows) {
  const whole = columns.map((_, c) => sorted(rows.map((row) => row[c])));
  // The first three days still look back at New Year's week: they would stretch every threshold.
  const usual = days.slice(3);
  return columns.map((_, c) => {
    const values = (day) => day.rows.map((row) => (c === 0 ? predict(model, row) : row[c - 1]));
    const distances = usual.map((day) => robustDistance(sorted(values(day)), whole[c]));
    return Math.max(defaultThreshold, Number((slack * Math.max(...distances)).toFixed(3)));
  });
}

/** What a user does by editing constraints.json: a threshold of its own for each feature. */
async function tune({ clients: { s3 } }, thresholds) {
  const Key = 'baseline/results/constraints.json';
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const constraints = JSON.parse(await Body.transformToString());
  for (const feature of constraints.features) {
    const comparison_threshold = thresholds[columns.indexOf(feature.name)];
    feature.monitoring_config_overrides = { distribution_constraints: { comparison_threshold } };
  }
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: JSON.stringify(constraints) }));
}

async function watch(world, { thresholds }) {
  const { sagemaker, cloudwatch, sns, sqs } = world.clients;
  await sagemaker.send(
    new CreateMonitoringScheduleCommand({
      MonitoringScheduleName: scheduleName,
      MonitoringScheduleConfig: {
        ScheduleConfig: { ScheduleExpression: 'cron(0 0 ? * * *)' },
        MonitoringType: 'DataQuality',
        MonitoringJobDefinition: {
          RoleArn: world.watched.role,
          BaselineConfig: {
            ConstraintsResource: { S3Uri: `s3://${bucket}/baseline/results/constraints.json` },
            StatisticsResource: { S3Uri: `s3://${bucket}/baseline/results/statistics.json` },
          },
          MonitoringInputs: [
            {
              EndpointInput: {
                EndpointName: endpointName,
                LocalPath: '/opt/ml/processing/input/endpoint',
              },
            },
          ],
          MonitoringOutputConfig: {
            MonitoringOutputs: [
              {
                S3Output: {
                  S3Uri: `s3://${bucket}/reports`,
                  LocalPath: '/opt/ml/processing/output',
                },
              },
            ],
          },
          MonitoringResources: {
            ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeSizeInGB: 20 },
          },
          MonitoringAppSpecification: { ImageUri: analyzerImage },
        },
      },
    }),
  );
  const topic = await sns.send(new CreateTopicCommand({ Name: 'flights' }));
  const queue = await sqs.send(new CreateQueueCommand({ QueueName: 'flights-alarms' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queue.QueueUrl,
      AttributeNames: ['QueueArn'],
    }),
  );
  // Nothing reaches a queue whose policy does not let the topic in.
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: Attributes.QueueArn,
      Condition: { ArnEquals: { 'aws:SourceArn': topic.TopicArn } },
    },
  });
  await sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: queue.QueueUrl, Attributes: { Policy } }),
  );
  await sns.send(
    new SubscribeCommand({
      TopicArn: topic.TopicArn,
      Protocol: 'sqs',
      Endpoint: Attributes.QueueArn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  for (const feature of columns) {
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: `drift-${feature}`,
        AlarmActions: [topic.TopicArn],
        Namespace: 'aws/sagemaker/Endpoints/data-metrics',
        MetricName: `feature_baseline_drift_${feature}`,
        Dimensions: [
          { Name: 'Endpoint', Value: endpointName },
          { Name: 'MonitoringSchedule', Value: scheduleName },
        ],
        Statistic: 'Maximum',
        Period: 3_600,
        EvaluationPeriods: 1,
        Threshold: thresholds[columns.indexOf(feature)],
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'ignore',
      }),
    );
  }
  await watchQualityAndBias(world, world.watched);
  const shown = columns.map((feature, c) => `${feature} ${thresholds[c]}`).join(', ');
  stage(world, 'watch', true, `daily schedule and ${columns.length} alarms; thresholds: ${shown}`);
  return queue.QueueUrl;
}

/** Each day in six requests, on the server's clock; alarms are read as they come. */
async function replay(world, { days, queueUrl }) {
  const { runtime } = world.clients;
  const sent = new Map();
  const labelled = new Map();
  const alarms = [];
  let waiting = [];
  let requests = 0;
  world.say(
    `Replaying ${days[0].day} to ${days.at(-1).day}; from ${faultBegins} on, distance comes in kilometres.`,
  );
  const uploadDue = async (nowMs) => {
    for (const one of waiting.filter(({ knownAtMs }) => knownAtMs <= nowMs)) {
      await putLabels(world, world.watched, one);
    }
    waiting = waiting.filter(({ knownAtMs }) => knownAtMs > nowMs);
  };
  for (const { day, rows, late } of days) {
    const inKilometres = day >= faultBegins;
    const answers = columns.map(() => []);
    const known = { scores: [], labels: [], distances: [] };
    if (day === attributionBegins) await watchAttribution(world, world.watched);
    for (let hour = 0; hour < 24; hour += hoursPerRequest) {
      const beginMs = at(day) + hour * hourMs;
      await world.advanceTo(beginMs);
      await uploadDue(beginMs);
      const chosen = rows
        .map((row, i) => ({ row, late: late[i] }))
        .filter(({ row: [h] }) => h >= hour && h < hour + hoursPerRequest);
      const batch = chosen.map(({ row: [h, distance, ...rest] }) => [
        h,
        inKilometres ? Math.round(distance * kilometresPerMile) : distance,
        ...rest,
      ]);
      if (batch.length === 0) continue;
      const answer = await runtime.send(
        new InvokeEndpointCommand({
          EndpointName: endpointName,
          ContentType: 'text/csv',
          Accept: 'text/csv',
          InferenceId: inferenceId(day, hour),
          Body: batch.map((row) => row.join(',')).join('\n'),
        }),
      );
      requests += 1;
      const scores = Buffer.from(answer.Body).toString().trim().split('\n').map(Number);
      if (scores.length !== batch.length || scores.some(Number.isNaN)) {
        throw new Error(`${batch.length} rows were sent, and ${scores.length} scores came back`);
      }
      batch.forEach((row, i) => [scores[i], ...row].forEach((value, c) => answers[c].push(value)));
      if (isLost(requests)) continue;
      const labels = chosen.map((flight) => flight.late);
      const knownAtMs = beginMs + landedHours * hourMs;
      waiting.push({ id: inferenceId(day, hour), late: labels, knownAtMs });
      known.scores.push(...scores);
      known.labels.push(...labels);
      known.distances.push(...batch.map(([, distance]) => distance));
    }
    sent.set(day, answers);
    labelled.set(day, known);
    await world.advanceTo(at(day) + dayMs + hourMs / 2);
    alarms.push(...(await drain(world, queueUrl)));
    if (day.endsWith('-28'))
      world.say(`  … ${day}, ${requests} requests, ${alarms.length} alarms so far`);
  }
  await world.advanceTo(at(replayEnds) + 2 * hourMs);
  await uploadDue(at(replayEnds) + 2 * hourMs);
  await world.advanceTo(at(replayEnds) + 7 * hourMs);
  alarms.push(...(await drain(world, queueUrl)));
  const flights = [...sent.values()].reduce((sum, [scores]) => sum + scores.length, 0);
  stage(world, 'serve', requests > 800, `${requests} requests, ${flights} flights scored`);
  return { days: sent, labelled, alarms };
}

async function drain({ clients: { sqs } }, QueueUrl) {
  const bodies = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body }) => JSON.parse(Body)));
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
      }),
    );
  }
}

/** Reads what the monitor found, and compares it with plain arithmetic. */
async function judge(world, { sent, baseline }) {
  const runs = await executionsOf(world);
  const captured = await countCaptured(world);
  const flights = [...sent.days.values()].reduce((sum, [scores]) => sum + scores.length, 0);
  stage(world, 'capture', captured > 0, `${captured} objects under s3://${bucket}/capture`);
  const failed = runs.filter(({ status }) => !status.startsWith('Completed'));
  // The first nominal time is the midnight at which the schedule was made: a day before any traffic.
  stage(
    world,
    'monitor',
    failed.length === 0 && runs.length === sent.days.size,
    `${runs.length} daily runs over ${flights} flights, ${failed.length} failed${failed[0] ? ` (${failed[0].reason})` : ''}`,
  );
  const verdicts = runs.map((run) => ({ ...run, ...compare(run, { sent, baseline }) }));
  report(world, verdicts);
  const wrong = verdicts.filter(({ agrees }) => !agrees);
  stage(
    world,
    'verdicts',
    wrong.length === 0,
    `${verdicts.length - wrong.length} of ${verdicts.length} windows agree with plain arithmetic${wrong[0] ? `; first not: ${wrong[0].day} ${JSON.stringify(wrong[0].drifted)} against ${JSON.stringify(wrong[0].distances)}` : ''}`,
  );
  const moved = verdicts.findIndex(({ drifted }) => drifted.length > 0);
  const quiet = verdicts.slice(0, Math.max(moved, 0));
  stage(
    world,
    'the world moves',
    moved > 0,
    moved > 0
      ? `${quiet.length} quiet windows, then ${verdicts[moved].drifted.join(', ')} drifted on ${verdicts[moved].day}`
      : 'no quiet windows before the first drift',
  );
  const fault = verdicts.find(({ drifted }) => drifted.includes('distance'));
  stage(
    world,
    'the fault',
    fault?.day === faultBegins,
    fault
      ? `distance drifted on ${fault.day}; kilometres came from ${faultBegins} on`
      : 'was not noticed',
  );
  const rang = sent.alarms.filter(({ NewStateValue }) => NewStateValue === 'ALARM');
  const byName = (name) => rang.find(({ AlarmName }) => AlarmName === name)?.StateChangeTime;
  const expected = new Set(verdicts.flatMap(({ drifted }) => drifted));
  const missing = [...expected].filter((feature) => !byName(`drift-${feature}`));
  stage(
    world,
    'alarms',
    rang.length > 0 && missing.length === 0,
    `${rang.length} reached the queue; drift-distance rang at ${byName('drift-distance')}`,
  );
  world.say(`\nReports: s3://${bucket}/reports/${endpointName}/${scheduleName}/yyyy/mm/dd/hh/`);
}

/** The last page of each monitor, where a browser finds it. */
async function keepReports(world) {
  const day = new Date(at(replayEnds) - dayMs).toISOString().slice(0, 10);
  const pages = [
    ['data-quality', { name: scheduleName, day, hour: '00' }],
    ...Object.entries(schedules).map(([kind, name]) => [kind, { name, day }]),
  ];
  world.say('\nThe last page of each monitor:');
  for (const [kind, of] of pages) {
    const text = await documentOf(world, world.watched, { ...of, file: 'report.html' });
    world.say(`  ${await world.keep(`${kind}.html`, text)}`);
  }
}

async function executionsOf({ clients: { sagemaker, s3 } }) {
  const found = [];
  const pages = paginateListMonitoringExecutions(
    { client: sagemaker, pageSize: 100 },
    { MonitoringScheduleName: scheduleName, SortBy: 'ScheduledTime', SortOrder: 'Ascending' },
  );
  for await (const page of pages) found.push(...page.MonitoringExecutionSummaries);
  return Promise.all(
    found.map(async (summary) => {
      const scheduledMs = summary.ScheduledTime.getTime();
      const day = new Date(scheduledMs - dayMs).toISOString().slice(0, 10);
      const status = summary.MonitoringExecutionStatus;
      const folder = new Date(scheduledMs).toISOString().slice(0, 13).replace(/[-T]/g, '/');
      const Key = `reports/${endpointName}/${scheduleName}/${folder}/constraint_violations.json`;
      const violations =
        status === 'CompletedWithViolations'
          ? JSON.parse(
              await (
                await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
              ).Body.transformToString(),
            ).violations
          : [];
      return { day, status, reason: summary.FailureReason, violations };
    }),
  );
}

async function countCaptured({ clients: { s3 } }) {
  let count = 0;
  let ContinuationToken;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'capture/', ContinuationToken }),
    );
    count += page.KeyCount;
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return count;
}

/** The monitor's verdict on a window, and the one of plain arithmetic over the rows that were sent. */
function compare({ day, violations }, { sent, baseline }) {
  const rows = sent.days.get(day);
  const drifted = violations
    .filter(({ constraint_check_type }) => constraint_check_type === 'baseline_drift_check')
    .map(({ feature_name }) => feature_name);
  const others = violations.filter(
    ({ constraint_check_type }) => constraint_check_type !== 'baseline_drift_check',
  );
  if (!rows) return { drifted, agrees: false, distances: [] };
  const distances = columns.map((_, c) => robustDistance(sorted(rows[c]), baseline.sorted[c]));
  const agrees =
    others.length === 0 &&
    columns.every((feature, c) => {
      const threshold = baseline.thresholds[c];
      if (Math.abs(distances[c] - threshold) < tooCloseToCall) return true;
      return distances[c] > threshold === drifted.includes(feature);
    });
  return { drifted, agrees, distances: distances.map((d) => Number(d.toFixed(3))) };
}

/** One line for each stretch of windows with the same verdict. */
function report({ say }, verdicts) {
  say('\nWhat the monitor found, window by window:');
  const words = ({ drifted }) => (drifted.length === 0 ? 'quiet' : `drift: ${drifted.join(', ')}`);
  for (let from = 0; from < verdicts.length; ) {
    let to = from;
    while (to + 1 < verdicts.length && words(verdicts[to + 1]) === words(verdicts[from])) to += 1;
    const days = from === to ? verdicts[from].day : `${verdicts[from].day} to ${verdicts[to].day}`;
    say(`  ${days.padEnd(26)} ${words(verdicts[from])}`);
    from = to + 1;
  }
  say('');
}
