/** Runs of schedules: captured and merged records, verdicts, metrics, and what does not fit. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  Bench,
  captured,
  csvModel,
  documentIn,
  type Given,
  reasonIn,
  textIn,
  valueOf,
} from './clarify.fixture.ts';

let b: Bench;
beforeEach(async () => {
  b = await new Bench().open();
});
afterEach(() => b.close());

const config = {
  dataset_type: 'text/csv',
  headers: ['Approved', 'Age', 'Sex'],
  label: 'Approved',
  label_values_or_threshold: [1],
  facet: [{ name_or_index: 'Sex', value_or_threshold: [1] }],
  methods: {
    pre_training_bias: { methods: ['DPL'] },
    post_training_bias: { methods: ['DPPL', 'DI'] },
  },
};

/** Age, sex; score; label. Of men all three are approved, of women one of three. */
const merged = [
  captured('20,0', '0.9', '1'),
  captured('30,0', '0.8', '1'),
  captured('40,0', '0.7', '1'),
  captured('20,1', '0.9', '1'),
  captured('30,1', '0.2', '0'),
  captured('40,1', '0.1', '0'),
].join('');
const scores = { probability_attribute: '0', probability_threshold_attribute: '0.75' };

function baseline(values: Readonly<Record<string, number | string | null>>): string {
  const stage = (names: readonly string[]) => ({
    label: 'Approved',
    label_value_or_threshold: '1',
    facets: {
      Sex: [
        {
          value_or_threshold: '1',
          metrics: names.map((name) => ({ name, description: name, value: values[name] })),
        },
      ],
    },
  });
  return JSON.stringify({
    version: '1.0',
    pre_training_bias_metrics: stage(['DPL']),
    post_training_bias_metrics: stage(['DI', 'DPPL']),
  });
}

