/** Processing jobs end to end: documents, the shadow server, and what is refused. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, csvModel, documentIn, reasonIn, textIn, valueOf } from './clarify.fixture.ts';

let b: Bench;
beforeEach(async () => {
  b = await new Bench().open();
});
afterEach(() => b.close());

const golden = (name: string) =>
  readFileSync(new URL(`../../engines/fairness/golden/${name}`, import.meta.url), 'utf8');

const goldenConfig = {
  version: '1.0',
  dataset_type: 'text/csv',
  headers: ['Label', 'F1', 'F2', 'F3', 'F4'],
  label: 'Label',
  label_values_or_threshold: [1],
  facet: [{ name_or_index: 'F1', value_or_threshold: [0.5] }],
  group_variable: 'F2',
  methods: { pre_training_bias: { methods: 'all' } },
};

test('the recorded analysis comes out to the last digit, and no model is started', async () => {
  const done = valueOf(
    await b.run(goldenConfig, { files: { 'dataset.csv': golden('dataset.csv') } }),
  );
  const keep = (key: string, value: unknown) => (key === 'confidence_interval' ? undefined : value);
  const { pre_training_bias_metrics: made } = JSON.parse(await textIn(done, 'analysis.json'), keep);
  const expected = JSON.parse(golden('good_analysis.json')).pre_training_bias_metrics;
  expect(made.facets).toEqual(expected.facets);
  expect(made.label).toBe('Label');
  expect(done.violations).toBe(0);
  expect(done.report?.monitor).toBe('Bias');
  expect(b.served).toBe(0);
});

/** Age, Sex, Label: those above 30 are labelled 1. */
const people = ['20,0,0', '40,1,1', '35,0,1', '25,1,0', '50,1,1', '60,0,1', '22,0,0', '28,1,1'];
const peopleCsv = `Age,Sex,Label\n${people.join('\n')}\n`;
const biasConfig = {
  dataset_type: 'text/csv',
  label: 'Label',
  label_values_or_threshold: [1],
  facet: [{ name_or_index: 'Sex', value_or_threshold: [0] }],
  methods: { post_training_bias: { methods: ['DPPL', 'AD', 'DI'] } },
  predictor: { model_name: 'm', initial_instance_count: 1, instance_type: 'ml.m5.xlarge' },
};
const older = csvModel(([age = 0]) => (age > 30 ? 0.9 : 0.2));

async function metricsOf(done: Awaited<ReturnType<Bench['run']>>, stage = 'post_training') {
  const document = await documentIn(valueOf(done));
  const [facet] = document[`${stage}_bias_metrics`].facets.Sex;
  return Object.fromEntries(
    facet.metrics.map(({ name, value }: { name: string; value: number }) => [name, value]),
  );
}

describe('post-training bias', () => {
  test('asks a server of the model, which is stopped in the end', async () => {
    b.says = older;
    const done = await b.run(biasConfig, { files: { 'dataset.csv': peopleCsv } });
    // Predicted positive are 2 of 4 on both sides; one man of 28 is wrong.
    expect(await metricsOf(done)).toEqual({ AD: -0.25, DI: 1, DPPL: 0 });
    expect(b.asked.map(({ body }) => body)).toEqual([
      `${people.map((row) => row.slice(0, -2)).join('\n')}\n`,
    ]);
    expect(b.asked[0]?.headers).toMatchObject({ 'content-type': 'text/csv', accept: 'text/csv' });
    expect([b.served, b.stopped]).toEqual([1, 1]);
    expect(b.said.join('\n')).toMatch(/predictor.instance_type has no effect/);
  });

  test('predicted labels from a file of their own need no model', async () => {
    const predicted = people.map((row, at) => `${at},${Number(row.split(',')[0]) > 30 ? 1 : 0}`);
    const uri = 's3://data/predicted.csv';
    const byRow = { ...biasConfig, predicted_label_dataset_uri: uri, predicted_label: 'p' };
    const files = {
      'dataset.csv': peopleCsv,
      'predicted.csv': `p\n${predicted.map((row) => row.split(',')[1]).join('\n')}\n`,
    };
    expect(await metricsOf(await b.run(byRow, { files }))).toMatchObject({ AD: -0.25 });
    const withIds = `id,Age,Sex,Label\n${people.map((row, at) => `${at},${row}`).join('\n')}\n`;
    const byId = await b.run(
      { ...byRow, joinsource_name_or_index: 'id' },
      {
        files: {
          'dataset.csv': withIds,
          'predicted.csv': `id,p\n${predicted.toReversed().join('\n')}\n`,
        },
      },
    );
    expect(await metricsOf(byId)).toMatchObject({ AD: -0.25, DI: 1 });
    expect(b.served).toBe(0);
  });

  test('class probabilities are labels by their headers', async () => {
    b.says = csvModel(([age = 0]) => (age > 30 ? '0.1,0.9' : '0.8,0.2'));
    const predictor = { model_name: 'm', label_headers: [0, 1] };
    const done = await b.run({ ...biasConfig, predictor }, { files: { 'dataset.csv': peopleCsv } });
    expect(await metricsOf(done)).toEqual({ AD: -0.25, DI: 1, DPPL: 0 });
  });

  test('scores beyond a probability: labels, or said to be scores and noted', async () => {
    b.says = csvModel(([age = 0]) => age);
    const files = { 'dataset.csv': peopleCsv };
    const said = {
      ...biasConfig,
      probability_threshold: 30,
      predictor: { model_name: 'm', probability: 0 },
    };
    const done = await b.run(said, { files });
    expect(await metricsOf(done)).toEqual({ AD: -0.25, DI: 1, DPPL: 0 });
    expect(valueOf(done).report?.notes.join()).toMatch(/8 scores are not between 0 and 1/);
  });

  test('the model of an endpoint is asked on a server of its own', async () => {
    b.says = older;
    await b.endpoint('live');
    const config = { ...biasConfig, predictor: { endpoint_name: 'live', model_name: 'other' } };
    expect(await metricsOf(await b.run(config, { files: { 'dataset.csv': peopleCsv } }))).toEqual({
      ...{ AD: -0.25, DI: 1, DPPL: 0 },
    });
    expect([b.served, b.stopped]).toEqual([1, 1]);
  });
});

