/** Models whose files say what they answer: believed when their servers agree, else asked. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { knownModelOf, whiteBoxOf } from '../../engines/attribution/onnx-model.ts';
import { gather } from '../../kernel/bytes.ts';
import { Bench, csvModel, documentIn, textIn, valueOf } from './clarify.fixture.ts';

const url = new URL('../../engines/attribution/oracle/onnx-forms.json', import.meta.url);
const oracle: {
  readonly rows: readonly number[][];
  readonly forms: readonly { readonly name: string; readonly model: string }[];
} = JSON.parse(readFileSync(url, 'utf8'));

function formOf(name: string): Buffer {
  const form = oracle.forms.find((one) => one.name === name);
  if (!form) throw new Error(`no form ${name}`);
  return Buffer.from(form.model, 'base64');
}

const trees = formOf('GradientBoostingClassifier, 2 classes');
const saysTrees = saysOf(trees);

function saysOf(model: Uint8Array) {
  const box = whiteBoxOf(valueOf(knownModelOf(model)));
  return csvModel((cells) => box.scores(cells).map(Math.fround).join(','));
}

async function archived(name: string, content: Buffer): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name }, content);
  archive.finalize();
  return gzipSync(await gather(Readable.from(archive), 10_000_000));
}

const files = { 'dataset.csv': `${oracle.rows.map((row) => row.join(',')).join('\n')}\n` };
const config = {
  methods: { shap: { baseline: oracle.rows.slice(0, 3), use_logit: false } },
  predictor: { model_name: 'known' },
};

let b: Bench;
beforeEach(async () => {
  b = await new Bench().open();
  b.archive = await archived('m/model.onnx', trees);
  b.says = saysTrees;
  await b.model('known', '1.dkr.ecr.eu-west-1.amazonaws.com/modelkeep/onnx:1', 's3://m/a.tar.gz');
});
afterEach(async () => {
  expect([b.archivesOut, b.stopped]).toEqual([0, b.served]);
  await b.close();
});

async function shapOf(of: object = config) {
  const done = valueOf(await b.run(of, { files }));
  const { explanations } = await documentIn(done);
  return { ...explanations, done };
}

async function asked(of: object = config) {
  await b.model('known');
  b.asked.length = 0;
  return shapOf(of);
}

describe('a model known from within', () => {
  test.each([
    ['GradientBoostingClassifier, 2 classes', 1],
    ['RandomForestClassifier, 3 classes', 3],
    ['LogisticRegression, 2 classes', 1],
  ])('%s is asked to agree, and explained as by asking', async (name, labels) => {
    b.archive = await archived('model.onnx', formOf(name));
    b.says = saysOf(formOf(name));
    const within = await shapOf();
    expect(b.asked).toHaveLength(1);
    const sent = b.asked[0]?.body.trimEnd().split('\n') ?? [];
    expect(sent).toHaveLength(oracle.rows.length + 3);
    expect(b.said.join('\n')).toMatch(/would be asked; the model is .*, computed in process/);
    const without = await asked();
    expect(b.said.join('\n')).toMatch(/the model was asked for \d+ rows/);
    expect(Object.keys(within.kernel_shap)).toHaveLength(labels);
    for (const [label, { global_shap_values: values }] of Object.entries<{
      global_shap_values: Record<string, number>;
    }>(within.kernel_shap)) {
      for (const [feature, value] of Object.entries(values)) {
        const other = without.kernel_shap[label].global_shap_values[feature];
        expect(value).toBeCloseTo(other, 5);
      }
    }
    const baseline = await textIn(within.done, 'explanations_shap/baseline.csv');
    expect(baseline.split('\n')[0]).toBe('column_0,column_1,column_2,column_3');
  });

  test('its partial dependence is computed in process too', async () => {
    const methods = { pdp: { features: ['column_0'], grid_resolution: 5 } };
    const within = await shapOf({ ...config, methods });
    expect(b.asked).toHaveLength(1);
    const without = await asked({ ...config, methods });
    const [curve = []] = within.pdp[0].model_predictions;
    for (const [at, mean] of curve.entries()) {
      expect(mean).toBeCloseTo(without.pdp[0].model_predictions[0][at], 5);
    }
  });
});

describe('is asked for every row, and says why', () => {
  const says = async (reason: RegExp) => {
    const { kernel_shap: shap } = await shapOf();
    expect(b.said.join('\n')).toMatch(reason);
    expect(b.said.join('\n')).not.toMatch(/computed in process/);
    return shap.label0;
  };

  test('a model whose server answers something else', async () => {
    b.says = csvModel(([x = 0]) => x);
    const label = await says(/its server answered .* where its file says/);
    expect(label.global_shap_values.column_0).toBeGreaterThan(0);
    expect(label.global_shap_values.column_1).toBeCloseTo(0, 9);
  });

  test('a model whose server answers more', async () => {
    b.says = csvModel(([x = 0]) => `${x},1`);
    await says(/its server answered .*, 1 where its file says/);
  });

  test('an archive without a model', async () => {
    b.archive = await archived('model.bin', trees);
    await says(/the model archive holds no \.onnx file/);
  });

  test('an archive that is none', async () => {
    b.archive = Buffer.from('no archive at all');
    await says(/the model archive cannot be read/);
  });

  test('a file that is no model', async () => {
    b.archive = await archived('model.onnx', trees.subarray(0, 700));
    await says(/not a model of trees or linear terms alone/);
  });

  test('a model of other columns', async () => {
    const more = { 'dataset.csv': files['dataset.csv'].replaceAll('\n', ',1\n') };
    b.says = csvModel(() => 0.5);
    const methods = { shap: { baseline: [[0, 0, 0, 0, 0]] } };
    valueOf(await b.run({ ...config, methods }, { files: more }));
    expect(b.said.join('\n')).toMatch(/it has 4 features, the data 5/);
  });
});

test('a model on another image is asked without a word', async () => {
  await b.model('known', 'my/onnx', 's3://m/a.tar.gz');
  await shapOf();
  expect(b.said.join('\n')).not.toMatch(/in process|asked for every/);
});

test('rows that come again are asked once', async () => {
  await b.model('known');
  const twice = { 'dataset.csv': files['dataset.csv'].repeat(2) };
  // Batches that are on their way at the same time do not know of one another.
  const modelkeep = { parallelism: 1, batch_rows: 100 };
  valueOf(await b.run({ ...config, modelkeep }, { files: twice }));
  const sent = b.asked.flatMap(({ body }) => body.trimEnd().split('\n'));
  expect(sent).toHaveLength(new Set(sent).size);
});
