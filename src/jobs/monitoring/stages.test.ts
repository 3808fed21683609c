/** Runs of the monitors that need labels: a merge first, the analysis of what it made after it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../kernel/outcome.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import type { AnalysisInputs, AnalysisResult } from '../processing/analysis.ts';
import { suffixOf } from './job-of-run.ts';
import { at, planOf, quiet, Watch } from './monitoring.fixture.ts';
import { requeueLost } from './schedules.ts';

let w: Watch;
beforeEach(async () => {
  w = await new Watch().open();
  await w.endpoint('churn');
});
afterEach(() => w.close());

const labelled = planOf('churn', {
  groundTruthUri: 's3://records/labels',
  attributes: { analysis_type: 'MODEL_QUALITY', problem_type: 'Regression' },
});
const mergeFormat =
  '{"sagemakerMergeJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}';
const uris = (inputs: AnalysisInputs) => inputs.dataset.map(({ uri }) => uri);

const mergedFile = (id = '') => `AllTraffic/2026/01/05/09/part-00000${suffixOf({ id })}`;

/** Answers the merge with its file, and the analysis with nothing to say. */
function merging(seen: unknown[], merged: Outcome<AnalysisResult>) {
  w.merge = async (job, inputs) => {
    const labels = inputs.groundTruth?.map(({ uri }) => uri);
    seen.push(['merge', uris(inputs), labels, job.plan.outputs[0]?.uri]);
    const files = { [mergedFile(job.monitoring?.executionId)]: '{}\n' };
    return merged.ok ? ok({ ...merged.value, files }) : merged;
  };
  w.analyze = async (job, inputs) => {
    const { problem_type, dataset_format } = job.plan.environment;
    seen.push(['analysis', uris(inputs), problem_type, dataset_format]);
    return ok(quiet);
  };
}

test('labels until the run are merged, and this run alone reads what it merged', async () => {
  await w.schedule('hourly', { type: 'ModelQuality', plan: labelled });
  await w.capture('churn', at('09:10'));
  await w.capture('churn', at('08:59'), 'before.jsonl');
  await w.put('labels/2026/01/05/09/early.jsonl');
  await w.put('labels/2026/01/05/08/before.jsonl');
  await w.put('reports/merge/churn/AllTraffic/2026/01/05/09/part-00000-other.c000.jsonl');
  const seen: unknown[] = [];
  merging(seen, ok(quiet));
  await w.advanceTo(at('10:00'));
  const [run] = await w.runs('hourly');
  expect(run).toMatchObject({ status: 'Completed', type: 'ModelQuality' });
  expect(run?.processingJobArn).toMatch(/processing-job\/model-quality-monitoring-202601051000-/);
  const captured = ['s3://records/capture/churn/AllTraffic/2026/01/05/09/a.jsonl'];
  const labels = ['s3://records/labels/2026/01/05/09/early.jsonl'];
  const folder = 's3://records/reports/merge/churn';
  expect(seen).toEqual([
    ['merge', captured, labels, folder],
    ['analysis', [`${folder}/${mergedFile(run?.id)}`], 'Regression', mergeFormat],
  ]);
  expect(w.begun.map((name) => name.replace(/-2026.*/, ''))).toEqual([
    'groundtruth-merge',
    'model-quality-monitoring',
  ]);
  expect((await w.scheduleRow('hourly')).runningExecution).toBeUndefined();
});

test('a merge that fails is the end of its execution', async () => {
  await w.schedule('hourly', { type: 'ModelBias', plan: labelled });
  await w.capture('churn', at('09:10'));
  const seen: unknown[] = [];
  merging(seen, refuse('no label of 4 has the id of a captured record'));
  await w.advanceTo(at('10:00'));
  const [run] = await w.runs('hourly');
  expect(run).toMatchObject({
    status: 'Failed',
    failureReason: 'no label of 4 has the id of a captured record',
  });
  expect(run?.processingJobArn).toMatch(/processing-job\/groundtruth-merge-/);
  expect(seen).toHaveLength(1);
  expect((await w.scheduleRow('hourly')).runningExecution).toBeUndefined();
});

test('an analysis whose work item was lost between two writes is found at start-up', async () => {
  await w.schedule('hourly', { type: 'ModelQuality', plan: labelled });
  await w.capture('churn', at('09:10'));
  const seen: unknown[] = [];
  merging(seen, ok(quiet));
  const { enqueue } = w.queue;
  w.queue.enqueue = async (key, ...rest) =>
    key.includes('model-quality') ? false : enqueue(key, ...rest);
  await w.advanceTo(at('10:00'));
  expect(seen).toEqual([expect.arrayContaining(['merge'])]);
  expect((await w.runs('hourly'))[0]?.status).toBe('InProgress');
  w.queue.enqueue = enqueue;
  await requeueLost(w, w.clock.nowMs());
  await w.settle();
  expect((await w.runs('hourly'))[0]?.status).toBe('Completed');
});

test('each run leaves its page, which draws the figures of the runs before it', async () => {
  await w.schedule('hourly');
  let value = 0.5;
  w.analyze = async () => {
    value += 0.25;
    const figures = [{ name: 'drift of age', value, threshold: 0.1 }];
    const nothing = { findings: [], comparisons: [], tables: [], charts: [], notes: [] };
    const report = { monitor: 'Data quality' as const, summary: 'Seen.', rows: 3, ...nothing };
    return ok({ ...quiet, report: { ...report, figures } });
  };
  for (const hour of ['10', '11']) {
    await w.capture('churn', at(`${hour}:00`) - 60_000);
    await w.advanceTo(at(`${hour}:00`));
  }
  const page = await w.text('reports/churn/hourly/2026/01/05/11/report.html');
  expect(page).toContain('Data quality of churn');
  expect(page).toContain('drift of age over the runs: 0.75, 1');
  expect(page).toContain('2026-01-05 10:00 UTC to 2026-01-05 11:00 UTC');
  const runs = await w.runs('hourly');
  expect(runs.map(({ figures }) => figures)).toEqual([
    { 'drift of age': 0.75 },
    { 'drift of age': 1 },
  ]);
});
