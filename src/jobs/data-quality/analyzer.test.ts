/** The built-in analysis as jobs ask for it: its environment, and hours that are profiled once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { localScripts } from '../../adapters/scripts/scripts.ts';
import { emptyProfile, profileToText } from '../../engines/profile/profile.ts';
import { hourMs } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Analytics } from '../../ports/analytics.ts';
import { at, bucket, planOf, Watch } from '../monitoring/monitoring.fixture.ts';
import type { InputFile } from '../processing/analysis.ts';
import { analyzeDataQuality, type DataQualityRequest } from './analyze.ts';
import { type DataQualityTasks, makeDataQualityAnalyzer } from './analyzer.ts';
import { parseDatasetFormat } from './format.ts';
import { hoursOfFiles } from './hours.ts';
import { profileCapture, profileInputs } from './read.ts';

let w: Watch;
/** The objects of each group that was profiled, in order. */
let profiled: string[];
let requests: DataQualityRequest[];

const analytics: Analytics = {
  scan() {
    throw new Error('captured records are not scanned as tables');
  },
  close: async () => {},
};

const tasks: DataQualityTasks = {
  async analyze(request) {
    requests.push(request);
    return analyzeDataQuality({ analytics, log: silentLogger }, request);
  },
  async profile(groups, { datasetFormat }) {
    const texts: string[] = [];
    for (const group of groups) {
      profiled.push(group.map(({ uri }) => uri.split('/').slice(-2).join('/')).join(' '));
      const files = group.map(({ path, uri }) => ({ path, name: uri }));
      const format = parseDatasetFormat(datasetFormat);
      if (!format.ok || format.value.kind !== 'capture') return refuse('not a capture format');
      const made = await profileCapture({ analytics }, { files, as: format.value.as });
      if (!made.ok) return made;
      texts.push(made.value);
    }
    return ok(texts);
  },
};

beforeEach(async () => {
  w = await new Watch().open();
  profiled = [];
  requests = [];
  w.analyze = makeDataQualityAnalyzer({ store: w.store, tasks });
  await w.endpoint('churn');
});
afterEach(() => w.close());

const sides = { encoding: 'CSV', mode: 'INPUT', observedContentType: 'text/csv' };
const record = (data: string) =>
  `${JSON.stringify({ captureData: { endpointInput: { ...sides, data } } })}\n`;

async function capture(time: string, name: string, ...rows: readonly string[]): Promise<void> {
  await w.capture('churn', at(time), name, rows.map(record).join(''));
}

const itemsOf = async (schedule: string, hour: string) => {
  const text = await w.text(`reports/churn/${schedule}/2026/01/05/${hour}/statistics.json`);
  return JSON.parse(text ?? '').dataset.item_count;
};

test('an hour is profiled once, however many windows it is in', async () => {
  const hourly = await w.schedule('hourly');
  await capture('09:10', 'a', '1,2', '3,4');
  await capture('10:10', 'b', '5,6');
  await w.advanceTo(at('11:00'));
  expect(profiled).toEqual(['09/a', '10/b']);
  expect([await itemsOf('hourly', '10'), await itemsOf('hourly', '11')]).toEqual([2, 1]);
  await w.schedule('hourly', { ...hourly, status: 'Stopped' });
  await w.schedule('wide', { expression: 'cron(0 0/3 ? * * *)', nextRunAtMs: at('12:00') });
  await capture('11:10', 'c', '7,8');
  await w.advanceTo(at('12:00'));
  expect(profiled).toEqual(['09/a', '10/b', '11/c']);
  expect(await itemsOf('wide', '12')).toBe(4);
});

test('an hour whose objects have changed is profiled again', async () => {
  await w.schedule('once', {
    ...{ expression: 'NOW', analysisStart: '-PT1H', analysisEnd: 'PT0H' },
    nextRunAtMs: at('10:00'),
  });
  await capture('09:10', 'a', '1,2');
  await w.advanceTo(at('10:00'));
  const again = async () => {
    await w.schedule('once', {
      ...{ expression: 'NOW', analysisStart: '-PT1H', analysisEnd: 'PT0H' },
      nextRunAtMs: at('10:00'),
    });
    await w.settle();
  };
  await again();
  expect(profiled).toEqual(['09/a']);
  await capture('09:10', 'a', '1,2', '3,4');
  await again();
  await capture('09:10', 'late', '5,6');
  await again();
  expect(profiled).toEqual(['09/a', '09/a', '09/a 09/late']);
  expect(await itemsOf('once', '10')).toBe(3);
});

