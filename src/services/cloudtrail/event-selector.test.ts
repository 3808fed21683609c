/** What selectors may say, and which events they take. */
import { describe, expect, test } from 'vitest';
import type { EventKind } from '../../engines/trail/trail.ts';
import { codeOf, setup, wanted } from './cloudtrail.fixture.ts';
import { cloudtrail } from './index.ts';

const TrailName = 'main';
const read: EventKind = {
  ...{ category: 'Data', eventSource: 's3.amazonaws.com', eventName: 'GetObject', readOnly: true },
  ...{ resourceType: 'AWS::S3::Object', resourceArn: 'arn:aws:s3:::records/in/a' },
};
const invoke: EventKind = {
  ...{ category: 'Data', eventSource: 'sagemaker.amazonaws.com', readOnly: false },
  ...{ eventName: 'InvokeEndpoint', resourceType: 'AWS::SageMaker::Endpoint' },
  resourceArn: 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/risk',
};

async function made() {
  const server = setup();
  await cloudtrail.CreateTrail(wanted, server.ctx);
  await cloudtrail.StartLogging({ Name: TrailName }, server.ctx);
  const { ctx, trail } = server;
  const basic = (...EventSelectors: object[]) =>
    cloudtrail.PutEventSelectors({ TrailName, EventSelectors }, ctx);
  const advanced = (...each: object[]) => {
    const AdvancedEventSelectors = each.map((fields) => ({
      FieldSelectors: Object.entries(fields).map(([Field, operators]) => ({
        Field,
        ...(Array.isArray(operators) ? { Equals: operators } : (operators as object)),
      })),
    }));
    return cloudtrail.PutEventSelectors({ TrailName, AdvancedEventSelectors }, ctx);
  };
  return { ...server, basic, advanced, wants: (kind: EventKind) => trail.wants(kind) };
}

test('a trail takes all management events unless told otherwise', async () => {
  const { ctx, wants } = await made();
  const { EventSelectors } = await cloudtrail.GetEventSelectors({ TrailName }, ctx);
  expect(EventSelectors).toEqual([
    {
      ReadWriteType: 'All',
      IncludeManagementEvents: true,
      DataResources: [],
      ExcludeManagementEventSources: [],
    },
  ]);
  expect(wants(read)).toBe(false);
});

