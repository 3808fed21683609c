/** What records say of callers, resources and calls, against records that Amazon has published. */
import { expect, test } from 'vitest';
import type { Caller, Session } from '../../kernel/caller.ts';
import { buildEvent, eventKindsOf, type FinishedCall } from './build.ts';
import { identityOf, userNameOf } from './identity.ts';
import { kindOf } from './kinds.ts';
import type { Shape } from './shapes.ts';

const account = '111122223333';
const scope = { partition: 'aws', region: 'eu-west-1', account };
const session: Session = {
  ...{ kind: 'role', issuerArn: `arn:aws:iam::${account}:role/team/Analyst`, issuerId: 'AROAX' },
  ...{ name: 'ada-session', issuedAtMs: 1_767_600_000_000, expiresAtMs: 1_767_603_600_000 },
  ...{ tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] },
};
const user: Caller = {
  ...{ accessKeyId: 'AKIAADA', arn: `arn:aws:iam::${account}:user/team/ada`, account },
  userId: 'AIDAADA',
};
const sessionArn = `arn:aws:sts::${account}:assumed-role/Analyst/ada-session`;

function call(over: Partial<FinishedCall>): FinishedCall {
  return {
    ...{ service: 'sagemaker', operation: 'DescribeEndpoint', input: {}, checks: [] },
    ...{ caller: user, scope, requestId: 'request-1', headers: {}, sourceAddress: '192.0.2.7' },
    ...over,
  };
}

const facts = { nowMs: 1_767_600_001_234, eventId: 'event-1' };
const built = (over: Partial<FinishedCall>) => buildEvent(call(over), facts);
const text: Shape = { kind: 'string' };
const structure = (...names: readonly string[]): Shape => ({
  kind: 'structure',
  members: names.map((name) => ({ name, type: text })),
});

test('a user', () => {
  expect(identityOf(user)).toEqual({
    ...{ type: 'IAMUser', principalId: 'AIDAADA', arn: user.arn, accountId: account },
    ...{ accessKeyId: 'AKIAADA', userName: 'ada' },
  });
});

test('a user under a session with a code of a device', () => {
  const mfaAtMs = session.issuedAtMs;
  const caller = { ...user, session: { ...session, kind: 'user' as const, mfaAtMs } };
  const identity = identityOf(caller);
  expect(identity).toMatchObject({ type: 'IAMUser', userName: 'ada' });
  expect(identity.sessionContext).toEqual({
    attributes: { creationDate: '2026-01-05T08:00:00Z', mfaAuthenticated: 'true' },
  });
});

test('the root user', () => {
  const arn = `arn:aws:iam::${account}:root`;
  const identity = identityOf({ accessKeyId: 'AKIAROOT', arn, userId: account, account });
  expect(identity).toEqual({
    ...{ type: 'Root', principalId: account, arn, accountId: account, accessKeyId: 'AKIAROOT' },
  });
  expect(userNameOf(identity)).toBe('root');
});

test('a role session, who issued it, who vouched for it, and the source identity', () => {
  const identity = identityOf({
    ...{ accessKeyId: 'ASIAX', arn: sessionArn, userId: 'AROAX:ada-session', account },
    session: {
      ...session,
      sourceIdentity: 'ada@example.com',
      federatedProvider: 'accounts.example.com',
      providerKeys: { 'accounts.example.com:sub': 'ada' },
    },
  });
  expect(identity).toEqual({
    ...{ type: 'AssumedRole', principalId: 'AROAX:ada-session', arn: sessionArn },
    ...{ accountId: account, accessKeyId: 'ASIAX' },
    sessionContext: {
      sessionIssuer: {
        ...{ type: 'Role', principalId: 'AROAX', arn: session.issuerArn, accountId: account },
        userName: 'Analyst',
      },
      webIdFederationData: {
        federatedProvider: 'accounts.example.com',
        attributes: { 'accounts.example.com:sub': 'ada' },
      },
      attributes: { creationDate: '2026-01-05T08:00:00Z', mfaAuthenticated: 'false' },
      sourceIdentity: 'ada@example.com',
    },
  });
  expect(userNameOf(identity)).toBe('ada-session');
});