describe('bias', () => {
  const run = (given: Given, text: string = merged, of: object = config) =>
    b.run(of, {
      files: { 'dataset/a.jsonl': text },
      environment: scores,
      ...given,
      monitor: { type: 'ModelBias', ...given.monitor },
    });

  test('measures of the window against the baseline, by magnitude', async () => {
    const done = valueOf(await run({ baseline: baseline({ DPL: 0.7, DI: 0.4, DPPL: -0.3 }) }));
    const document = await documentIn(done);
    const [facet] = document.post_training_bias_metrics.facets.Sex;
    const told = facet.metrics.map(({ name, value }: { name: string; value: number }) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(told)).toEqual({ DI: 0.5, DPPL: 2 / 3 - 1 / 3 });
    expect(done.violations).toBe(2);
    const { violations } = JSON.parse(await textIn(done, 'constraint_violations.json'));
    expect(violations).toMatchObject([
      { facet: 'Sex', facet_value: '1', metric_name: 'DI' },
      { metric_name: 'DPPL', constraint_check_type: 'bias_drift_check' },
    ]);
    expect(done.report?.findings).toHaveLength(2);
    expect(b.served).toBe(0);
  });

  test.each([
    ['(25, 70]', '(25, 40]'],
    ['25', '25'],
  ])('a facet the baseline reads as %s is read so too, however few the rows', async (was, is) => {
    const of = { ...config, facet: [{ name_or_index: 'Age', value_or_threshold: [25] }] };
    const document = baseline({ DPL: 0.7, DI: 0.4, DPPL: -0.3 })
      .replaceAll('"Sex"', '"Age"')
      .replaceAll('"value_or_threshold":"1"', `"value_or_threshold":"${was}"`);
    const text = merged + captured('25,1', '0.9', '1');
    const done = valueOf(await run({ baseline: document }, text, of));
    const [facet] = (await documentIn(done)).pre_training_bias_metrics.facets.Age;
    expect(facet.value_or_threshold).toBe(is);
    expect(facet.metrics[0].value).not.toBeNull();
  });

  test('by distance from parity, a ratio nearer to 1 is no violation', async () => {
    const of = { ...config, modelkeep: { parity_distance: true } };
    const done = valueOf(
      await run({ baseline: baseline({ DPL: 1, DI: 0.4, DPPL: 1 }) }, merged, of),
    );
    expect(done.violations).toBe(0);
    expect(done.files).not.toHaveProperty('constraint_violations.json');
  });

  test('metrics have the dimensions of the original; infinite ones its number', async () => {
    const women = merged.replaceAll('"1","encoding"', '"1","encoding"').split('\n');
    const swapped = women.map((line) => line.replace(/"data":"(\d+),0"/, '"data":"$1,1"'));
    const facet = [{ name_or_index: 'Sex', value_or_threshold: [0] }];
    const text = [swapped[0], captured('9,0', '0.1', '0').trim(), women[4]].join('\n');
    const done = valueOf(await run({}, text, { ...config, facet }));
    expect(done.metrics.map(({ metric }) => metric)).toContain('bias_metric_DPPL');
    const dpl = done.metrics.find(({ metric }) => metric === 'bias_metric_DPL');
    expect(dpl?.dimensions).toEqual([
      { name: 'BiasStage', value: 'Pre-training' },
      { name: 'Label', value: 'Approved' },
      { name: 'LabelValue', value: '1' },
      { name: 'Facet', value: 'Sex' },
      { name: 'FacetValue', value: '0' },
    ]);
    const parity = captured('1,0', '0.9', '1') + captured('2,1', '0.1', '0');
    const infinite = valueOf(await run({}, parity, { ...config, facet }));
    expect(infinite.metrics.find(({ metric }) => metric === 'bias_metric_DI')?.value).toBe(
      2.348543e108,
    );
  });

  test('captured labels and scores without an attribute, and records of other times', async () => {
    const other = captured('99,1', '0.9', '1', 75);
    const bare = valueOf(await run({ environment: {} }, merged + other));
    expect(bare.report?.rows).toBe(6);
    expect(bare.report?.notes.join()).toMatch(/it is compared with the threshold/);
    const labels = merged.replaceAll(/"0\.[789]"/g, '"1"').replaceAll(/"0\.[12]"/g, '"0"');
    const [facet] = (await documentIn(valueOf(await run({ environment: {} }, labels))))
      .post_training_bias_metrics.facets.Sex;
    expect(facet.metrics[1].value).toBeCloseTo(2 / 3, 12);
  });

  test('the headers may leave the label out; other numbers of columns are refused', async () => {
    const short = { ...config, headers: ['Age', 'Sex'] };
    expect(valueOf(await run({}, merged, short)).report?.rows).toBe(6);
    const long = { ...config, headers: ['Approved', 'Age', 'Sex', 'City', 'Zip'] };
    expect(reasonIn(await run({}, merged, long))).toMatch(
      /headers names 5 columns, 4 without labels, and a captured record has 2 features/,
    );
  });

  test('scores that are no probabilities are compared as they are, and said so', async () => {
    const odd = `${merged}${captured('50,1', '1.5', '1')}`;
    expect(valueOf(await run({}, odd)).report?.notes.join()).toMatch(
      /1 scores are not between 0 and 1, the first 1.5 in row 7/,
    );
    expect(reasonIn(await run({}, `${merged}${captured('50,1', 'high', '1')}`))).toMatch(
      /score "score" holds text/,
    );
  });

  test('the configuration of a bias monitor may have no methods: all are meant', async () => {
    const { methods: _, dataset_type: __, ...rest } = config;
    const done = valueOf(await run({}, merged, rest));
    const document = await documentIn(done);
    expect(document.pre_training_bias_metrics.facets.Sex[0].metrics).toHaveLength(8);
    expect(document.post_training_bias_metrics.facets.Sex[0].metrics).toHaveLength(13);
  });

  test('JSON by expressions: the label is the last header, or in none', async () => {
    const side = (data: object) => ({ encoding: 'JSON', data: JSON.stringify(data) });
    const line = (age: number, sex: number, score: number, label: number) =>
      JSON.stringify({
        captureData: {
          endpointInput: side({ instances: [{ features: [age, sex] }] }),
          endpointOutput: side({ predictions: [{ score }] }),
        },
        groundTruthData: side({ instances: [{ label }] }),
        eventMetadata: { eventId: 'e' },
      });
    const text = [line(1, 1, 0.9, 1), line(2, 1, 0.2, 0), line(3, 0, 0.8, 1)].join('\n');
    const environment = {
      features_attribute: 'instances[*].features',
      probability_attribute: 'predictions[*].score',
    };
    for (const headers of [
      ['Age', 'Sex', 'Target'],
      ['Age', 'Sex'],
    ]) {
      const of = { ...config, headers, label: 'instances[*].label' };
      const done = valueOf(await run({ environment }, text, of));
      const [facet] = (await documentIn(done)).post_training_bias_metrics.facets.Sex;
      expect(facet.metrics[1]).toMatchObject({ name: 'DPPL', value: 0.5 });
      const { label } = (await documentIn(done)).post_training_bias_metrics;
      expect(label).toBe(headers[2] ?? '_label');
    }
  });

  test('what does not fit is refused with the file, the line and the event', async () => {
    expect(reasonIn(await run({}, `${merged}${captured('1,2,3', '0.5', '1')}`))).toMatch(
      /s3:\/\/data\/dataset\/a.jsonl: line 7: event id-1,2,3: has 3 features, .* has 2/,
    );
    expect(reasonIn(await run({}, '{"captureData"\n'))).toMatch(/a.jsonl: line 1: not JSON/);
    expect(reasonIn(await run({}, captured('1,2', '0.5')))).toMatch(/has a label/);
    expect(reasonIn(await run({}, captured('1,2', '0.5', '1', 90)))).toMatch(
      /no record of the window/,
    );
    expect(reasonIn(await run({ baseline: '[]' }))).toMatch(/the baseline constraints: /);
    const environment = { probability_threshold_attribute: 'half' };
    expect(reasonIn(await run({ environment }))).toMatch(/must be a number, and is half/);
    const facet = [{ name_or_index: 'Shoe' }];
    expect(reasonIn(await run({}, merged, { ...config, facet }))).toMatch(/facet "Shoe"/);
    expect(reasonIn(await run({ monitor: { type: 'DataQuality' } }))).toMatch(
      /asked for DataQuality/,
    );
    const { methods: _, ...rest } = config;
    const shap = { ...rest, methods: { shap: {} } };
    expect(reasonIn(await run({}, merged, shap))).toMatch(/methods.post_training_bias is missing/);
  });
});