describe('basic selectors', () => {
  test('choose data events by the beginning of their ARN, while the trail logs', async () => {
    const { basic, wants, ctx } = await made();
    const Values = ['arn:aws:s3:::records/in/'];
    const DataResources = [{ Type: 'AWS::S3::Object', Values }];
    const answer = await basic({ ReadWriteType: 'ReadOnly', DataResources });
    expect(answer.EventSelectors?.[0]).toMatchObject({ ReadWriteType: 'ReadOnly', DataResources });
    expect(await cloudtrail.GetTrail({ Name: TrailName }, ctx)).toMatchObject({
      Trail: { HasCustomEventSelectors: true },
    });
    expect(wants(read)).toBe(true);
    expect(wants({ ...read, readOnly: false })).toBe(false);
    expect(wants({ ...read, resourceArn: 'arn:aws:s3:::records/out/a' })).toBe(false);
    expect(wants(invoke)).toBe(false);
    await cloudtrail.StopLogging({ Name: TrailName }, ctx);
    expect(wants(read)).toBe(false);
    await cloudtrail.StartLogging({ Name: TrailName }, ctx);
    expect(wants(read)).toBe(true);
    await cloudtrail.DeleteTrail({ Name: TrailName }, ctx);
    expect(wants(read)).toBe(false);
  });

  test.each([
    [[]],
    [Array.from({ length: 6 }, () => ({}))],
    [[{ IncludeManagementEvents: false }]],
    [[{ ExcludeManagementEventSources: ['s3.amazonaws.com'] }]],
    [[{ DataResources: [{ Type: 'AWS::SageMaker::Endpoint', Values: ['arn:aws:x'] }] }]],
    [[{ DataResources: [{ Type: 'AWS::S3::Object', Values: [] }] }]],
    [[{ DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::no-slash'] }] }]],
    [[{ DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:lambda'] }] }]],
    [[{ DataResources: [{ Type: 'AWS::S3::Object', Values: ['records/'] }] }]],
    [
      [
        {
          DataResources: [
            {
              Type: 'AWS::S3::Object',
              Values: Array.from({ length: 251 }, (_, i) => `arn:aws:s3:::b${i}/`),
            },
          ],
        },
      ],
    ],
  ])('refused: %j', async (selectors) => {
    const { basic } = await made();
    expect(await codeOf(basic(...selectors))).toBe('InvalidEventSelectorsException');
  });

  test('may name all objects in either spelling', async () => {
    const { basic, wants } = await made();
    for (const value of ['arn:aws:s3', 'arn:aws:s3:::']) {
      await basic({ DataResources: [{ Type: 'AWS::S3::Object', Values: [value] }] });
      expect(wants(read)).toBe(true);
    }
  });
});

describe('advanced selectors', () => {
  test('choose by every field, and are shown as they were given', async () => {
    const { advanced, wants, ctx } = await made();
    const resources = { 'resources.type': ['AWS::SageMaker::Endpoint'] };
    const ends = { 'resources.ARN': { EndsWith: ['/risk'], NotStartsWith: ['arn:aws:s3'] } };
    const answer = await advanced({ eventCategory: ['Data'], ...resources, ...ends });
    expect(answer.AdvancedEventSelectors?.[0]?.FieldSelectors).toContainEqual({
      Field: 'resources.ARN',
      EndsWith: ['/risk'],
      NotStartsWith: ['arn:aws:s3'],
    });
    const { TrailARN: _, ...shown } = await cloudtrail.GetEventSelectors({ TrailName }, ctx);
    expect(shown).toEqual({ AdvancedEventSelectors: answer.AdvancedEventSelectors });
    expect(wants(invoke)).toBe(true);
    expect(wants({ ...invoke, resourceArn: 'x/other' })).toBe(false);
    expect(wants(read)).toBe(false);
  });

  test('negated fields, event names and truths', async () => {
    const { advanced, wants } = await made();
    await advanced({
      ...{ eventCategory: ['Data'], 'resources.type': ['AWS::S3::Object'], readOnly: ['true'] },
      eventName: { NotEquals: ['HeadObject'], StartsWith: ['Get', 'Head'] },
      'userIdentity.arn': { NotEndsWith: ['/robot'] },
      // Not known before the call is answered: taken now, and judged at the delivery.
      sessionCredentialFromConsole: ['true'],
    });
    expect(wants(read)).toBe(true);
    expect(wants({ ...read, eventName: 'HeadObject' })).toBe(false);
    expect(wants({ ...read, eventName: 'PutObject' })).toBe(false);
    expect(wants({ ...read, readOnly: false })).toBe(false);
    expect(wants({ ...read, userIdentityArn: 'arn:aws:iam::1:user/robot' })).toBe(false);
  });

  test.each([
    [{ readOnly: ['true'] }],
    [{ eventCategory: ['Insight'] }],
    [{ eventCategory: { NotEquals: ['Data'] } }],
    [{ eventCategory: ['Data'] }],
    [{ eventCategory: ['Management', 'Data'] }],
    [{ eventCategory: ['Management'], eventName: ['GetObject'] }],
    [{ eventCategory: ['Management'], eventSource: ['kms.amazonaws.com'] }],
    [{ eventCategory: ['Management'], eventSource: { NotEquals: ['s3.amazonaws.com'] } }],
    [{ eventCategory: ['Management'], readOnly: ['yes'] }],
    [{ eventCategory: ['Management'], readOnly: {} }],
    [{ eventCategory: ['Data'], 'resources.type': { StartsWith: ['AWS::S3'] } }],
    [{ eventCategory: ['Data'], 'resources.type': ['objects'] }],
    [{ eventCategory: ['Data'], 'resources.type': ['AWS::S3::Object'], colour: ['red'] }],
    [
      {
        ...{ eventCategory: ['Data'], 'resources.type': ['AWS::S3::Object'] },
        eventName: Array.from({ length: 501 }, (_, i) => `Get${i}`),
      },
    ],
  ])('refused: %j', async (fields) => {
    const { advanced } = await made();
    expect(await codeOf(advanced(fields))).toBe('InvalidEventSelectorsException');
  });

  test('are not mixed with basic ones, repeated or left out', async () => {
    const { ctx, advanced } = await made();
    const FieldSelectors = [{ Field: 'eventCategory', Equals: ['Management'] }];
    const put = (input: object) =>
      codeOf(cloudtrail.PutEventSelectors({ TrailName, ...input }, ctx));
    const refusal = 'InvalidEventSelectorsException';
    const both = { EventSelectors: [{}], AdvancedEventSelectors: [{ FieldSelectors }] };
    expect(await put(both)).toBe(refusal);
    expect(await put({})).toBe(refusal);
    const twice = [{ FieldSelectors: [...FieldSelectors, ...FieldSelectors] }];
    expect(await put({ AdvancedEventSelectors: twice })).toBe(refusal);
    expect(await codeOf(advanced())).toBe(refusal);
    expect(await codeOf(advanced({ eventCategory: ['NetworkActivity'] }))).toBe('NotImplemented');
  });
});

test('what a trail did not choose is not delivered, what it left out neither', async () => {
  const { basic, record, pass, delivered } = await made();
  await basic({ ReadWriteType: 'WriteOnly', ExcludeManagementEventSources: ['kms.amazonaws.com'] });
  const [kept] = await record({});
  await record({ readOnly: true }, { eventSource: 'kms.amazonaws.com' }, { eventCategory: 'Data' });
  await pass(1_000_000);
  await pass(1_000_000);
  expect(delivered()).toEqual([kept]);
});

describe('insights', () => {
  test('are not computed, and nobody is told that they are', async () => {
    const { ctx } = await made();
    const { GetInsightSelectors: get, PutInsightSelectors: put } = cloudtrail;
    expect(await codeOf(get({ TrailName }, ctx))).toBe('InsightNotEnabledException');
    const some = [{ InsightType: 'ApiCallRateInsight' as const }];
    const asked = put({ TrailName, InsightSelectors: some }, ctx);
    expect(await codeOf(asked)).toBe('UnsupportedOperationException');
    expect(await put({ TrailName, InsightSelectors: [] }, ctx)).toMatchObject({
      InsightSelectors: [],
    });
    expect(await codeOf(get({ TrailName: 'gone' }, ctx))).toBe('TrailNotFoundException');
    expect(await codeOf(get({}, ctx))).toBe('InvalidParameterException');
    expect(await codeOf(get({ EventDataStore: 'x' }, ctx))).toBe('UnsupportedOperationException');
    const both = get({ TrailName, EventDataStore: 'x' }, ctx);
    expect(await codeOf(both)).toBe('InvalidParameterCombinationException');
  });
});
