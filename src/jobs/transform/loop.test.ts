/** Transform jobs from the queue to their end: attempts, leases, stops and events. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { transformJobs } from '../../engines/transform/rows.ts';
import { requeueTransforms } from './loop.ts';
import { Batches, gate, startMs, sums } from './transform.fixture.ts';

let b: Batches;
beforeEach(async () => {
  b = await new Batches().open();
  await b.put('in/a.csv', '1,2\n');
});
afterEach(() => b.close());

/** A model that never answers; resolves when it was asked. */
function stuck(): Promise<void> {
  const asked = gate();
  b.model = () => {
    asked.open();
    return new Promise(() => {});
  };
  return asked.opened;
}

async function stop(key: string): Promise<void> {
  await b.store.write(async (tx) => {
    const row = await b.row(key);
    await tx.put(transformJobs, key, { ...row, status: 'Stopping' });
  });
  b.loop.stopJob(key);
}

test('a job is told of when it begins and when it ends', async () => {
  const row = await b.ran('one');
  expect(row).toMatchObject({ status: 'Completed', startedAtMs: startMs, endedAtMs: startMs });
  expect(
    b.events.map((event) => [event['detail-type'], event.detail['TransformJobStatus']]),
  ).toEqual([
    ['SageMaker Transform Job State Change', 'InProgress'],
    ['SageMaker Transform Job State Change', 'Completed'],
  ]);
  expect(b.events[1]).toMatchObject({
    source: 'aws.sagemaker',
    resources: ['arn:aws:sagemaker:eu-west-1:111122223333:transform-job/one'],
    detail: { TransformJobName: 'one', TransformStartTime: startMs, TransformEndTime: startMs },
  });
  expect(await b.queue.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
});

test('a running job is broken off when it is stopped, and leaves nothing half', async () => {
  const asked = stuck();
  const key = await b.job('one');
  await b.tick();
  await asked;
  await stop(key);
  await b.loop.idle();
  expect(await b.row(key)).toMatchObject({ status: 'Stopped', endedAtMs: startMs });
  expect(await b.row(key)).not.toHaveProperty('failureReason');
  expect(await b.keys('out')).toEqual([]);
  expect(b.stopped).toBe(1);
});

test('a job that is stopped before it runs does not run', async () => {
  const key = await b.job('one');
  await stop(key);
  await b.settle();
  expect(await b.row(key)).toMatchObject({ status: 'Stopped' });
  expect(b.served).toEqual([]);
});

test('a server that goes down leaves its jobs to the next one', async () => {
  const asked = stuck();
  const key = await b.job('one');
  await b.tick();
  await asked;
  await b.shutDown();
  expect(await b.row(key)).toMatchObject({ status: 'InProgress' });
  expect(b.stopped).toBe(1);
  b.model = sums;
  await b.settle();
  expect(await b.row(key)).toMatchObject({ status: 'Completed' });
});

test('a job during which the process died twice fails the third time, unrun', async () => {
  const key = await b.job('one');
  for (let times = 0; times < 2; times += 1) {
    const asked = stuck();
    await b.tick();
    await asked;
    b.crash();
    await b.queue.endLeases();
  }
  await b.settle();
  expect(b.served).toHaveLength(2);
  expect(await b.row(key)).toMatchObject({
    status: 'Failed',
    failureReason: 'InternalServerError: the server stopped twice while this job ran',
  });
});

test('a run that lost its lease is broken off and counts for nothing', async () => {
  const asked = stuck();
  const key = await b.job('one');
  await b.tick();
  await asked;
  const nowMs = startMs + 30_000;
  await b.queue.claim(nowMs, { leaseMs: 30_000, limit: 1, holder: 'another process' });
  b.clock.moveTo(nowMs);
  await b.tick();
  await b.loop.idle();
  expect(await b.row(key)).toMatchObject({ status: 'InProgress' });
});

test('a fault of the server itself is told as such', async () => {
  b.start = async () => {
    throw new Error('out of handles');
  };
  expect(await b.ran('one')).toMatchObject({
    status: 'Failed',
    failureReason: 'InternalServerError: out of handles',
  });
  expect(b.logged).toEqual(['a transform job failed in an unexpected way']);
});

test('jobs without a work item get one at start-up, those that have ended do not', async () => {
  const key = await b.job('one');
  await b.queue.cancel(key);
  await b.ran('two');
  await requeueTransforms(b, startMs);
  await requeueTransforms(b, startMs);
  const items = await b.queue.claim(startMs, { leaseMs: 1, limit: 10, holder: 'h' });
  expect(items.map(({ id }) => id)).toEqual([key]);
});