describe('attributions', () => {
  const linear = csvModel(([age = 0, sex = 0]) => age / 100 + sex / 2);
  const shap = { ...config, facet: undefined, methods: { shap: { baseline: [[0, 0]] } } };
  const rows = captured('10,1', '0.6') + captured('20,0', '0.2') + captured('30,1', '0.8');
  const run = (given: Given, of: object = shap) =>
    b.run(of, {
      files: { 'dataset/a.jsonl': rows },
      ...given,
      monitor: { type: 'ModelExplainability', ...given.monitor },
    });
  const shapBaseline = (values: Readonly<Record<string, number>>) =>
    JSON.stringify({
      explanations: { kernel_shap: { label0: { global_shap_values: values, expected_value: 0 } } },
    });

  beforeEach(async () => {
    b.says = linear;
    await b.endpoint('live');
  });

  test('the model of the watched endpoint explains its own records', async () => {
    const done = valueOf(await run({ baseline: shapBaseline({ Age: 0.1, Sex: 0.4 }) }));
    const { label0 } = (await documentIn(done)).explanations.kernel_shap;
    expect(label0.global_shap_values.Age).toBeCloseTo(0.2, 12);
    expect(label0.global_shap_values.Sex).toBeCloseTo(1 / 3, 12);
    expect([done.violations, b.served, b.stopped]).toEqual([0, 1, 1]);
    const background = (await textIn(done, 'explanations_shap/baseline.csv')).split('\n');
    expect(background[0]).toBe('Age,Sex');
    expect(background[1]?.split(',')).toHaveLength(2);
    expect(done.metrics).toHaveLength(3);
    expect(done.metrics.map(({ metric }) => metric)).toEqual([
      ...['feature_Age', 'feature_Sex', 'ExpectedValue'],
    ]);
    expect(done.metrics[0]?.dimensions).toEqual([
      { name: 'ExplainabilityMethod', value: 'KernelShap' },
      { name: 'Label', value: 'label0' },
      { name: 'ValueType', value: 'GlobalShapValues' },
    ]);
  });

  test('another order of features is a violation, up to the threshold that is set', async () => {
    const swapped = { baseline: shapBaseline({ Age: 0.9, Sex: 0.1 }) };
    const done = valueOf(await run(swapped));
    expect(done.violations).toBe(1);
    const { violations } = JSON.parse(await textIn(done, 'constraint_violations.json'));
    expect(violations).toMatchObject([
      { label: 'label0', constraint_check_type: 'feature_attribution_drift_check' },
    ]);
    expect(done.report?.findings[0]?.advice.evidence.length).toBeGreaterThan(0);
    const lenient = { ...shap, modelkeep: { ndcg_threshold: 0.5 } };
    expect(valueOf(await run(swapped, lenient)).violations).toBe(0);
  });

  test('a sample of the window when it is long, the same each time', async () => {
    const many = Array.from({ length: 40 }, (_, i) => captured(`${i},${i % 2}`, '0.5')).join('');
    const files = { 'dataset/a.jsonl': many };
    const of = { ...shap, modelkeep: { max_rows: 10 } };
    const [first, again] = [valueOf(await run({ files }, of)), valueOf(await run({ files }, of))];
    expect(first.report?.notes).toContain('SHAP explains a sample of 10 of 40 rows.');
    expect(await textIn(again, 'analysis.json')).toBe(await textIn(first, 'analysis.json'));
  });

  test('scores where the environment says, features left out, no baseline', async () => {
    b.says = csvModel(([age = 0]) => `x,${age}`);
    const environment = { probability_attribute: '1', exclude_features_attribute: 'Sex' };
    const two = captured('10,1', 'x,10') + captured('20,0', 'x,20');
    const of = { ...shap, methods: { shap: { baseline: [[0]] } } };
    const done = valueOf(await run({ environment, files: { 'dataset/a.jsonl': two } }, of));
    const { label0 } = (await documentIn(done)).explanations.kernel_shap;
    expect(label0.global_shap_values).toEqual({ Age: 15 });
    expect(done.report?.notes.join()).toMatch(/no baseline to compare with/);
  });

  test('tables of a batch, with names of their own or those of the headers', async () => {
    const environment = { dataset_format: '{"csv":{"header":true}}' };
    const predictor = { model_name: 'm' };
    const age = async (csv: string) => {
      const files = { 'dataset/b.csv': csv };
      const done = valueOf(
        await run({ environment, files, isBatch: true }, { ...shap, predictor }),
      );
      return (await documentIn(done)).explanations.kernel_shap.label0.global_shap_values.Age;
    };
    expect(await age('Age,Sex\n10,1\n30,1\n')).toBeCloseTo(0.2, 12);
    expect(await age('10,1\n30,1\n')).toBeCloseTo(0.2, 12);
    expect(await age('Approved,Age,Sex\n1,10,1\n0,30,1\n')).toBeCloseTo(0.2, 12);
  });

  test('a baseline without attributions, and one of other labels', async () => {
    expect(reasonIn(await run({ baseline: baseline({ DPL: 0, DI: 1, DPPL: 0 }) }))).toMatch(
      /the baseline constraints: /,
    );
    const other = shapBaseline({ Age: 1 }).replace('label0', 'spam');
    expect(reasonIn(await run({ baseline: other }))).toMatch(/spam/);
    expect(b.stopped).toBe(b.served);
  });
});