test('of an hour that the window cuts, the records of the window alone count', async () => {
  const timed = (inferenceTime: string) => {
    const captureData = { endpointInput: { ...sides, data: '1,2' } };
    return `${JSON.stringify({ captureData, eventMetadata: { inferenceTime } })}\n`;
  };
  const seconds = ['09:29:59', '09:30:00', '09:59:59', '10:00:00', '10:29:59', '10:30:00'];
  for (const hour of ['09', '10']) {
    const lines = seconds.filter((time) => time.startsWith(hour));
    const text = lines.map((time) => timed(`2026-01-05T${time}Z`)).join('');
    await w.capture('churn', at(`${hour}:00`), 'a', text);
  }
  const now = (nextRunAtMs: number) => ({
    ...{ expression: 'NOW', analysisStart: '-PT1H', analysisEnd: 'PT0H' },
    nextRunAtMs,
  });
  // Records tell whole seconds: those of the second in which the run is asked for are in it.
  await w.schedule('cut', now(at('10:30') + 250));
  await w.advanceTo(at('10:31'));
  expect(await itemsOf('cut', '10')).toBe(5);
  await w.schedule('whole', now(at('11:00')));
  await w.advanceTo(at('11:00'));
  expect(await itemsOf('whole', '11')).toBe(3);
  expect(profiled).toEqual(['09/a', '10/a', '10/a']);
});

test('hours of another data format are other hours', () => {
  const file: InputFile = { path: '/p', uri: 's3://b/churn/A/2026/01/05/09/x', etag: 'e' };
  const [csv] = hoursOfFiles([file], '{"csv":{}}');
  const [json] = hoursOfFiles([file], '{"json":{}}');
  expect(csv?.key).not.toBe(json?.key);
});

test('hours are in order of time, those of several variants side by side', () => {
  const uris = ['B/2026/01/05/09/x', 'A/2026/01/05/10/x', 'A/2026/01/05/09/x', 'A/2025/12/31/23/y'];
  const files = uris.map((uri) => ({ path: uri, uri: `s3://b/c/${uri}`, etag: 'e' }));
  expect(hoursOfFiles(files, 'f').map(({ files: [first] }) => first?.path)).toEqual([
    'A/2025/12/31/23/y',
    'A/2026/01/05/09/x',
    'B/2026/01/05/09/x',
    'A/2026/01/05/10/x',
  ]);
});

test('records that cannot be read fail the run by object, line and value', async () => {
  await w.schedule('hourly');
  await w.capture('churn', at('09:10'), 'bad', `${record('1,2')}{"captureData":`);
  await w.advanceTo(at('10:00'));
  const [run] = await w.runs('hourly');
  expect(run?.status).toBe('Failed');
  expect(run?.failureReason).toMatch(
    /^s3:\/\/records\/capture\/churn\/AllTraffic\/2026\/01\/05\/09\/bad: line 2: /,
  );
});

test('what a run asks of the engine: the window, the baseline and the method', async () => {
  const baseline = profileToText(emptyProfile());
  await w.put('base/constraints.json', '{"version":0,"features":[]}');
  const environment = { categorical_drift_method: 'ChiSquared' };
  const constraintsUri = `s3://${bucket}/base/constraints.json`;
  await w.schedule('hourly', { plan: planOf('churn', { environment, constraintsUri }) });
  await capture('09:10', 'a', '1,2');
  w.analyze = makeDataQualityAnalyzer({
    store: w.store,
    minimumSampleSize: 50,
    tasks: {
      ...tasks,
      profile: async () => ok([baseline]),
      analyze: async (request) => {
        requests.push(request);
        return refuse('seen enough');
      },
    },
  });
  await w.advanceTo(at('10:00'));
  expect(requests).toEqual([
    {
      inputs: [],
      profiles: [baseline],
      datasetFormat:
        '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
      baselineConstraintsText: '{"version":0,"features":[]}',
      window: {
        startMs: at('09:00'),
        endMs: at('09:00') + hourMs,
        where: 's3://records/capture/churn',
      },
      options: { minimumSampleSize: 50, categoricalDriftMethod: 'ChiSquared' },
    },
  ]);
  expect((await w.runs('hourly'))[0]?.failureReason).toBe('seen enough');
});

