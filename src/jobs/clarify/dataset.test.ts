/** Tables of every format, joins, and which columns are what. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench, reasonIn, valueOf } from './clarify.fixture.ts';
import { cellAt } from './columns.ts';
import { parseConfig } from './config.ts';
import { type Dataset, readDataset } from './dataset.ts';

let b: Bench;
beforeAll(async () => {
  b = await new Bench().open();
});
afterAll(() => b.close());

interface Tables {
  readonly dataset: string | readonly string[];
  readonly predicted?: string;
  readonly facets?: string;
}

let made = 0;

async function read(config: object, { dataset, predicted, facets }: Tables) {
  const whole = {
    facet: [{ name_or_index: 'Sex' }],
    methods: { pre_training_bias: {} },
    ...config,
  };
  const parsed = valueOf(parseConfig(JSON.stringify(whole)));
  const files = async (texts: readonly (string | undefined)[]) => {
    const found = texts.filter((text) => text !== undefined);
    made += 1;
    return Promise.all(found.map((text, at) => b.file(`t${made}/${at}`, text)));
  };
  const all = {
    dataset: await files([dataset].flat()),
    predictedLabels: await files([predicted]),
    facets: await files([facets]),
  };
  return readDataset(b.ports, { files: all, config: parsed }, {});
}

function cells({ columns }: Dataset, name: string) {
  const column = columns.get(name);
  if (!column) throw new Error(`no column ${name}`);
  const rows = column.kind === 'numbers' ? column.values.length : column.codes.length;
  return Array.from({ length: rows }, (_, row) => cellAt(column, row));
}

test('features are the columns that are nothing else', async () => {
  const dataset = valueOf(
    await read(
      { label: 'y', predicted_label: 'p', excluded_columns: ['note'], joinsource_name_or_index: 0 },
      { dataset: 'id,Age,Sex,note,y,p\n1,20,f,x,0,1\n2,,m,z,1,1\n' },
    ),
  );
  expect(dataset).toMatchObject({
    ...{ rows: 2, label: 'y', predictedLabel: 'p', features: ['Age', 'Sex'], joinColumn: 'id' },
  });
  expect(cells(dataset, 'Age')).toEqual([20, Number.NaN]);
  expect(cells(dataset, 'Sex')).toEqual(['f', 'm']);
});

test('facets from a file of their own are no features', async () => {
  const config = { label: 'y', facet_dataset_uri: 's3://b/f', facet_headers: ['Sex'] };
  const dataset = valueOf(await read(config, { dataset: 'Age,y\n20,0\n30,1\n', facets: 'f\nm\n' }));
  expect(dataset).toMatchObject({ features: ['Age'], facets: ['Sex'] });
  expect(cells(dataset, 'Sex')).toEqual(['f', 'm']);
  const short = await read(config, { dataset: 'Age,y\n20,0\n30,1\n', facets: 'f\n' });
  expect(reasonIn(short)).toMatch(/has 1 rows and the data set has 2: without joinsource/);
});

test('joined by identifier: in any order, and rows without a match are left out', async () => {
  const config = {
    ...{ label: 'y', joinsource_name_or_index: 'id' },
    predicted_label_dataset_uri: 's3://b/p',
  };
  const main = 'id,Sex,y\na,f,0\nb,m,1\nc,m,1\n';
  const dataset = valueOf(await read(config, { dataset: main, predicted: 'id,p\nc,1\na,0\n' }));
  expect(dataset).toMatchObject({ rows: 2, predictedLabel: 'p', features: ['Sex'] });
  expect(cells(dataset, 'p')).toEqual([0, 1]);
  expect(dataset.notes).toEqual(['1 of 3 rows have no match by id and are left out.']);
  const reason = async (predicted: string) =>
    reasonIn(await read(config, { dataset: main, predicted }));
  expect(await reason('id,p\na,1\na,0\n')).toMatch(/row 2, column id: a is there twice/);
  expect(await reason('id,p\nz,1\ny,0\n')).toMatch(/no row has a id that the data set has/);
  expect(await reason('other,p\nz,1\n')).toMatch(/has no column id/);
});

test('JSON by expressions: a document, or lines, with labels after the features', async () => {
  const rows = [
    { f: [20, 'f'], l: 0 },
    { f: [30, null], l: 1 },
  ];
  const headers = ['Age', 'Sex', 'y'];
  const document = valueOf(
    await read(
      { dataset_type: 'application/json', features: 'rows[*].f', label: 'rows[*].l', headers },
      { dataset: JSON.stringify({ rows }) },
    ),
  );
  const lines = valueOf(
    await read(
      { dataset_type: 'application/jsonlines', features: 'f', label: 'l', headers },
      { dataset: rows.map((row) => JSON.stringify(row)) },
    ),
  );
  for (const dataset of [document, lines]) {
    expect(dataset).toMatchObject({ label: 'y', features: ['Age', 'Sex'], rows: 2 });
    expect(cells(dataset, 'Sex')).toEqual(['f', '']);
    expect(cells(dataset, 'y')).toEqual([0, 1]);
  }
  const objects = valueOf(
    await read(
      { dataset_type: 'application/jsonlines', label: 'y' },
      { dataset: '{"Age":1,"Sex":"f","y":0}\n{"Age":2,"Sex":"m","y":1}\n' },
    ),
  );
  expect(objects).toMatchObject({ label: 'y', features: ['Age', 'Sex'] });
  const uneven = await read(
    { dataset_type: 'application/json', features: 'f', label: 'l' },
    { dataset: '{"f":[[1],[2]],"l":[1]}' },
  );
  expect(reasonIn(uneven)).toMatch(/label picks 1 values and features picks 2 rows/);
  const other = { dataset_type: 'application/json', features: 'f', headers: ['a', 'b', 'c'] };
  expect(reasonIn(await read(other, { dataset: '{"f":[[1]]}' }))).toMatch(
    /headers names 3 columns, and there are 1 features and 0 columns of labels/,
  );
});

test('a column that becomes text late keeps the numbers before it', async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => (i === 2_500 ? 'none' : `${i}`));
  const dataset = valueOf(
    await read(
      { label: 'y' },
      { dataset: `Sex,y\n${rows.map((cell) => `${cell},1`).join('\n')}\n` },
    ),
  );
  const read0 = cells(dataset, 'Sex');
  expect([read0[0], read0[2_499], read0[2_500], read0[2_999]]).toEqual([
    '0',
    '2499',
    'none',
    '2999',
  ]);
});
