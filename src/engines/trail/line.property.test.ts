/** That records written at once are the very bytes of those that are built and then serialized. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Caller } from '../../kernel/caller.ts';
import { buildEvent, eventKindsOf, type FinishedCall } from './build.ts';
import { wholeLine } from './forms.ts';
import { knownKindsOf, lineOf } from './line.ts';
import type { Shape } from './shapes.ts';

const account = '111122223333';
const text: Shape = { kind: 'string' };
const item: Shape = {
  kind: 'structure',
  members: [
    { name: 'Name', type: text },
    { name: 'Password', type: text },
    { name: 'Plaintext', type: { kind: 'blob' } },
    { name: 'Tags', type: { kind: 'map', key: { type: text }, value: { type: text } } },
  ],
};
const shape: Shape = {
  kind: 'structure',
  members: [
    ...['Bucket', 'Key', 'Message', 'SecretString', 'NewPassword', 'Image'].map((name) => ({
      name,
      type: text,
    })),
    { name: 'Sensitive', type: { kind: 'string', sensitive: true } },
    { name: 'Metadata', type: { kind: 'map', key: { type: text }, value: { type: text } } },
    { name: 'Count', type: { kind: 'integer' } },
    { name: 'At', type: { kind: 'timestamp' } },
    { name: 'Body', type: { kind: 'blob', streaming: true } },
    { name: 'Items', type: { kind: 'list', item: { type: item } } },
    { name: 'One', type: item },
  ],
};
/** Two members that are written under one name. */
const ambiguous: Shape = {
  kind: 'structure',
  members: ['Name', 'name', 'Other'].map((name) => ({ name, type: text })),
};

const words = fc.oneof(
  fc.string({ maxLength: 20, unit: 'binary' }),
  fc.constantFrom('https://ada:pa55@example.com/x', '"\\\n\u2028', '\ud800', '', 'x'.repeat(600)),
);
const texts = (...names: readonly string[]): fc.Arbitrary<Record<string, string>> =>
  fc
    .tuple(...names.map((name) => fc.option(words.map((word) => [name, word] as const))))
    .map((found) => Object.fromEntries(found.filter((one) => one !== null)));
const maps = fc.dictionary(words, words, { maxKeys: 3 });
const items = fc.record(
  { Name: words, Password: words, Plaintext: fc.uint8Array({ maxLength: 3 }), Tags: maps },
  { requiredKeys: [] },
);
const others = fc.record(
  {
    Count: fc.oneof(fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, null)),
    At: fc.date({ noInvalidDate: false }),
    Metadata: maps,
    Body: fc.uint8Array({ maxLength: 3 }),
    Items: fc.array(items, { maxLength: 3 }),
    One: items,
    Unknown: words,
    Key: fc.constant(undefined),
  },
  { requiredKeys: [] },
);
const large = fc.constantFrom({}, { Key: 'x'.repeat(110_000) }, { Key: '\n'.repeat(60_000) });
const members = texts('Bucket', 'Key', 'Message', 'SecretString', 'NewPassword', 'Image');
const inputs = fc
  .tuple(members, texts('Sensitive'), others, large)
  .map((parts): object => Object.assign({}, ...parts));
const shapes = fc.constantFrom(shape, shape, shape, ambiguous, undefined);

const user: Caller = {
  ...{ accessKeyId: 'AKIAADA', arn: `arn:aws:iam::${account}:user/team/ada`, account },
  userId: 'AIDAADA',
};
const nobody: Caller = { accessKeyId: '', arn: '', userId: 'anonymous', account };
const callers = fc.constantFrom<Caller>(
  ...[user, nobody, { ...nobody, service: 'sns.amazonaws.com' }],
  { ...user, arn: `arn:aws:iam::${account}:user/"quoted"` },
);
const resources = fc.constantFrom(
  ...['arn:aws:s3:::data/a "b".csv', 'arn:aws:s3:::data', '*', 'no arn'],
  `arn:aws:sagemaker:eu-west-1:${account}:endpoint/churn`,
);
const checks = fc.array(
  fc.record(
    { action: fc.constant('s3:X'), resource: resources, owner: fc.constant('444455556666') },
    { requiredKeys: ['action', 'resource'] },
  ),
  { maxLength: 3 },
);
const operations = fc.constantFrom(
  ...[
    ['s3', 'GetObject'],
    ['s3', 'PutObject'],
    ['s3', 'GetBucketPolicy'],
    ['sagemaker', 'DescribeEndpoint'],
    ['sagemaker-runtime', 'InvokeEndpoint'],
    ['sts', 'GetCallerIdentity'],
    ['sqs', 'SendMessage'],
  ].map(([service = '', operation = '']) => ({ service, operation })),
);
const tls = fc.constantFrom(
  { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
  { version: 'TLSv1.2', cipher: 'ECDHE' },
);
const origins = fc.record(
  {
    caller: callers,
    scope: fc.constantFrom(
      { partition: 'aws', region: 'eu-west-1', account },
      { partition: 'aws', region: 'a"b', account: '444455556666' },
    ),
    requestId: words,
    headers: texts('host', 'user-agent', 'authorization', 'content-length'),
    sourceAddress: fc.constantFrom('192.0.2.7', '2001:db8::1'),
    tls,
  },
  { requiredKeys: ['caller', 'scope', 'requestId', 'headers'] },
);
const calls = fc
  .tuple(
    operations,
    origins,
    fc.record(
      { input: inputs, output: inputs, inputShape: shapes, outputShape: shapes, checks },
      { requiredKeys: ['input', 'checks'] },
    ),
  )
  .map(([operation, origin, rest]): FinishedCall => ({ ...operation, ...origin, ...rest }));

const facts = { nowMs: 1_767_600_001_234, eventId: 'b9a3c6de-0001-4002-8003-000000000000' };

test('a line is the JSON of the event, byte for byte, whatever was told before', () => {
  fc.assert(
    fc.property(calls, (call) => {
      const event = buildEvent(call, facts);
      const line = lineOf(call, facts);
      expect(line && wholeLine(line)).toBe(JSON.stringify(event));
      const { eventName, eventSource, readOnly, userIdentity, resources: about } = event;
      const subject = { eventName, eventSource, readOnly, userIdentity };
      expect(line?.subject).toEqual(about ? { ...subject, resources: about } : subject);
      expect(line?.eventID).toBe(facts.eventId);
      expect(knownKindsOf(call)).toEqual(eventKindsOf(call));
    }),
    { numRuns: 300 },
  );
});

test('calls that are the same but for their parameters share what they are looked up by', () => {
  const [call] = fc.sample(calls, { numRuns: 1, seed: 7 });
  const same = { ...call, checks: [{ action: 's3:X', resource: 'arn:aws:s3:::data/a' }] };
  const first = lineOf(same as FinishedCall, facts)?.subject;
  expect(first).toBeDefined();
  expect(lineOf({ ...same, input: {} } as FinishedCall, facts)?.subject).toBe(first);
});

test('a call that failed, and one whose answer says who made it, are left to the builder', () => {
  const call: FinishedCall = {
    ...{ service: 'sts', operation: 'AssumeRoleWithWebIdentity', input: {}, checks: [] },
    ...{ caller: nobody, requestId: 'r', headers: {} },
    scope: { partition: 'aws', region: 'eu-west-1', account },
  };
  expect(lineOf(call, facts)).toBeUndefined();
  const fault = { code: 'AccessDenied', message: 'no' };
  expect(lineOf({ ...call, operation: 'GetCallerIdentity', fault }, facts)).toBeUndefined();
});
