/** The life of an endpoint as clients see it, with the job that does the work. */
import { beforeEach, expect, test } from 'vitest';
import { hostedKey } from '../../engines/hosting/names.ts';
import { arnOf, Hosting, scope } from './hosting.fixture.ts';

let h: Hosting;
beforeEach(async () => {
  h = new Hosting();
  await h.model('Blue', 'known:1', 's3://models/blue.tar.gz');
  await h.model('green', 'known:2');
  h.archives.add('s3://models/blue.tar.gz');
  await h.config('c1', { AllTraffic: 'Blue' });
  await h.config('c2', { AllTraffic: 'green' });
});

const key = hostedKey(scope, 'Churn');
const create = (config = 'c1') =>
  h.call('CreateEndpoint', { EndpointName: 'Churn', EndpointConfigName: config });
const update = (config: string, over: object = {}) =>
  h.call('UpdateEndpoint', { EndpointName: 'Churn', EndpointConfigName: config, ...over });
const describeIt = () => h.call('DescribeEndpoint', { EndpointName: 'churn' });
const statuses = () => h.events.map(({ detail }) => detail.EndpointStatus);

test('creation starts the model with its archive, and goes in service', async () => {
  expect(await create()).toEqual({ EndpointArn: arnOf('endpoint/churn') });
  expect(await describeIt()).toMatchObject({
    EndpointName: 'Churn',
    EndpointStatus: 'Creating',
    ProductionVariants: [{ CurrentWeight: 0, DesiredWeight: 1, CurrentInstanceCount: 0 }],
  });
  await h.settle();
  expect(await describeIt()).toMatchObject({
    EndpointArn: arnOf('endpoint/churn'),
    EndpointConfigName: 'c1',
    EndpointStatus: 'InService',
    ProductionVariants: [
      { VariantName: 'AllTraffic', CurrentWeight: 1, DesiredWeight: 1, CurrentInstanceCount: 1 },
    ],
  });
  const [server] = h.servers;
  expect(server?.spec).toMatchObject({
    image: 'known:1',
    environment: { A: '1' },
    modelArchivePath: '/blobs/blue.tar.gz',
    startTimeoutMs: 480_000,
  });
  expect(h.fleet.live(key)?.variants[0]?.instance.server).toBe(server);
  expect(statuses()).toEqual(['CREATING', 'IN_SERVICE']);
});

test('the event has the shape of the original', async () => {
  const Tags = [{ Key: 'team', Value: 'risk' }];
  await h.call('CreateEndpoint', { EndpointName: 'Churn', EndpointConfigName: 'c1', Tags });
  await h.settle();
  expect(h.events.at(-1)).toMatchObject({
    source: 'aws.sagemaker',
    'detail-type': 'SageMaker Endpoint State Change',
    resources: [arnOf('endpoint/churn')],
    detail: {
      EndpointName: 'Churn',
      EndpointArn: arnOf('endpoint/churn'),
      EndpointConfigName: 'c1',
      ProductionVariants: [
        { VariantName: 'AllTraffic', DesiredWeight: 1, DesiredInstanceCount: 1 },
      ],
      EndpointStatus: 'IN_SERVICE',
      CreationTime: h.clock.nowMs(),
      LastModifiedTime: h.clock.nowMs(),
      Tags: { team: 'risk' },
    },
  });
});

test.each([
  ['an image nobody knows', 'other/image:1', undefined, /other\/image:1 is not known here: add/],
  ['an archive that is missing', 'known:1', 's3://models/none.tar.gz', /s3:\/\/models\/none.tar/],
])('creation with %s ends as Failed with the reason', async (_what, image, archive, reason) => {
  await h.model('odd', image, archive);
  await h.config('c3', { AllTraffic: 'odd' });
  await create('c3');
  await h.settle();
  const described = await describeIt();
  expect(described.EndpointStatus).toBe('Failed');
  expect(described.FailureReason).toMatch(reason);
  expect(h.fleet.live(key)).toBeUndefined();
  await expect(update('c1')).rejects.toThrow(/with status "Failed"/);
  await h.call('DeleteEndpoint', { EndpointName: 'Churn' });
  await h.settle();
  await expect(describeIt()).rejects.toThrow(
    `Could not find endpoint "${arnOf('endpoint/churn')}".`,
  );
});

test('one variant that fails stops the others', async () => {
  h.refusals.set('known:2', 'no healthy answer to /ping');
  await h.config('c3', { A: 'Blue', B: 'green' });
  await create('c3');
  await h.settle();
  expect(await describeIt()).toMatchObject({
    EndpointStatus: 'Failed',
    FailureReason: 'production variant B: no healthy answer to /ping',
  });
  expect(h.servers.map(({ stopped }) => stopped)).toEqual([true]);
});