const shapConfig = {
  dataset_type: 'text/csv',
  headers: ['x', 'y', 'z'],
  methods: { shap: { baseline: [[0, 0, 0]], save_local_shap_values: true } },
  predictor: { model_name: 'm' },
};

describe('explanations', () => {
  test('SHAP of a linear model is its terms, and its cost is told', async () => {
    b.says = csvModel(([x = 0, y = 0]) => 2 * x + 3 * y + 1);
    const files = { 'dataset.csv': '1,0,5\n0,1,7\n-1,-1,2\n' };
    const done = valueOf(await b.run(shapConfig, { files }));
    const { kernel_shap: shap } = (await documentIn(done)).explanations;
    expect(shap.label0.expected_value).toBeCloseTo(1, 12);
    expect(shap.label0.global_shap_values.x).toBeCloseTo(4 / 3, 9);
    expect(shap.label0.global_shap_values.y).toBeCloseTo(2, 9);
    expect(shap.label0.global_shap_values.z).toBeCloseTo(0, 9);
    const [header, first] = (await textIn(done, 'explanations_shap/out.csv')).split('\n');
    expect(header).toBe('x_label0,y_label0,z_label0');
    expect(first?.split(',').map((cell) => Math.round(Number(cell)))).toEqual([2, 0, 0]);
    expect(await textIn(done, 'explanations_shap/baseline.csv')).toBe('x,y,z\n0,0,0\n');
    expect(b.said.join('\n')).toMatch(/3 rows of 3 features against 1 baseline rows by 6 all coal/);
    expect(b.stopped).toBe(1);
    expect(done.report?.charts[0]?.title).toBe('Global SHAP values of label0');
  });

  test('partial dependence follows SHAP, or stands alone over named features', async () => {
    b.says = csvModel(([x = 0, y = 0]) => 2 * x + 3 * y + 1);
    const files = { 'dataset.csv': '0,0,5\n1,1,7\n2,2,2\n' };
    const pdp = { features: ['x', 1], grid_resolution: 2 };
    const done = valueOf(await b.run({ ...shapConfig, methods: { pdp } }, { files }));
    const [x, y] = (await documentIn(done)).explanations.pdp;
    expect(x).toMatchObject({
      feature_name: 'x',
      data_type: 'numerical',
      feature_values: [0.5, 1.5],
    });
    expect(x.model_predictions).toEqual([[5, 7]]);
    expect(y.feature_name).toBe('y');
    const top = { ...shapConfig.methods, pdp: { top_k_features: 1, grid_resolution: 2 } };
    const both = valueOf(await b.run({ ...shapConfig, methods: top }, { files }));
    expect((await documentIn(both)).explanations.pdp.map((p: object) => p)).toMatchObject([
      { feature_name: 'y' },
    ]);
  });

  test('without a baseline one is clustered, of numbers and of categories', async () => {
    b.says = ({ body }) =>
      body
        .trimEnd()
        .split('\n')
        .map((line) => (line.endsWith('red') ? 1 : 0))
        .join('\n');
    const rows = ['1,red', '2,blue', '3,red', '4,red', '5,blue'];
    const config = {
      ...shapConfig,
      headers: ['n', 'colour'],
      methods: { shap: { num_clusters: 2 } },
    };
    const done = valueOf(await b.run(config, { files: { 'dataset.csv': `${rows.join('\n')}\n` } }));
    const baseline = (await textIn(done, 'explanations_shap/baseline.csv')).trimEnd().split('\n');
    expect(baseline).toHaveLength(3);
    expect(baseline[0]).toBe('n,colour');
    const { label0 } = (await documentIn(done)).explanations.kernel_shap;
    expect(label0.global_shap_values.n).toBeCloseTo(0, 9);
    expect(done.report?.notes.join()).toMatch(/found by k-prototypes/);
  });

  test('a baseline in a file, JSON Lines in and JSON out by templates', async () => {
    b.says = ({ body }) => {
      const { instances } = JSON.parse(body) as { instances: { f: number[] }[] };
      return JSON.stringify({
        predictions: instances.map(({ f: [x = 0] }) => ({ p: [x, 1 - x] })),
      });
    };
    const config = {
      dataset_type: 'application/jsonlines',
      features: 'f',
      headers: ['x', 'y'],
      methods: { shap: { baseline: 's3://data/base.jsonl' } },
      predictor: {
        model_name: 'm',
        content_type: 'application/json',
        accept_type: 'application/json',
        content_template: '{"instances":$records}',
        record_template: '{"f":$features}',
        probability: 'predictions[*].p',
        label_headers: ['yes', 'no'],
      },
    };
    const files = {
      'dataset.jsonl': '{"f":[0.5,1]}\n{"f":[0.25,3]}\n',
      'base.jsonl': '{"f":[0,0]}\n',
    };
    const done = valueOf(await b.run(config, { files }));
    const { yes, no } = (await documentIn(done)).explanations.kernel_shap;
    expect(yes.global_shap_values).toEqual({ x: 0.375, y: 0 });
    expect(no.expected_value).toBe(1);
  });

  test('more rows than asked for are sampled by the seed, and said so', async () => {
    b.says = csvModel(([x = 0]) => x);
    const files = {
      'dataset.csv': `${Array.from({ length: 50 }, (_, i) => `${i},1,2`).join('\n')}\n`,
    };
    const config = { ...shapConfig, modelkeep: { max_rows: 5, batch_rows: 3, parallelism: 1 } };
    const done = valueOf(await b.run(config, { files }));
    const lines = (await textIn(done, 'explanations_shap/out.csv')).trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(done.report?.notes).toContain('SHAP explains a sample of 5 of 50 rows.');
    expect(b.asked.every(({ body }) => body.trimEnd().split('\n').length <= 3)).toBe(true);
  });
});