test('scripts of a schedule make its rows, once by hour, and see its documents', async () => {
  const workFolder = await mkdtemp(join(tmpdir(), 'modelkeep-analyzer-'));
  onTestFinished(() => rm(workFolder, { recursive: true, force: true }));
  const scripts = localScripts({ workFolder });
  let made = 0;
  const withScripts: DataQualityTasks = {
    ...tasks,
    async profile(groups, { datasetFormat, preprocessor, ...options }) {
      const format = parseDatasetFormat(datasetFormat);
      if (!format.ok || !preprocessor) return refuse('no format or no script');
      const texts: string[] = [];
      for (const group of groups) {
        made += 1;
        const files = group.map(({ path, uri }) => ({ path, name: uri }));
        const asked = { files, format: format.value, preprocessor };
        const profile = await profileInputs({ analytics, scripts }, asked, options);
        if (!profile.ok) return profile;
        texts.push(profileToText(profile.value));
      }
      return ok(texts);
    },
  };
  w.analyze = makeDataQualityAnalyzer({ store: w.store, tasks: withScripts, scripts });
  const pre = (name: string) =>
    `export const preprocessHandler = (r) => ({ ${name}: r.endpointInput.data.split(',')[1] });`;
  const post = `
import { readdirSync, writeFileSync } from 'node:fs';
const folder = process.env.output_path;
export const postprocessHandler = () =>
  writeFileSync(folder + '/seen.txt', readdirSync(folder).join());`;
  await w.put('code/pre.mjs', pre('second'));
  await w.put('code/post.mjs', post);
  await capture('09:10', 'a', '1,2', '3,4');
  const scheduled = {
    ...{ expression: 'NOW', analysisStart: '-PT1H', analysisEnd: 'PT0H' },
    nextRunAtMs: at('10:00'),
    plan: planOf('churn', {
      preprocessorUri: `s3://${bucket}/code/pre.mjs`,
      postprocessorUri: `s3://${bucket}/code/post.mjs`,
    }),
  };
  const columns = async () => {
    await w.schedule('scripted', scheduled);
    await w.settle();
    const text = await w.text('reports/churn/scripted/2026/01/05/10/statistics.json');
    return JSON.parse(text ?? '{}').features?.map(({ name }: { name: string }) => name);
  };
  await w.advanceTo(at('10:00'));
  expect([await columns(), await columns(), made]).toEqual([['second'], ['second'], 1]);
  const seen = await w.text('reports/churn/scripted/2026/01/05/10/seen.txt');
  expect(seen).toBe('constraints.json,statistics.json');
  await w.put('code/pre.mjs', pre('other'));
  expect([await columns(), made]).toEqual([['other'], 2]);
});

test.each<[Record<string, string>, string]>([
  [{}, 'the environment variable dataset_format is not set'],
  [{ record_preprocessor_script: 'x' }, 'record preprocessor scripts are not supported'],
  [{ post_analytics_processor_script: 'x' }, 'post-analytics scripts are not supported'],
  [{ analysis_type: 'MODEL_QUALITY' }, 'an analysis_type other than data quality is not supported'],
])('a job with the environment %j is refused: %s', async (environment, reason) => {
  const ended: Outcome<unknown>[] = [];
  const none = async () => refuse('none');
  const bare = { dataset: [], textOf: none, filesAt: none };
  const analyze = makeDataQualityAnalyzer({ store: w.store, tasks });
  const key = await w.job('bare', { environment });
  ended.push(await analyze(await w.jobRow(key), bare, { say: () => {} }));
  expect(ended).toEqual([{ ok: false, reason: expect.stringContaining(reason) }]);
});
