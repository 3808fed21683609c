/** The analysis as jobs ask for it: documents beside constraints, and what the merge counted. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import type { InputFile } from '../processing/analysis.ts';
import { analyzeModelQuality, type ModelQualityRequest } from './analyze.ts';
import { makeModelQualityAnalyzer } from './analyzer.ts';

let folder: string;
let objects: Map<string, InputFile>;
let requests: ModelQualityRequest[];
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-quality-job-test-'));
  objects = new Map();
  requests = [];
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function put(uri: string, text: string): Promise<InputFile> {
  const path = join(folder, String(objects.size));
  await writeFile(path, text);
  const file = { path, uri, etag: 'e' };
  objects.set(uri, file);
  return file;
}

const analytics = {
  scan() {
    throw new Error('records are not scanned as tables');
  },
  close: async () => {},
};

const environment = {
  dataset_format: '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}',
  problem_type: 'Regression',
  baseline_constraints: '/opt/ml/processing/baseline/constraints/constraints.json',
};
const input = {
  name: 'constraints',
  uri: 's3://b/baseline/constraints.json',
  localPath: '/opt/ml/processing/baseline/constraints',
  isManifest: false,
};
const job = {
  plan: { environment, inputs: [input] },
  monitoring: {
    captureUri: 's3://b/merge/churn',
    executionId: 'run-1',
    fileSuffix: '-run-1.c000.jsonl',
    windowStartMs: 0,
    windowEndMs: 3_600_000,
  },
} as unknown as ProcessingJobRow;

const constraintsText = JSON.stringify({
  regression_constraints: { mae: { threshold: 0.5, comparison_operator: 'GreaterThanThreshold' } },
});

async function run(text: string) {
  const query = jmespathQuery();
  const analyze = makeModelQualityAnalyzer({
    clock: new VirtualClock(7_200_000),
    tasks: {
      analyze(request, options) {
        requests.push(request);
        return analyzeModelQuality({ analytics, query, log: silentLogger }, request, options);
      },
    },
  });
  const dataset = [await put('s3://b/merge/churn/A/1970/01/01/00/x.jsonl', text)];
  const inputs = {
    dataset,
    constraintsText,
    textOf: async () => refuse('not asked for'),
    filesAt: async (uri: string) => {
      const found = objects.get(uri);
      return found ? ok([found]) : refuse(`no object's key starts with ${uri}`);
    },
  };
  return analyze(job, inputs, { say: (line) => void said.push(line) });
}

const record = (output: string, label: string) =>
  `${JSON.stringify({
    captureData: { endpointOutput: { data: output, encoding: 'CSV' } },
    groundTruthData: { data: label, encoding: 'CSV' },
    eventMetadata: { eventId: 'e', inferenceTime: '1970-01-01T00:10:00Z' },
  })}\n`;

test('a window is judged, measured and told', async () => {
  await put('s3://b/baseline/baseline_distributions.json', '{"rows":2,"label":{"quantiles":[1]}}');
  const counts = { execution: 'run-1', captured: 4, matched: 2 };
  await put('s3://b/merge/churn/join_reports/run-1.json', JSON.stringify(counts));
  const outcome = await run(record('1', '2') + record('3', '3.5'));
  expect(outcome).toMatchObject({ ok: true, value: { violations: 1 } });
  if (!outcome.ok) return;
  const { files, metrics, report } = outcome.value;
  expect(Object.keys(files)).toEqual([
    ...['statistics.json', 'constraints.json', 'constraint_violations.json', 'drift.json'],
  ]);
  expect(metrics).toContainEqual({ metric: 'mae', value: 0.75 });
  expect(requests[0]).toMatchObject({
    evaluatedAtMs: 7_200_000,
    window: { startMs: 0, endMs: 3_600_000 },
    joined: { captured: 4, matched: 2 },
  });
  expect(report?.figures).toContainEqual({ name: 'drift of labels', value: 1 });
  expect(said).toEqual([
    'measuring the labelled predictions of 1 file',
    '2 labelled predictions were judged by 1 threshold: 1 was crossed (mae).',
    ...(report?.notes ?? []),
  ]);
});

test.each([['{"execution":"run-0","captured":4,"matched":2}'], ['not JSON'], ['null']])(
  'what another merge counted, or nobody, is not told: %s',
  async (text) => {
    await put('s3://b/merge/churn/join_reports/run-1.json', text);
    expect(await run(record('1', '1') + record('2', '2'))).toMatchObject({ ok: true });
    expect(requests[0]?.joined).toBeUndefined();
    expect(requests[0]?.baselineDistributionsText).toBeUndefined();
  },
);

test('what cannot be judged is refused with its place', async () => {
  expect(await run(record('high', '1'))).toEqual(
    refuse(
      's3://b/merge/churn/A/1970/01/01/00/x.jsonl:1: the inference (the output) is no number: ' +
        '"high"',
    ),
  );
});