test('an update serves the old until the new is up, then drains the old', async () => {
  await create();
  await h.settle();
  const [blue] = h.servers;
  const before = h.fleet.live(key)?.variants[0];
  before?.instance.enter();
  let open = () => {};
  h.gates.set('known:2', new Promise((done) => void (open = done)));
  await update('c2');
  const settled = h.settle();
  expect(await describeIt()).toMatchObject({
    EndpointStatus: 'Updating',
    EndpointConfigName: 'c1',
    PendingDeploymentSummary: { EndpointConfigName: 'c2' },
  });
  expect(h.fleet.live(key)?.variants[0]).toBe(before);
  await expect(update('c1')).rejects.toThrow(
    `Cannot update in-progress endpoint "${arnOf('endpoint/churn')}".`,
  );
  open();
  await expect.poll(async () => (await describeIt()).EndpointStatus).toBe('InService');
  expect(blue?.stopped).toBe(false);
  before?.instance.leave();
  await settled;
  expect(blue?.stopped).toBe(true);
  const described = await describeIt();
  expect(described).toMatchObject({ EndpointConfigName: 'c2', EndpointStatus: 'InService' });
  expect(described.PendingDeploymentSummary).toBeUndefined();
  expect(h.fleet.live(key)?.variants[0]?.variant.image).toBe('known:2');
  expect(statuses()).toEqual(['CREATING', 'IN_SERVICE', 'UPDATING', 'IN_SERVICE']);
});

test('an update that fails leaves the old in service and says why', async () => {
  await create();
  await h.settle();
  h.refusals.set('known:2', 'it died');
  await update('c2');
  await h.settle();
  expect(await describeIt()).toMatchObject({
    EndpointStatus: 'InService',
    EndpointConfigName: 'c1',
    FailureReason: 'production variant AllTraffic: it died',
  });
  expect(h.fleet.live(key)?.variants[0]?.instance.server).toBe(h.servers[0]);
  expect(h.servers.map(({ stopped }) => stopped)).toEqual([false]);
});

test('weights and counts change without a new server', async () => {
  await h.config('c3', { A: 'Blue', B: 'green' });
  await create('c3');
  await h.settle();
  const change = (VariantName: string, DesiredWeight = 0.25) =>
    h.call('UpdateEndpointWeightsAndCapacities', {
      EndpointName: 'Churn',
      DesiredWeightsAndCapacities: [{ VariantName, DesiredWeight, DesiredInstanceCount: 3 }],
    });
  await expect(change('C')).rejects.toThrow(/Could not find variant "C"/);
  for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e308]) {
    await expect(change('B', weight)).rejects.toThrow(/desiredWeight.*finite number of 0 or more/);
  }
  await change('B');
  expect((await describeIt()).ProductionVariants?.[1]).toMatchObject({
    CurrentWeight: 1,
    DesiredWeight: 0.25,
  });
  await h.settle();
  expect((await describeIt()).ProductionVariants?.[1]).toMatchObject({
    CurrentWeight: 0.25,
    CurrentInstanceCount: 3,
    DesiredInstanceCount: 3,
  });
  expect(h.servers).toHaveLength(2);
  expect(h.fleet.live(key)?.variants.map(({ variant }) => variant.weight)).toEqual([1, 0.25]);

  await update('c3', { RetainAllVariantProperties: true });
  await h.settle();
  expect(h.fleet.live(key)?.variants.map(({ variant }) => variant.weight)).toEqual([1, 0.25]);
  const ExcludeRetainedVariantProperties = [{ VariantPropertyType: 'DesiredWeight' }];
  await update('c3', { RetainAllVariantProperties: true, ExcludeRetainedVariantProperties });
  await h.settle();
  const [, b] = h.fleet.live(key)?.variants ?? [];
  expect(b?.variant).toMatchObject({ weight: 1, instanceCount: 3 });
});

test('capture stays when properties are retained, and goes otherwise', async () => {
  const DataCaptureConfig = {
    InitialSamplingPercentage: 50,
    DestinationS3Uri: 's3://captures/p/',
    CaptureOptions: [{ CaptureMode: 'Input' as const }, { CaptureMode: 'Output' as const }],
    CaptureContentTypeHeader: { CsvContentTypes: ['text/CSV'] },
  };
  await h.config('c3', { AllTraffic: 'Blue' }, { DataCaptureConfig });
  await create('c3');
  await h.settle();
  expect((await describeIt()).DataCaptureConfig).toEqual({
    EnableCapture: true,
    CaptureStatus: 'Started',
    CurrentSamplingPercentage: 50,
    DestinationS3Uri: 's3://captures/p',
    KmsKeyId: '',
  });
  expect(h.fleet.live(key)?.capture).toMatchObject({
    input: true,
    output: true,
    csvTypes: ['text/csv'],
  });
  await update('c2', { RetainAllVariantProperties: true });
  await h.settle();
  expect((await describeIt()).DataCaptureConfig).toBeDefined();
  await update('c2');
  await h.settle();
  expect((await describeIt()).DataCaptureConfig).toBeUndefined();
});

