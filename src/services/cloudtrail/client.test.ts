/**
 * The service behind its real client, over HTTP: delivery is asked about, digests are checked by
 * what ListPublicKeys answers alone, and events are looked up.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import * as sdk from '@aws-sdk/client-cloudtrail';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { dayMs, minuteMs } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { bucketName, makeCall, scope, setup } from './cloudtrail.fixture.ts';
import { cloudtrail, cloudtrailPermissions } from './index.ts';

let server: Server;
let client: sdk.CloudTrailClient;
const trail = setup();
const Name = 'main';

beforeAll(async () => {
  const listener = makeListener({
    services: [
      mount(
        'cloudtrail',
        { operations: cloudtrail, permissions: cloudtrailPermissions },
        trail.given,
      ),
    ],
    authorize: async () => new Map(),
    findSecret: async () => ({ secretAccessKey: 'secret', caller: makeCall().caller }),
    clock: { nowMs: () => Date.now() },
    random: seededRandom(3),
    log: silentLogger,
    scope,
    objectDomains: ['localhost'],
  });
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new sdk.CloudTrailClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: scope.region,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});
afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

test('a trail is made, logs, stops, and what it delivered can be checked by anybody', async () => {
  const { record, pass, clock, digests, buckets } = trail;
  const Settings = { Name, S3BucketName: bucketName, EnableLogFileValidation: true };
  const made = await client.send(new sdk.CreateTrailCommand(Settings));
  expect(made.TrailARN).toMatch(/:trail\/main$/);
  await client.send(new sdk.StartLoggingCommand({ Name }));
  expect(trail.woken).toEqual(['trail/delivery']);
  await record({}, {});
  await pass(5 * minuteMs);
  const logging = await client.send(new sdk.GetTrailStatusCommand({ Name }));
  expect(logging).toMatchObject({ IsLogging: true, TimeLoggingStopped: '' });
  expect(logging.LatestDeliveryTime).toEqual(new Date(clock.nowMs()));
  await client.send(new sdk.StopLoggingCommand({ Name }));
  await pass(1_000);
  const stopped = await client.send(new sdk.GetTrailStatusCommand({ Name }));
  expect(stopped.IsLogging).toBe(false);
  expect(stopped.LatestDigestDeliveryTime).toEqual(new Date(clock.nowMs()));

  const key = defined(digests()[0], 'the final digest');
  const { bytes, options } = defined(buckets.objects.get(key), key);
  const inflated = gunzipSync(bytes);
  const digest = JSON.parse(inflated.toString('utf8')) as Record<string, string>;
  const day = { StartTime: new Date(clock.nowMs() - dayMs), EndTime: new Date(clock.nowMs()) };
  const { PublicKeyList } = await client.send(new sdk.ListPublicKeysCommand(day));
  const listed = PublicKeyList?.find(
    ({ Fingerprint }) => Fingerprint === digest['digestPublicKeyFingerprint'],
  );
  const value = Buffer.from(defined(listed?.Value, 'the key'));
  expect(createHash('md5').update(value).digest('hex')).toBe(listed?.Fingerprint);
  const publicKey = createPublicKey({ key: value, format: 'der', type: 'pkcs1' });
  const hash = createHash('sha256').update(inflated).digest('hex');
  const text = [digest['digestEndTime'], `${bucketName}/${key}`, hash, 'null'].join('\n');
  const signature = Buffer.from(options.metadata?.['signature'] ?? '', 'hex');
  expect(verify('sha256', Buffer.from(text), publicKey, signature)).toBe(true);
});

test('public keys are of a time that goes forward', async () => {
  const backwards = { StartTime: new Date(2_000), EndTime: new Date(1_000) };
  await expect(client.send(new sdk.ListPublicKeysCommand(backwards))).rejects.toMatchObject({
    name: 'InvalidTimeRangeException',
  });
  const token = client.send(new sdk.ListPublicKeysCommand({ NextToken: 'x' }));
  await expect(token).rejects.toMatchObject({ name: 'InvalidTokenException' });
});

test('events are looked up by one attribute, newest first, in pages', async () => {
  const { record } = trail;
  const resources = [
    { accountId: scope.account, type: 'AWS::KMS::Key', ARN: 'arn:aws:kms:::key/k' },
  ];
  const ids = await record(
    { eventName: 'Decrypt', readOnly: true, resources },
    { eventName: 'Decrypt', readOnly: true },
    { eventName: 'Decrypt', recipientAccountId: '999999999999' },
    { eventName: 'Decrypt', awsRegion: 'us-east-1' },
    { eventName: 'Decrypt', readOnly: true },
  );
  const by = (AttributeKey: sdk.LookupAttributeKey, AttributeValue: string) => ({
    LookupAttributes: [{ AttributeKey, AttributeValue }],
  });
  const first = await client.send(
    new sdk.LookupEventsCommand({ ...by('EventName', 'Decrypt'), MaxResults: 2 }),
  );
  expect(first.Events?.map(({ EventId }) => EventId)).toEqual([ids[4], ids[1]]);
  const next = { ...by('EventName', 'Decrypt'), MaxResults: 2, NextToken: first.NextToken };
  const second = await client.send(new sdk.LookupEventsCommand(next));
  expect(second.Events).toHaveLength(1);
  const [event] = second.Events ?? [];
  expect(event).toMatchObject({
    EventId: ids[0],
    EventName: 'Decrypt',
    ReadOnly: 'true',
    EventSource: 'sagemaker.amazonaws.com',
    Username: 'ada',
    AccessKeyId: 'AKIAADA',
    Resources: [{ ResourceType: 'AWS::KMS::Key', ResourceName: 'arn:aws:kms:::key/k' }],
  });
  expect(JSON.parse(event?.CloudTrailEvent ?? '')).toMatchObject({ eventID: ids[0] });
  const named = await client.send(new sdk.LookupEventsCommand(by('EventId', ids[4] ?? '')));
  expect(named.Events).toHaveLength(1);
  const insight = await client.send(new sdk.LookupEventsCommand({ EventCategory: 'insight' }));
  expect(insight.Events).toEqual([]);

  const refused = async (input: sdk.LookupEventsCommandInput, name: string) =>
    expect(client.send(new sdk.LookupEventsCommand(input))).rejects.toMatchObject({ name });
  const two = [
    { AttributeKey: 'EventName', AttributeValue: 'a' },
    { AttributeKey: 'EventId', AttributeValue: 'b' },
  ] as const;
  await refused({ LookupAttributes: [...two] }, 'InvalidLookupAttributesException');
  await refused(by('ReadOnly', 'yes'), 'InvalidLookupAttributesException');
  const backwards = { StartTime: new Date(2_000), EndTime: new Date(1_000) };
  await refused(backwards, 'InvalidTimeRangeException');
  await refused({ NextToken: 'x' }, 'InvalidNextTokenException');
  const other = { ...by('EventName', 'Encrypt'), NextToken: first.NextToken };
  await refused(other, 'InvalidNextTokenException');
});

test('what is not built says so', async () => {
  const queries = client.send(new sdk.ListEventDataStoresCommand({}));
  await expect(queries).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
});
