/** The AWS SDK for JavaScript against topics, queues, metrics and the token service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { DescribeCustomKeyStoresCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { named, once, refusal, until } from './clients.mjs';

const sns = new SNSClient(once);
const sqs = new SQSClient(once);
const cloudwatch = new CloudWatchClient(once);

async function queueNamed(QueueName) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  return { QueueUrl, arn: Attributes.QueueArn };
}

/** A queue takes from topics only what its policy lets in. */
async function openTo(topic, { QueueUrl, arn }) {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arn,
    Condition: { ArnEquals: { 'aws:SourceArn': topic } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
}

async function received(QueueUrl) {
  const [message] = await until(async () => {
    const told = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }));
    return told.Messages;
  });
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  return message.Body;
}

test('tells the caller', async () => {
  const told = await new STSClient(once).send(new GetCallerIdentityCommand({}));
  assert.match(told.Account, /^\d{12}$/);
});

test('refuses a stranger', async () => {
  const credentials = { accessKeyId: 'AKIAUNKNOWNUNKNOWN00', secretAccessKey: 'x' };
  const { status } = await refusal(() =>
    new STSClient({ ...once, credentials }).send(new GetCallerIdentityCommand({})),
  );
  assert.equal(status, 403);
});

test('names what is not built', async () => {
  const { code, status, error } = await refusal(() =>
    new KMSClient(once).send(new DescribeCustomKeyStoresCommand({})),
  );
  assert.deepEqual([code, status], ['NotImplemented', 501]);
  assert.match(error.message, /DescribeCustomKeyStores/);
});

test('carries a message from a topic into a queue', async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: named() }));
  const { QueueUrl, arn } = await queueNamed(named());
  await openTo(TopicArn, { QueueUrl, arn });
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: arn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  await sns.send(new PublishCommand({ TopicArn, Message: 'hällo' }));
  assert.equal(await received(QueueUrl), 'hällo');
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'direct' }));
  assert.equal(await received(QueueUrl), 'direct');
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  const { code, status } = await refusal(() =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' })),
  );
  assert.deepEqual([code, status], ['QueueDoesNotExist', 400]);
});

test('keeps metrics and alarms', async () => {
  const Namespace = named();
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const Timestamp = new Date(minute - 60_000);
  const MetricData = [1, 2, 6].map((Value) => ({ MetricName: 'm', Timestamp, Value }));
  await cloudwatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
  const told = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName: 'm',
      StartTime: Timestamp,
      EndTime: new Date(minute),
      Period: 60,
      Statistics: ['Average', 'Maximum'],
    }),
  );
  assert.deepEqual(
    told.Datapoints.map(({ Average, Maximum }) => [Average, Maximum]),
    [[3, 6]],
  );
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: Namespace,
      Namespace,
      MetricName: 'm',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 5,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
  await cloudwatch.send(
    new SetAlarmStateCommand({ AlarmName: Namespace, StateValue: 'ALARM', StateReason: 'test' }),
  );
  const { MetricAlarms } = await cloudwatch.send(
    new DescribeAlarmsCommand({ AlarmNames: [Namespace] }),
  );
  assert.equal(MetricAlarms[0].Threshold, 5);
  await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [Namespace] }));
});