test('deletion shuts requests out at once, waits for the last answer, and forgets', async () => {
  await create();
  await h.settle();
  const instance = h.fleet.live(key)?.variants[0]?.instance;
  instance?.enter();
  h.schedules = ['drift-hourly'];
  await expect(h.call('DeleteEndpoint', { EndpointName: 'Churn' })).rejects.toThrow(
    /used by the monitoring schedule drift-hourly/,
  );
  h.schedules = [];
  await h.call('DeleteEndpoint', { EndpointName: 'Churn' });
  expect(h.fleet.live(key)).toBeUndefined();
  const settled = h.settle();
  await expect.poll(statuses).toEqual(['CREATING', 'IN_SERVICE', 'DELETING']);
  expect(h.servers[0]?.stopped).toBe(false);
  instance?.leave();
  await settled;
  expect(h.servers[0]?.stopped).toBe(true);
  await expect(describeIt()).rejects.toThrow(/Could not find endpoint/);
  await create();
});

test('what is in service comes back after a crash, whatever became of its model', async () => {
  await create();
  await h.settle();
  await h.call('DeleteEndpointConfig', { EndpointConfigName: 'c1' });
  await h.call('DeleteModel', { ModelName: 'Blue' });
  h.restart();
  expect((await describeIt()).EndpointStatus).toBe('InService');
  h.refusals.set('known:1', 'not yet');
  await h.settle();
  expect(h.fleet.live(key)).toBeUndefined();
  expect((await describeIt()).EndpointStatus).toBe('InService');
  h.refusals.clear();
  h.clock.moveTo(h.clock.nowMs() + 10_000);
  await h.settle();
  expect(h.fleet.live(key)?.variants[0]?.variant.image).toBe('known:1');
});

test.each(['create', 'update', 'delete'])(
  'a crash in the middle of %s is gone on with',
  async (step) => {
    await create();
    if (step !== 'create') await h.settle();
    if (step === 'update') await update('c2');
    if (step === 'delete') await h.call('DeleteEndpoint', { EndpointName: 'Churn' });
    h.restart();
    await h.settle();
    if (step === 'delete') {
      await expect(describeIt()).rejects.toThrow(/Could not find endpoint/);
      expect(h.servers).toEqual([]);
    } else {
      expect((await describeIt()).EndpointStatus).toBe('InService');
      const image = step === 'update' ? 'known:2' : 'known:1';
      expect(h.fleet.live(key)?.variants[0]?.variant.image).toBe(image);
      expect(h.servers.filter(({ stopped }) => !stopped)).toHaveLength(1);
    }
  },
);

test('an endpoint that is slow to start holds up no other', async () => {
  h.gates.set('known:1', new Promise(() => {}));
  await create();
  await h.loop.tick(h.clock.nowMs(), { signal: new AbortController().signal });
  await h.call('CreateEndpoint', { EndpointName: 'quick', EndpointConfigName: 'c2' });
  await h.loop.tick(h.clock.nowMs(), { signal: new AbortController().signal });
  const quick = () => h.call('DescribeEndpoint', { EndpointName: 'quick' });
  await expect.poll(async () => (await quick()).EndpointStatus).toBe('InService');
  expect((await describeIt()).EndpointStatus).toBe('Creating');
});

test('the end of the process stops every server and leaves the rows', async () => {
  await create();
  await h.settle();
  await h.loop.close();
  expect(h.servers.map(({ stopped }) => stopped)).toEqual([true]);
  expect((await describeIt()).EndpointStatus).toBe('InService');
});

test('names that exist, configurations that do not, deployments that are not built', async () => {
  await create();
  await expect(create()).rejects.toThrow(
    `Cannot create already existing endpoint "${arnOf('endpoint/churn')}".`,
  );
  const other = { EndpointName: 'other', EndpointConfigName: 'none' };
  await expect(h.call('CreateEndpoint', other)).rejects.toThrow(
    `Could not find endpoint configuration "${arnOf('endpoint-config/none')}".`,
  );
  const DeploymentConfig = {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: { Type: 'CANARY' as const, WaitIntervalInSeconds: 60 },
    },
  };
  const atOnce = {
    BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE' as const } },
  };
  await h.settle();
  await update('c2', { DeploymentConfig: atOnce });
  await h.settle();
  expect((await describeIt()).LastDeploymentConfig).toEqual(atOnce);
  await expect(
    h.call('CreateEndpoint', { EndpointName: 'x', EndpointConfigName: 'c1', DeploymentConfig }),
  ).rejects.toMatchObject({ code: 'NotImplemented', status: 501 });
  for (const name of ['', '-a', 'a_b', 'x'.repeat(64)]) {
    const input = { EndpointName: name, EndpointConfigName: 'c1' };
    await expect(h.call('CreateEndpoint', input)).rejects.toMatchObject({
      code: 'ValidationException',
    });
  }
});
