/** What the trail is told of calls, and what becomes of calls that it cannot be told of. */
import { beforeEach, expect, test } from 'vitest';
import type { NewEvent } from '../engines/events/bus.ts';
import type { TrailEvent } from '../engines/trail/event.ts';
import { wholeLine } from '../engines/trail/forms.ts';
import type { EventKind } from '../engines/trail/trail.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import { type Call, Fault } from '../wire/operation.ts';
import { makeTrailCalls, type TrailCalls } from './trail-calls.ts';

const account = '111122223333';
const call: Call = {
  scope: { partition: 'aws', region: 'eu-west-1', account },
  caller: { accessKeyId: 'AKIA', arn: `arn:aws:iam::${account}:user/ada`, userId: 'AIDA', account },
  requestId: 'request',
  signal: new AbortController().signal,
  endpointUrl: 'http://localhost',
  headers: {},
  url: '/',
  checksums: {},
  sourceAddress: '192.0.2.1',
};
let kept: TrailEvent[];
let published: NewEvent[];
let writable: boolean;
let wanted: (kind: EventKind) => boolean;
let calls: TrailCalls;

beforeEach(() => {
  kept = [];
  published = [];
  writable = true;
  wanted = () => false;
  calls = makeTrailCalls({
    trail: {
      async record(event) {
        if (!writable) throw new Error('ENOSPC');
        kept.push(event);
      },
      async recordLine(line) {
        if (!writable) throw new Error('ENOSPC');
        kept.push(JSON.parse(wholeLine(line)));
      },
      wants: (kind) => kind.category === 'Management' || wanted(kind),
      isWritable: async () => writable,
    },
    events: { publish: async (event) => void published.push(event) },
    clock: new VirtualClock(0),
    random: seededRandom(1),
    log: silentLogger,
  });
});

const create = { call, service: 'sagemaker', operation: 'DeleteModel', checks: [] };
const read = { call, service: 's3', operation: 'GetObject', checks: [] };

test('what changes something is recorded, and published on the bus', async () => {
  await calls.audit.record({ ...create, input: { ModelName: 'm' }, output: {} });
  expect(kept).toMatchObject([{ requestParameters: { modelName: 'm' }, readOnly: false }]);
  expect(published).toMatchObject([
    {
      ...{ source: 'aws.sagemaker', detailType: 'AWS API Call via CloudTrail', scope: call.scope },
      detail: { eventName: 'DeleteModel' },
    },
  ]);
});

test('what only reads is recorded and not published', async () => {
  await calls.audit.record({ ...create, operation: 'ListModels', input: {}, output: {} });
  expect([kept.length, published.length]).toEqual([1, 0]);
});

test('data events are recorded when somebody chose them', async () => {
  await calls.audit.record({ ...read, input: {}, output: {} });
  expect(kept).toEqual([]);
  wanted = ({ resourceType }) => resourceType === 'AWS::S3::Object';
  await calls.audit.record({ ...read, input: {}, output: {} });
  expect(kept).toMatchObject([{ eventCategory: 'Data' }]);
});

test('while the trail cannot be written only calls that nobody would record may run', async () => {
  writable = false;
  expect(await calls.audit.canRecord(create)).toBe(false);
  expect(await calls.audit.canRecord(read)).toBe(true);
  wanted = () => true;
  expect(await calls.audit.canRecord(read)).toBe(false);
  const refused = { code: 'ServiceUnavailable', status: 503 };
  await expect(calls.mustBeWritable()).rejects.toMatchObject(refused);
  await expect(calls.audit.record({ ...create, input: {} })).rejects.toMatchObject(refused);
});

const invoked = {
  ...({ action: 'InvokeEndpoint', endpointName: 'churn', requestId: 'r' } as const),
  ...{ scope: call.scope, caller: call.caller },
  check: {
    action: 'sagemaker:InvokeEndpoint',
    resource: `arn:aws:sagemaker:eu-west-1:${account}:endpoint/churn`,
  },
  headers: { 'content-type': 'text/csv', 'x-amzn-sagemaker-custom-attributes': 'patient=7' },
};

test('invocations are data events of their endpoint, without payload and attributes', async () => {
  expect(calls.invocations(invoked)).toBeUndefined();
  wanted = ({ resourceArn }) => resourceArn === invoked.check.resource;
  await calls.invocations(invoked)?.record(new Fault('ModelError', 'broke', { status: 424 }));
  expect(kept).toMatchObject([
    {
      ...{ eventName: 'InvokeEndpoint', eventCategory: 'Data', errorCode: 'ModelError' },
      requestParameters: { endpointName: 'churn', contentType: 'text/csv' },
      resources: [{ type: 'AWS::SageMaker::Endpoint', ARN: invoked.check.resource }],
    },
  ]);
  expect(JSON.stringify(kept)).not.toContain('patient');
});

test('own routes are told with their parameters, secrets left out', async () => {
  await calls.ownCall({
    ...{ call, eventSource: 'iam.amazonaws.com', eventName: 'RevokeSession', readOnly: false },
    ...{ parameters: { roleName: 'r', nested: [{ newPassword: 'p4ss' }] }, checks: [] },
    fault: new Fault('NoSuchEntity', 'no such role'),
  });
  expect(kept).toMatchObject([
    { eventName: 'RevokeSession', errorCode: 'NoSuchEntity', requestParameters: { roleName: 'r' } },
  ]);
  expect(JSON.stringify(kept)).not.toContain('p4ss');
});

test('signing in is told as the console tells it', async () => {
  const told = { call, userName: undefined, succeeded: false, usedMfa: false };
  await calls.signIn({ ...told, errorMessage: 'Failed authentication' });
  await calls.signIn({ ...told, userName: 'ada', succeeded: true, usedMfa: true });
  expect(kept).toMatchObject([
    {
      ...{ eventName: 'ConsoleLogin', eventType: 'AwsConsoleSignIn' },
      userIdentity: { userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      responseElements: { ConsoleLogin: 'Failure' },
      additionalEventData: { MFAUsed: 'No' },
    },
    {
      userIdentity: { type: 'IAMUser', userName: 'ada', accountId: account },
      responseElements: { ConsoleLogin: 'Success' },
      additionalEventData: { MFAUsed: 'Yes' },
    },
  ]);
  expect(published[0]?.detailType).toBe('AWS Console Sign In via CloudTrail');
});
