/**
 * The first case of every operation in `support/wrong/`, by the JavaScript clients: code and status.
 * The tables are the same that boto3 goes through as a whole.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as s3 from '@aws-sdk/client-s3';
import * as sagemaker from '@aws-sdk/client-sagemaker';
import * as runtime from '@aws-sdk/client-sagemaker-runtime';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as sns from '@aws-sdk/client-sns';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { once, policyOf, refusal } from './clients.mjs';

const folder = new URL('../support/wrong/', import.meta.url);
const tables = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace('.json', ''),
    JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
  ]),
);
const clients = {
  cloudtrail: [cloudtrail, new cloudtrail.CloudTrailClient(once)],
  cloudwatch: [cloudwatch, new cloudwatch.CloudWatchClient(once)],
  iam: [iam, new iam.IAMClient(once)],
  kms: [kms, new kms.KMSClient(once)],
  logs: [logs, new logs.CloudWatchLogsClient(once)],
  s3: [s3, new s3.S3Client({ ...once, forcePathStyle: true })],
  sagemaker: [sagemaker, new sagemaker.SageMakerClient(once)],
  'sagemaker-runtime': [runtime, new runtime.SageMakerRuntimeClient(once)],
  secretsmanager: [secretsmanager, new secretsmanager.SecretsManagerClient(once)],
  sns: [sns, new sns.SNSClient(once)],
  sqs: [sqs, new sqs.SQSClient(once)],
  sts: [sts, new sts.STSClient(once)],
};
const instants = new Set(['StartTime', 'EndTime', 'Timestamp']);

function call(service, operation, input) {
  const [commands, client] = clients[service];
  return client.send(new commands[`${operation}Command`](input));
}

/** What `<name>` stands for in one run of one table, as `support/wrong_cases.py` has it. */
class Names {
  #run = randomUUID().slice(0, 8);
  #known;

  constructor(account) {
    this.#known = {
      account,
      region: process.env.AWS_REGION,
      document: policyOf({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }),
      trust: policyOf({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'sagemaker.amazonaws.com' },
      }),
      long: 'a'.repeat(7000),
      analyzer: '156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer',
    };
  }

  #of(name) {
    if (name in this.#known) return this.#known[name];
    if (name === name.toUpperCase()) return this.#of(name.toLowerCase()).toUpperCase();
    return `w-${this.#run}-${name}`;
  }

  fill(value, number, member) {
    if (typeof value === 'string') {
      const text = number === undefined ? value : value.replaceAll('<n>', number);
      return text.replace(/<([A-Za-z]\w*)>/g, (_, name) => this.#of(name));
    }
    // The clients take instants as dates.
    if (typeof value === 'number' && instants.has(member)) return new Date(value * 1000);
    if (Array.isArray(value)) return value.map((item) => this.fill(item, number));
    if (typeof value !== 'object' || value === null) return value;
    if ('$bytes' in value) return Buffer.from(this.fill(value.$bytes));
    if ('$times' in value) {
      const [item, count] = value.$times;
      if (typeof item === 'string' && item.length === 1) return item.repeat(count);
      return Array.from({ length: count }, (_, at) => this.fill(item, at));
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.fill(name), this.fill(item, number, name)]),
    );
  }

  keep(paths, answer) {
    for (const [name, path] of Object.entries(paths)) {
      this.#known[name] = path.split('.').reduce((found, step) => found[step], answer);
    }
  }
}

async function run(service, calls, names) {
  for (const [named, input, ...paths] of calls) {
    const [operation, of = service] = named.split(':').reverse();
    const answer = await call(of, operation, names.fill(input));
    for (const wanted of paths) names.keep(wanted, answer);
  }
}

/** One case of each operation: what the rest are is for the table as a whole. */
const firstCases = ({ cases }) => [
  ...new Map(cases.toReversed().map((one) => [one[0], one])).values(),
];

/** Codes of shapes have their full name here; the clients of Python strip what AWS strips. */
const bare = (code) =>
  code.replace(/^AWS\.SimpleQueueService\./, '').replace(/(Exception|Fault|Error)$/, '');
const synonyms = {
  NonExistentQueue: 'QueueDoesNotExist',
  QueueAlreadyExists: 'QueueNameExists',
  404: 'NotFound',
  ReportNotPresent: 'CredentialReportNotPresent',
  MissingParameter: 'MissingRequiredParameter',
};

for (const [service, table] of Object.entries(tables)) {
  test(`${service}: the first case of each operation`, async () => {
    const { Account } = await call('sts', 'GetCallerIdentity', {});
    const names = new Names(Account);
    await run(service, table.given, names);
    const wrong = [];
    for (const [operation, what, input, codes, status = 400] of firstCases(table)) {
      const told = await refusal(() => call(service, operation, names.fill(input))).catch(
        (error) => ({ code: error.message }),
      );
      const wanted = [codes].flat().map((code) => synonyms[bare(code)] ?? bare(code));
      const isRight = wanted.includes(bare(told.code)) && [told.status, null].includes(status);
      if (!isRight) wrong.push([operation, what, told.code, told.status, wanted, status]);
    }
    await run(service, table.after, names);
    assert.deepEqual(wrong, []);
  });
}
