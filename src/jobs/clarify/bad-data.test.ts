/** Data that is not as it should be: a verdict with its reason, or a refusal with the place. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, documentIn, reasonIn, valueOf } from './clarify.fixture.ts';

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

describe('data that is not as it should be', () => {
  const bias = { ...goldenConfig, headers: undefined, group_variable: undefined };
  const pre = (csv: string, config: object = {}) =>
    b.run({ ...bias, ...config }, { files: { 'dataset.csv': csv } });
  const header = 'Label,F1\n';

  test('one row, one class, constant columns: measures without a value say why', async () => {
    const facet = [{ name_or_index: 'F1', value_or_threshold: [1] }];
    for (const rows of ['1,1\n', '1,1\n1,1\n', '1,1\n1,0\n', '0,0\n0,1\n0,1\n']) {
      const { pre_training_bias_metrics: made } = await documentIn(
        valueOf(await pre(`${header}${rows}`, { facet })),
      );
      for (const { value, error } of made.facets.F1[0].metrics) {
        if (value === null) expect(error).toMatch(/./);
        else expect(Number(value)).not.toBeNaN();
      }
    }
  });

  test('labels that are missing or unknown', async () => {
    expect(reasonIn(await pre(`${header},1\n,2\n`))).toMatch(/label "Label" has no value/);
    const unknown = valueOf(await pre(`${header}2,1\n2,0\n`, { label_values_or_threshold: [1] }));
    expect(unknown.report?.notes.join()).toMatch(/No row has a positive label/);
    expect(reasonIn(await pre(`${header}1,1\n`, { label: 'Target' }))).toMatch(
      /label: there is no column Target; the columns are Label, F1/,
    );
    expect(reasonIn(await pre(`${header}1,1\n`, { label: undefined }))).toMatch(/label is missing/);
  });

  test('mixed types and infinities: a verdict with a note', async () => {
    const sometimes = await pre(`${header}1,NaN\n0,0.25\n1,n/a\n0,0.75\n`);
    expect(valueOf(sometimes).report?.notes.join()).toMatch(/2 rows without a value are left out/);
    const facet = [{ name_or_index: 'F1', value_or_threshold: ['often'] }];
    const done = valueOf(await pre(`${header}1,0.5\n0,often\n1,0.75\n`, { facet }));
    expect(done.report?.notes.join()).toMatch(
      /column F1 has 2 numbers and 1 texts, the first "often" in row 2/,
    );
    const infinite = await documentIn(valueOf(await pre(`${header}1,Infinity\n0,0.2\n1,0.7\n`)));
    expect(infinite.pre_training_bias_metrics.facets.F1[0].value_or_threshold).toBe('(0.5, inf]');
  });

  test('files that are no table, by file and line', async () => {
    const reason = async (content: string | Uint8Array) =>
      reasonIn(await b.run(bias, { files: { 'dataset.csv': content } }));
    expect(await reason('Label,F1\n1,2\n1,2,3\n')).toMatch(/s3:\/\/data\/dataset.csv: line 3/);
    expect(await reason('Label,Label\n1,2\n')).toMatch(/"Label" is there twice/);
    expect(await reason('')).toMatch(/dataset.csv: is empty/);
    expect(await reason('Label,F1\n')).toMatch(/has no rows/);
    expect(await reason(Uint8Array.from([...Buffer.from('Label,F1\n1,a'), 0xff, 0x0a]))).toMatch(
      /dataset.csv/,
    );
    expect(await reason(`Label,F1\n1,0\n1,${'a'.repeat(1024 * 1024 + 1)}\n`)).toMatch(
      /row 2, column F1: the cell is longer/,
    );
    expect(reasonIn(await b.run(goldenConfig, { files: { 'dataset.csv': '1,2\n' } }))).toMatch(
      /headers names 5 columns and the data has 2/,
    );
    expect(reasonIn(await b.run(bias))).toMatch(/there is no data/);
  });

  test('a header is one when it has names alone or repeats the headers', async () => {
    const same = valueOf(
      await b.run(goldenConfig, {
        files: { 'dataset.csv': `Label,F1,F2,F3,F4\n${golden('dataset.csv')}` },
      }),
    );
    const { facets } = (await documentIn(same)).pre_training_bias_metrics;
    expect(facets.F1[0].metrics[1]).toMatchObject({ name: 'CI', value: -0.08 });
    const bare = { ...bias, label: 0, facet: [{ name_or_index: 1, value_or_threshold: [1] }] };
    const { pre_training_bias_metrics: made } = await documentIn(
      valueOf(await b.run(bare, { files: { 'dataset.csv': '1,0\n0,1\n1,1\n' } })),
    );
    expect([made.label, Object.keys(made.facets)]).toEqual(['column_0', ['column_1']]);
  });

  test('JSON rows of different widths and values that are none', async () => {
    const config = { ...bias, dataset_type: 'application/jsonlines', features: 'f', label: 'y' };
    const facet = [{ name_or_index: 'column_0', value_or_threshold: [0] }];
    const reason = async (text: string) =>
      reasonIn(await b.run({ ...config, facet }, { files: { 'dataset.jsonl': text } }));
    expect(await reason('{"f":[1,2],"y":1}\n{"f":[1],"y":1}\n')).toMatch(
      /line 2: has 1 features, and the first row has 2/,
    );
    expect(await reason('{"f":[1,{}],"y":1}\n')).toMatch(
      /line 1: column column_1: \{\} is no value/,
    );
    expect(await reason('{"f":1}\n')).toMatch(/line 1: features must pick a list/);
    expect(await reason('{"f":[1,\n')).toMatch(/dataset.jsonl: line 1: not JSON/);
  });
});