test('a federated user names the user who asked for the session', () => {
  const arn = `arn:aws:sts::${account}:federated-user/guest`;
  const of = { ...session, kind: 'federated' as const, issuerArn: user.arn, issuerId: 'AIDAADA' };
  const identity = identityOf({ ...user, arn, userId: `${account}:guest`, session: of });
  expect(identity).toMatchObject({
    type: 'FederatedUser',
    sessionContext: { sessionIssuer: { type: 'IAMUser', arn: user.arn, userName: 'ada' } },
  });
  expect(userNameOf(identity)).toBe('guest');
});

test('services, and callers without a signature', () => {
  const nobody = { accessKeyId: '', arn: '', userId: 'anonymous', account };
  expect(identityOf({ ...nobody, service: 'sns.amazonaws.com' })).toEqual({
    ...{ type: 'AWSService', invokedBy: 'sns.amazonaws.com' },
  });
  expect(identityOf(nobody)).toEqual({
    ...{ type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' },
  });
});

test('a web identity is known by the answer to its token', () => {
  const event = built({
    ...{ service: 'sts', operation: 'AssumeRoleWithWebIdentity' },
    output: { SubjectFromWebIdentityToken: 'sub-1', Provider: 'idp', Audience: 'app' },
  });
  expect(event.userIdentity).toEqual({
    ...{ type: 'WebIdentityUser', principalId: 'idp:app:sub-1', userName: 'sub-1' },
    identityProvider: 'idp',
  });
});

test('a call that reads: what was asked, of what, and no answer', () => {
  const ARN = `arn:aws:sagemaker:eu-west-1:${account}:endpoint/churn`;
  const event = built({
    ...{ input: { EndpointName: 'Churn' }, inputShape: structure('EndpointName') },
    ...{ output: { EndpointArn: ARN }, outputShape: structure('EndpointArn') },
    checks: [{ action: 'sagemaker:DescribeEndpoint', resource: ARN }],
    headers: { 'user-agent': 'aws-cli/2', host: 'keep.example.com' },
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
  });
  expect(event).toEqual({
    eventVersion: '1.11',
    userIdentity: identityOf(user),
    eventTime: '2026-01-05T08:00:01Z',
    eventSource: 'sagemaker.amazonaws.com',
    eventName: 'DescribeEndpoint',
    awsRegion: 'eu-west-1',
    sourceIPAddress: '192.0.2.7',
    userAgent: 'aws-cli/2',
    requestParameters: { endpointName: 'Churn' },
    responseElements: null,
    requestID: 'request-1',
    eventID: 'event-1',
    readOnly: true,
    resources: [{ accountId: account, type: 'AWS::SageMaker::Endpoint', ARN }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
    tlsDetails: {
      ...{ tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256' },
      clientProvidedHostHeader: 'keep.example.com',
    },
  });
});

test('a call that changes something has its answer, a refused one its error', () => {
  const about = { operation: 'DeleteEndpoint', output: { Note: 'gone' } };
  const event = built({ ...about, outputShape: structure('Note') });
  expect([event.readOnly, event.responseElements]).toEqual([false, { note: 'gone' }]);
  const { output: _output, ...refused } = about;
  const fault = { code: 'AccessDeniedException', message: 'no' };
  expect(built({ ...refused, fault })).toMatchObject({
    ...{ errorCode: 'AccessDeniedException', errorMessage: 'no', responseElements: null },
  });
});

test('credentials that are given out are named, without what makes them usable', () => {
  const credentials = structure('AccessKeyId', 'SecretAccessKey', 'SessionToken');
  const event = built({
    ...{ service: 'sts', operation: 'AssumeRole' },
    output: { Credentials: { AccessKeyId: 'ASIAX', SecretAccessKey: 's', SessionToken: 't' } },
    outputShape: { kind: 'structure', members: [{ name: 'Credentials', type: credentials }] },
  });
  const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';
  expect([event.readOnly, event.responseElements]).toEqual([
    true,
    { credentials: { accessKeyId: 'ASIAX', secretAccessKey: hidden, sessionToken: hidden } },
  ]);
});

test('an object that was read: a data event with its bucket, and what was moved', () => {
  const event = built({
    ...{ service: 's3', operation: 'GetObject', url: '/data/a/b.csv' },
    ...{ input: { Bucket: 'data', Key: 'a/b.csv' }, inputShape: structure('Bucket', 'Key') },
    output: { ContentLength: 42, ServerSideEncryption: 'aws:kms' },
    headers: { host: 's3.example.com', authorization: 'AWS4-HMAC-SHA256 …' },
    checks: [
      { action: 's3:GetObject', resource: 'arn:aws:s3:::data/a/b.csv', owner: '444455556666' },
      { action: 's3:ListBucket', resource: 'arn:aws:s3:::data', owner: '444455556666' },
    ],
  });
  expect(event).toMatchObject({
    ...{ eventCategory: 'Data', managementEvent: false, readOnly: true },
    requestParameters: { bucketName: 'data', key: 'a/b.csv', Host: 's3.example.com' },
    additionalEventData: {
      ...{ SignatureVersion: 'SigV4', AuthenticationMethod: 'AuthHeader' },
      ...{ bytesTransferredIn: 0, bytesTransferredOut: 42, SSEApplied: 'Default_SSE_KMS' },
    },
  });
  expect(event.resources).toEqual([
    { accountId: '444455556666', type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::data/a/b.csv' },
    { accountId: '444455556666', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::data' },
  ]);
});

test('selectors see each object of a call, and the prefix of a listing', () => {
  const kinds = (operation: string, ...resources: readonly string[]) => {
    const checks = resources.map((resource) => ({ action: 's3:X', resource }));
    return eventKindsOf({ service: 's3', operation, caller: user, checks });
  };
  const [a, b] = ['arn:aws:s3:::data/a', 'arn:aws:s3:::data/b'];
  const deleted = kinds('DeleteObjects', a, b);
  expect(deleted.map(({ resourceArn }) => resourceArn)).toEqual([a, b]);
  expect(deleted[0]).toMatchObject({ resourceType: 'AWS::S3::Object', userIdentityArn: user.arn });
  const listed = kinds('ListObjectsV2', 'arn:aws:s3:::data');
  expect(listed).toMatchObject([{ eventName: 'ListObjects', resourceArn: 'arn:aws:s3:::data/' }]);
});

test.each([
  ['s3', 'CreateBucket', 'Management', false],
  ['s3', 'PutObject', 'Data', false],
  ['kms', 'Decrypt', 'Management', true],
  ['kms', 'GenerateDataKeyWithoutPlaintext', 'Management', true],
  ['kms', 'ScheduleKeyDeletion', 'Management', false],
  ['kms', 'CreateGrant', 'Management', false],
  ['iam', 'GenerateCredentialReport', 'Management', true],
  ['iam', 'CreateUser', 'Management', false],
  ['secretsmanager', 'GetSecretValue', 'Management', true],
  ['sagemaker-runtime', 'InvokeEndpoint', 'Data', true],
  ['sagemaker', 'Search', 'Management', true],
  ['sns', 'Publish', 'Data', false],
  ['sqs', 'ReceiveMessage', 'Data', true],
  ['sqs', 'PurgeQueue', 'Management', false],
  ['cloudwatch', 'PutMetricData', 'Data', false],
  ['cloudtrail', 'LookupEvents', 'Management', true],
] as const)('%s %s is a %s event, read-only %s', (service, operation, category, readOnly) => {
  expect(kindOf(service, operation)).toMatchObject({ category, readOnly });
});

test('members beyond their bound are left out, and that is said', () => {
  const input = { Text: 'x'.repeat(110_000) };
  const { requestParameters } = built({ input, inputShape: structure('Text') });
  expect(requestParameters).toEqual({
    ...{ omitted: true, originalSize: 110_011, reason: 'requestParameters too large' },
  });
  const agent = built({ headers: { 'user-agent': 'x'.repeat(5_000) } }).userAgent;
  expect(agent).toHaveLength(1_024);
});

test('passwords in URLs are hidden wherever they are', () => {
  const input = { Image: 'https://ada:pa55@models.example.com/x?at=a@b' };
  expect(built({ input, inputShape: structure('Image') }).requestParameters).toEqual({
    image: 'https://HIDDEN_DUE_TO_SECURITY_REASONS@models.example.com/x?at=a@b',
  });
});
