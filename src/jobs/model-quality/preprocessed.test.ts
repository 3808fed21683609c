/** Labelled predictions from preprocessor scripts, and documents through post-processors. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import { localScripts } from '../../adapters/scripts/scripts.ts';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import type { Scripts } from '../../ports/scripts.ts';
import { analyzeModelQuality } from './analyze.ts';
import { makeModelQualityAnalyzer } from './analyzer.ts';

let folder: string;
let scripts: Scripts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-quality-scripts-test-'));
  scripts = localScripts({ workFolder: join(folder, 'work') });
});
afterAll(() => rm(folder, { recursive: true }));

const analytics = {
  scan() {
    throw new Error('records are not scanned as tables');
  },
  close: async () => {},
};
const at = '/opt/ml/processing/code';
const regression = {
  dataset_format: '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}',
  problem_type: 'Regression',
  inference_attribute: 'said',
};
const record = (output: string, label: string) =>
  JSON.stringify({
    captureData: { endpointOutput: { data: output, encoding: 'CSV' } },
    groundTruthData: { data: label, encoding: 'CSV' },
    eventMetadata: { eventId: 'e', inferenceTime: '1970-01-01T00:10:00Z' },
  });

interface Asked {
  readonly pre?: string;
  readonly post?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly scripts?: Scripts | undefined;
}

let files = 0;
async function run({ pre, post, environment = {}, text, ...asked }: Asked) {
  files += 1;
  const path = join(folder, `in-${files}`);
  await writeFile(path, text ?? [record('1;a', '2'), record('3;b', '3.5')].join('\n'));
  const texts = new Map([
    [`${at}/pre.mjs`, pre],
    [`${at}/post.mjs`, post],
  ]);
  const runner = 'scripts' in asked ? asked.scripts : scripts;
  const given = runner ? { scripts: runner } : {};
  const parts = { analytics, query: jmespathQuery(), log: silentLogger, ...given };
  const analyze = makeModelQualityAnalyzer({
    clock: new VirtualClock(0),
    tasks: { analyze: (request, options) => analyzeModelQuality(parts, request, options) },
    ...given,
  });
  const plan = {
    environment: {
      ...regression,
      ...(pre === undefined ? {} : { record_preprocessor_script: `${at}/pre.mjs` }),
      ...(post === undefined ? {} : { post_analytics_processor_script: `${at}/post.mjs` }),
      ...environment,
    },
    inputs: [],
  };
  const said: string[] = [];
  const inputs = {
    dataset: [{ path, uri: 's3://b/records.jsonl', etag: 'e' }],
    textOf: async (name: string) => {
      const found = texts.get(name);
      return found === undefined ? refuse(`no input brings ${name}`) : ok(found);
    },
    filesAt: async () => refuse('none'),
  };
  const say = (line: string) => void said.push(line);
  const outcome = await analyze({ plan } as unknown as ProcessingJobRow, inputs, { say });
  const mae = outcome.ok
    ? outcome.value.metrics.find(({ metric }) => metric === 'mae')?.value
    : outcome.reason;
  return { outcome, mae, said };
}

const handler = (body: string) => `export const preprocessHandler = (record) => ${body};`;
const splitting = handler(`({
  said: record.endpointOutput.data.split(';')[0],
  ground_truth: record.groundTruth.data,
})`);

test('the columns that the script returns are named by the attributes', async () => {
  expect((await run({ pre: splitting })).mae).toBe(0.75);
  const named = { inference_attribute: '0', ground_truth_attribute: 'truth' };
  const pre = handler(`[1, 2].map((by) => ({ said: 0, truth: by * record.groundTruth.data }))`);
  // 2, 4, 3.5 and 7 from two records of two rows.
  expect((await run({ pre, environment: named })).mae).toBe(4.125);
});

test('rows that the script drops are none, and CSV and JSON are preprocessed too', async () => {
  const csv = { dataset_format: '{"csv":{"header":true}}' };
  const pre = handler(`{
    const [said, ground_truth] = record.split(',');
    return said === '9' ? [] : { said, ground_truth };
  }`);
  expect((await run({ pre, environment: csv, text: 'p,y\n1,2\n9,0\n3,3.5\n' })).mae).toBe(0.75);
  const json = { dataset_format: '{"json":{"lines":true}}' };
  const text = '{"p":1,"y":2}\n{"p":3,"y":3.5}\n';
  const renamed = handler('({ said: record.p, ground_truth: record.y })');
  expect((await run({ pre: renamed, environment: json, text })).mae).toBe(0.75);
});

test('probabilities may be a list', async () => {
  const environment = {
    ...{ problem_type: 'MulticlassClassification', inference_attribute: '' },
    probability_attribute: 'scores',
  };
  const pre = handler(`({ scores: '[0.2, 0.5, 0.3]', ground_truth: 1 })`);
  const { outcome } = await run({ pre, environment });
  if (!outcome.ok) throw new Error(outcome.reason);
  expect(outcome.value.metrics).toContainEqual({ metric: 'accuracy', value: 1 });
});

test.each<[string, Asked, RegExp]>([
  [
    'a column that is not there',
    { pre: handler('({ said: 1, label: 2 })') },
    /^ground_truth_attribute: no row .* has the column ground_truth; there are said, label$/,
  ],
  [
    'no attribute',
    { pre: splitting, environment: { inference_attribute: '' } },
    /^neither inference_attribute nor probability_attribute is set$/,
  ],
  [
    'a value that is no number',
    { pre: handler(`({ said: 'high', ground_truth: 1 })`) },
    /^row 1 of the preprocessor: the inference \(said\) is no number: "high"$/,
  ],
  [
    'a handler that throws',
    { pre: handler('record.nothing.there') },
    /^Exception while invoking preprocessor script\. .*at the record s3:\/\/b\/records\.jsonl:1: /s,
  ],
  [
    'Parquet',
    { pre: splitting, environment: { dataset_format: '{"parquet":{}}' } },
    /not Parquet$/,
  ],
  [
    'a script that no input brings',
    { environment: { record_preprocessor_script: 'x.py' } },
    /^record_preprocessor_script: no input brings x\.py$/,
  ],
  [
    'a preprocessor where there are no scripts',
    { pre: splitting, scripts: undefined },
    /^record preprocessor scripts are not supported by this server$/,
  ],
  [
    'a post-processor where there are no scripts',
    { post: '', scripts: undefined },
    /^post-analytics scripts are not supported by this server$/,
  ],
])('refused: %s', async (_, asked, expected) => {
  expect((await run(asked)).mae).toMatch(expected);
});

test('a post-processor sees the documents, and may change them', async () => {
  const post = `
import { readdirSync, writeFileSync } from 'node:fs';
const folder = process.env.output_path;
export const postprocessHandler = () =>
  writeFileSync(folder + '/seen.txt', readdirSync(folder).sort().join());`;
  const environment = { inference_attribute: '0' };
  const text = record('1', '2');
  const { outcome } = await run({ post, environment, text });
  if (!outcome.ok) throw new Error(outcome.reason);
  expect(outcome.value.files['seen.txt']).toBe(
    'baseline_distributions.json,constraints.json,statistics.json',
  );
  const failing = 'export const postprocessHandler = () => { throw new Error("no"); };';
  const failed = await run({ post: failing, environment, text });
  expect(failed.mae).toMatch(/^Exception while invoking postprocessor script\. /);
});
