/** Models as scikit-learn's converter writes them, against what ONNX Runtime said of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { explain } from './explain.ts';
import { knownModelOf, whiteBoxOf } from './onnx-model.ts';
import type { ExplainRequest, WhiteBox } from './types.ts';

interface Form {
  readonly name: string;
  readonly model: string;
  readonly scores: readonly (readonly number[])[];
}

const oracle: { readonly rows: readonly number[][]; readonly forms: readonly Form[] } = JSON.parse(
  readFileSync(new URL('./oracle/onnx-forms.json', import.meta.url), 'utf8'),
);

const bytesOf = ({ model }: Form) => Buffer.from(model, 'base64');

function boxOf(form: Form): WhiteBox {
  const known = knownModelOf(bytesOf(form));
  if (!known.ok) throw new Error(known.reason);
  return whiteBoxOf(known.value);
}

describe.each(oracle.forms.map((form) => [form.name, form] as const))('%s', (_, form) => {
  test('says what the runtime said', () => {
    const box = boxOf(form);
    for (const [at, row] of oracle.rows.entries()) {
      const scores = box.scores(row);
      expect(scores).toHaveLength(form.scores[at]?.length ?? 0);
      for (const [label, score] of scores.entries()) {
        expect(score).toBeCloseTo(form.scores[at]?.[label] ?? Number.NaN, 6);
      }
    }
  });

  test('is explained from within as it is by asking', async () => {
    const box = boxOf(form);
    const request: ExplainRequest = {
      rows: oracle.rows.slice(0, 4),
      background: oracle.rows.slice(8, 15).map((row) => row.with(3, 0.5)),
      featureNames: ['a', 'b', 'c', 'd'],
      predict: box,
      signal: new AbortController().signal,
    };
    const within = await explain(request);
    const asked = await explain({
      ...request,
      predict: async (rows) => ({ ok: true, value: rows.map((row) => box.scores(row)) }),
    });
    if (!within.ok || !asked.ok) throw new Error('refused');
    expect(within.value.labels).toBe(form.scores[0]?.length);
    for (const [at, value] of asked.value.values.entries()) {
      expect(within.value.values[at]).toBeCloseTo(value, 9);
    }
  });
});

test('a linear model refuses to explain a missing cell', async () => {
  const form = oracle.forms.find(({ name }) => name === 'LinearRegression');
  if (!form) throw new Error('no such form');
  const done = await explain({
    rows: [[1, Number.NaN, 3, 4]],
    background: [[0, 0, 0, 0]],
    featureNames: ['a', 'b', 'c', 'd'],
    predict: boxOf(form),
    signal: new AbortController().signal,
  });
  expect(done).toEqual({
    ok: false,
    reason: expect.stringContaining('no finite number for row 1'),
  });
});

test('whatever the bytes, the answer is a model or a refusal', () => {
  const seed = 20_260;
  const random = seededRandom(seed);
  const [form] = oracle.forms;
  if (!form) throw new Error('no forms');
  const whole = bytesOf(form);
  let refused = 0;
  for (let round = 0; round < 500; round += 1) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 1 + (round % 8); change += 1) {
      bytes[Math.floor(random.next01() * bytes.length)] = Math.floor(random.next01() * 256);
    }
    const cut = round % 3 === 0 ? Math.floor(random.next01() * bytes.length) : bytes.length;
    const known = knownModelOf(bytes.subarray(0, cut));
    if (!known.ok) {
      refused += 1;
      continue;
    }
    // What was taken for a model answers without an end.
    const scores = whiteBoxOf(known.value).scores([0, 0, 0, 0]);
    expect(scores, `seed ${seed}, round ${round}`).not.toHaveLength(0);
  }
  expect(refused).toBeGreaterThan(50);
});