describe('refused, and the server stopped all the same', () => {
  const fails = async (says: Bench['says'], config: object = shapConfig) => {
    b.says = says;
    const reason = reasonIn(await b.run(config, { files: { 'dataset.csv': '1,0,5\n0,13,7\n' } }));
    expect(b.stopped).toBe(1);
    return reason;
  };

  test('a model that fails on one row: the row, the status and what it said', async () => {
    const says: Bench['says'] = (asked) =>
      asked.body.includes('13')
        ? { status: 422, body: 'unlucky\nnumber' }
        : csvModel(() => 1)(asked);
    expect(await fails(says)).toMatch(/row 2\b.*status 422: unlucky number/);
  });

  test('too few rows, words, nothing, and scores that are not finite', async () => {
    expect(await fails(() => '1\n2\n3\n4\n5\n6\n7\n8\n9')).toMatch(/answered 9 rows for 1/);
  });

  test('a word where a score is to be', async () => {
    expect(await fails(csvModel(() => 'high'))).toMatch(/the label "high" and no score/);
    b.stopped = 0;
    expect(await fails(csvModel(() => 'NaN'))).toMatch(/NaN/);
  });

  test('an expression that picks nothing', async () => {
    const predictor = { model_name: 'm', accept_type: 'application/json', probability: 'a.b' };
    expect(await fails(() => '{"c":1}', { ...shapConfig, predictor })).toMatch(/answered 0 rows/);
  });

  test('a job that is stopped', async () => {
    const stopping = new AbortController();
    b.says = () => {
      stopping.abort(new Error('stopped by the user'));
      return '1';
    };
    const files = { 'dataset.csv': '1,0,5\n0,13,7\n' };
    const run = b.run(shapConfig, { files, signal: stopping.signal });
    await expect(run).rejects.toThrow('stopped by the user');
    expect(b.stopped).toBe(1);
  });

  test('models, endpoints and images that are not there', async () => {
    const files = { 'dataset.csv': '1,0,5\n0,13,7\n' };
    const reason = async (predictor: object) =>
      reasonIn(await b.run({ ...shapConfig, predictor }, { files }));
    expect(await reason({ model_name: 'gone' })).toMatch(/the model gone does not exist/);
    expect(await reason({ endpoint_name: 'gone' })).toMatch(/the endpoint gone does not exist/);
    expect(await reason({})).toMatch(/predictor.model_name is missing/);
    await b.model('odd', 'unknown');
    expect(await reason({ model_name: 'odd' })).toMatch(/the model odd: the image unknown is not/);
    expect(b.served).toBe(0);
  });
});
