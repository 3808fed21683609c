/** The merge of a run: files by hour, reports of what joined, and windows in which nothing did. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitoringOfJob, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { AnalysisResult, InputFile } from '../processing/analysis.ts';
import { mergeGroundTruth } from './merge.ts';
import { makeGroundTruthMerger } from './merger.ts';

let folder: string;
let temporaryFolder: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-test-'));
  temporaryFolder = join(folder, 'temporary');
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

let files = 0;
async function file(uri: string, text: string | Uint8Array): Promise<InputFile> {
  files += 1;
  const path = join(folder, `in-${files}`);
  await writeFile(path, text);
  return { path, uri, etag: 'e' };
}

const captured = (hour: string, text: string | Uint8Array, variant = 'A') =>
  file(`s3://b/capture/churn/${variant}/2026/01/05/${hour}/x.jsonl`, text);
const labels = (hour: string, text: string) =>
  file(`s3://b/truth/2026/01/05/${hour}/labels.jsonl`, text);

const record = (eventId: string, time = '09:30:00') =>
  `${JSON.stringify({
    captureData: { endpointOutput: { data: '1', encoding: 'CSV' } },
    eventMetadata: { eventId, inferenceTime: `2026-01-05T${time}Z` },
  })}\n`;
const labelled = (eventId: string, data = '1') => ({
  groundTruthData: { data, encoding: 'CSV' },
  eventMetadata: { eventId },
});
const label = (eventId: string, data = '1') => `${JSON.stringify(labelled(eventId, data))}\n`;

const at = (time: string) => Date.parse(`2026-01-05T${time}:00Z`);
const monitoring: MonitoringOfJob = {
  type: 'ModelQuality',
  scheduleKey: 'k',
  scheduleName: 'quality',
  executionKey: 'x',
  executionId: 'run-1',
  endpointName: 'churn',
  captureUri: 's3://b/capture/churn',
  captureLocalPath: '/opt/ml/processing/input',
  groundTruthUri: 's3://b/truth',
  windowStartMs: at('09:00'),
  windowEndMs: at('11:00'),
  scheduledAtMs: at('11:00'),
};

interface Run {
  readonly dataset: readonly InputFile[];
  readonly groundTruth: readonly InputFile[];
  readonly format?: string;
  readonly of?: Partial<MonitoringOfJob>;
}

function run({ dataset, groundTruth, format, of = {} }: Run) {
  const parts = { temporaryFolder, random: seededRandom(1) };
  const merge = makeGroundTruthMerger({
    tasks: { merge: (request, options) => mergeGroundTruth(parts, request, options) },
  });
  const environment = format === undefined ? {} : { dataset_format: format };
  const job = { plan: { environment }, monitoring: { ...monitoring, ...of } };
  const unused = async () => refuse('not asked for');
  const inputs = { dataset, groundTruth, textOf: unused, filesAt: unused };
  const say = (line: string) => void said.push(line);
  return merge(job as unknown as ProcessingJobRow, inputs, { say });
}

async function textsOf({ files: made }: AnalysisResult): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, content] of Object.entries(made)) {
    texts[name] = typeof content === 'string' ? content : await readFile(content.path, 'utf8');
  }
  return texts;
}

async function texts(given: Run): Promise<Record<string, string>> {
  const outcome = await run(given);
  if (!outcome.ok) throw new Error(outcome.reason);
  return textsOf(outcome.value);
}

test('merged lines lie in the folders of their variants and hours', async () => {
  const dataset = [
    await captured('09', record('a') + record('lost')),
    await captured('10', record('b', '10:10:00')),
    await captured('09', record('c'), 'B'),
  ];
  const groundTruth = [await labels('09', label('a') + label('b')), await labels('10', label('c'))];
  const made = await texts({ dataset, groundTruth });
  const part = 'part-00000-run-1.c000.jsonl';
  expect(Object.keys(made)).toEqual([
    `A/2026/01/05/09/${part}`,
    `A/2026/01/05/10/${part}`,
    `B/2026/01/05/09/${part}`,
    'join_report.json',
    'join_reports/run-1.json',
  ]);
  expect(made['join_reports/run-1.json']).toBe(made['join_report.json']);
  const line = JSON.parse(made[`A/2026/01/05/09/${part}`] ?? '');
  expect(line).toMatchObject(labelled('a'));
  expect(line.captureData).toBeDefined();
  expect(JSON.parse(made['join_report.json'] ?? '')).toMatchObject({
    execution: 'run-1',
    files: { captured: 3, labels: 2 },
    captured: 4,
    matched: 3,
    unmatchedCaptured: { count: 1, examples: ['lost'] },
  });
  expect(said).toEqual([
    'merging the labels of 2 files into 3 files',
    '3 of 4 captured records have one of 3 labels',
    '1 captured records without a label: lost',
  ]);
});

test('labels may be a list, on one line or on many', async () => {
  const dataset = [await captured('09', record('a') + record('b') + record('c'))];
  const many = JSON.stringify([labelled('b'), labelled('c')], null, 2);
  const groundTruth = [
    await labels('09', JSON.stringify([labelled('a')])),
    await labels('10', many),
  ];
  const made = await texts({ dataset, groundTruth });
  expect(JSON.parse(made['join_report.json'] ?? '')).toMatchObject({ matched: 3, labels: 3 });
});

test('a mark of the byte order is no part of the first label', async () => {
  const dataset = [await captured('09', record('a') + record('b'))];
  const groundTruth = [
    await labels('09', `\uFEFF${label('a')}`),
    await labels('10', `\uFEFF${JSON.stringify([labelled('b')], null, 2)}`),
  ];
  const made = await texts({ dataset, groundTruth });
  expect(JSON.parse(made['join_report.json'] ?? '')).toMatchObject({ matched: 2, labels: 2 });
});

test('what cannot be read is told by file and line, and the rest is merged', async () => {
  const dataset = [await captured('09', `${record('a')}{\n`)];
  const groundTruth = [await labels('09', `nonsense\n${label('a')}`)];
  const made = await texts({ dataset, groundTruth });
  expect(JSON.parse(made['join_report.json'] ?? '')).toMatchObject({
    matched: 1,
    malformedLabels: {
      count: 1,
      examples: [expect.stringMatching(/^s3:\/\/b\/truth\/.*labels.jsonl:1: not JSON: /)],
    },
    malformedCaptured: {
      count: 1,
      examples: [expect.stringMatching(/^s3:\/\/b\/capture\/.*x.jsonl:2: not JSON: /)],
    },
  });
});

test('more than one chunk goes to the same file, in order', async () => {
  const wide = 'w'.repeat(400_000);
  const ids = ['a', 'b', 'c', 'd'].map((id) => id + wide);
  const dataset = [await captured('09', ids.map((id) => record(id)).join(''))];
  const groundTruth = [await labels('09', ids.map((id) => label(id)).join(''))];
  const made = await texts({ dataset, groundTruth });
  const lines = Object.values(made)[0]?.trim().split('\n') ?? [];
  expect(lines.map((line) => JSON.parse(line).eventMetadata.eventId[0])).toEqual([
    ...['a', 'b', 'c', 'd'],
  ]);
});

test.each<[string, string, string, Record<string, unknown>]>([
  [
    'CSV',
    '{"csv":{"header":true}}',
    'x,y,p,id,time\n1,"a,b",0.7,id-1,2026-01-05T09:10:00Z\n2,3,4\n',
    { data: '1,"a,b",0.7', encoding: 'CSV' },
  ],
  [
    'JSON Lines',
    '{"json":{"lines":true}}',
    '{"SageMakerOutput":{"p":0.7},"SageMakerInferenceId":"id-1"}\n{"p":1}\n',
    { data: '{"SageMakerOutput":{"p":0.7}}', encoding: 'JSON' },
  ],
  [
    'JSON',
    '{"json":{}}',
    '[{"p":0.7,"SageMakerInferenceId":"id-1"},\n{"p":1}]',
    { data: '{"p":0.7}', encoding: 'JSON' },
  ],
])('records of batches get their ids from the data: %s', async (_, format, text, data) => {
  const dataset = [await file('s3://other/out/a.out', text)];
  const groundTruth = [await labels('09', label('id-1'))];
  const made = await texts({ dataset, groundTruth, format });
  const [[name, line] = []] = Object.entries(made);
  expect(name).toBe('2026/01/05/09/part-00000-run-1.c000.jsonl');
  expect(JSON.parse(line ?? '')).toMatchObject({
    captureData: { batchTransformOutput: data },
    groundTruthData: { data: '1' },
  });
  expect(JSON.parse(made['join_report.json'] ?? '').malformedCaptured).toMatchObject({
    count: 1,
    examples: [expect.stringContaining('GenerateInferenceId')],
  });
});

test('no label at all is refused with what was looked at', async () => {
  const dataset = [await captured('09', record('a'))];
  expect(await run({ dataset, groundTruth: [] })).toEqual(
    refuse(
      'Job inputs had no labels: 0 labels in 0 files of s3://b/truth/2026/01/05/09/ to ' +
        '2026/01/05/10/; 1 captured records from 2026-01-05T09:00:00Z until 2026-01-05T11:00:00Z ' +
        'in 1 files of s3://b/capture/churn',
    ),
  );
});

test('labels of which none matches are refused with ids of both sides', async () => {
  const dataset = [await captured('09', record('a') + record('b'))];
  const groundTruth = [await labels('09', label('x'))];
  expect(await run({ dataset, groundTruth })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(
      /^No label has the id .* Captured: a, b\. Labels: x\. There are 2 captured .*; 1 labels in/,
    ),
  });
  expect(await readdir(folder)).not.toContain('temporary');
});

test('records of other times alone are no data', async () => {
  const dataset = [await captured('09', record('a', '08:59:59'))];
  const groundTruth = [await labels('09', label('a'))];
  expect(await run({ dataset, groundTruth })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/^Job inputs had no data: 0 captured records from 2026-01-05T09/),
  });
});

test('a file that is no text is refused by its name, and leaves nothing behind', async () => {
  const dataset = [
    await captured('09', record('a')),
    await captured('10', Uint8Array.of(0x7b, 0xff, 0x0a)),
  ];
  const groundTruth = [await labels('09', label('a'))];
  expect(await run({ dataset, groundTruth })).toEqual(
    refuse('s3://b/capture/churn/A/2026/01/05/10/x.jsonl: line 1: is not UTF-8'),
  );
  expect(await readdir(temporaryFolder).catch(() => [])).toEqual([]);
});

test('a stopped merge ends', async () => {
  const parts = { temporaryFolder, random: seededRandom(1) };
  const { path } = await captured('09', record('a'));
  const request = { captured: [{ path, name: 'n', output: 'o' }], labels: [] };
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(mergeGroundTruth(parts, request, { signal })).rejects.toThrow();
});
