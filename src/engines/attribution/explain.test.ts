/** Kernel SHAP against the shap package's values, and what it says to input that will not do. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { planCost } from './cost.ts';
import { explain } from './explain.ts';
import type { ExplainRequest, Explanation, MatrixPredictor, Predict, Row } from './types.ts';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly link: 'identity' | 'logit';
  readonly background: number[][];
  readonly rows: number[][];
  readonly expected: number[];
  /** By row, feature, label. */
  readonly values: number[][][];
}

const oracle: { weights: number[]; cases: Case[] } = JSON.parse(
  readFileSync(new URL('./oracle/shap.case.json', import.meta.url), 'utf8'),
);

const dot = (x: readonly number[]) =>
  x.reduce((sum, value, at) => sum + value * (oracle.weights[at] ?? 0), 0);

const models: Readonly<Record<string, (x: readonly number[]) => number[]>> = {
  linear: (x) => [1 + dot(x), -(1 + dot(x)) / 2],
  logistic: (x) => {
    const p = 1 / (1 + Math.exp(-(dot(x) / 2 + (x[0] ?? 0) * (x[1] ?? 0))));
    return [1 - p, p];
  },
  polynomial: ([a = 0, b = 0, c = 0, d = 0, e = 0, ...rest]) => [
    a * b + c * c - 3 * d * e * a + rest.reduce((sum, value) => sum + value, 0),
  ],
  tree: ([a = 0, b = 0, c = 0, d = 0, e = 0]) => {
    if (a <= 0) return [b <= 0.5 ? 0.2 : d <= 0 ? 0.9 : 0.4];
    return [c <= -0.3 ? (e <= 0.2 ? 0.1 : 0.75) : 0.6];
  },
  mixed: ([a = 0, b = 0, c = 0, d = 0]) => {
    const bonus = [0.5, -0.25, 1.5][a] ?? Number.NaN;
    const scale = [1, 3][b] ?? Number.NaN;
    return [bonus + scale * c - d * bonus];
  },
};

/** Categories of the mixed model are texts; its numbers are told from them by the column. */
const words = ['red', 'green', 'blue'];
const asRow = (model: string, row: readonly number[]): Row =>
  model === 'mixed' ? row.map((cell, at) => (at < 2 ? (words[cell] ?? '') : cell)) : row;
const asNumbers = (row: Row) =>
  row.map((cell) => (typeof cell === 'string' ? words.indexOf(cell) : cell));

const predictorOf =
  (model: string): Predict =>
  async (rows) =>
    ok(rows.map((row) => models[model]?.(asNumbers(row)) ?? []));

const signal = new AbortController().signal;
const named = (count: number) => Array.from({ length: count }, (_, at) => `f${at}`);

function requestOf(of: Case, more: Partial<ExplainRequest> = {}): ExplainRequest {
  return {
    rows: of.rows.map((row) => asRow(of.model, row)),
    background: of.background.map((row) => asRow(of.model, row)),
    featureNames: named(of.rows[0]?.length ?? 0),
    predict: predictorOf(of.model),
    useLogit: of.link === 'logit',
    signal,
    ...more,
  };
}

async function explained(request: ExplainRequest): Promise<Explanation> {
  const outcome = await explain(request);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

function nested({ values, rows, labels, featureNames }: Explanation): number[][][] {
  const width = featureNames.length;
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: width }, (__, f) =>
      Array.from({ length: labels }, (___, l) => values[(r * labels + l) * width + f] ?? 0),
    ),
  );
}

function largestError(got: number[][][], wanted: number[][][]): number {
  const flat = wanted.flat(2);
  return got
    .flat(2)
    .reduce((most, value, at) => Math.max(most, Math.abs(value - (flat[at] ?? 0))), 0);
}

const caseNamed = (name: string): Case => {
  const found = oracle.cases.find((of) => of.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
};

describe('values are those of the shap package', () => {
  test.each(oracle.cases.map((of) => [of.name, of] as const))('%s', async (name, of) => {
    const samples = name.startsWith('many') ? { numSamples: 2 ** 12 } : {};
    const explanation = await explained(requestOf(of, samples));
    expect(explanation.exact).toBe(true);
    expect(largestError(nested(explanation), of.values)).toBeLessThan(1e-9);
    for (const [at, value] of of.expected.entries()) {
      expect(explanation.expected[at]).toBeCloseTo(value, 12);
    }
  });
});

describe('sampled coalitions', () => {
  const of = caseNamed('many features, enumerated');

  test('come closer as they are more, and add up whatever they are', async () => {
    const errors: number[] = [];
    for (const numSamples of [200, 1_000, 3_000]) {
      const explanation = await explained(requestOf(of, { numSamples, seed: 7 }));
      expect(explanation.exact).toBe(false);
      expect(explanation.notes[0]).toContain('sampled');
      errors.push(largestError(nested(explanation), of.values));
      for (const [r, row] of nested(explanation).entries()) {
        const sum = row.reduce((total, [phi = 0]) => total + phi, explanation.expected[0] ?? 0);
        expect(sum).toBeCloseTo(explanation.predictions[r * 2] ?? 0, 12);
      }
    }
    const [few = 0, some = 0, many = 0] = errors;
    expect(some).toBeLessThan(few);
    expect(many).toBeLessThan(some);
    expect(few).toBeLessThan(0.05);
    expect(many).toBeLessThan(0.005);
  });

  test('are the same for the same seed, however the model is called', async () => {
    const first = await explained(requestOf(of, { numSamples: 300, seed: 1 }));
    const late: Predict = async (rows, options) => {
      await new Promise((resolve) => setTimeout(resolve, rows.length % 3));
      return predictorOf(of.model)(rows, options);
    };
    const more = {
      numSamples: 300,
      seed: 1,
      predict: late,
      batch: { maxRows: 37 },
      parallelism: 5,
    };
    const second = await explained(requestOf(of, more));
    expect(second.values).toEqual(first.values);
    expect(second.calls).toBeGreaterThan(first.calls);
    const other = await explained(requestOf(of, { numSamples: 300, seed: 2 }));
    expect(other.values).not.toEqual(first.values);
  });

  test('of a linear model settle it exactly; too few share out the rest', async () => {
    const linear = { ...of, model: 'linear' };
    const exact = await explained(requestOf(linear, { numSamples: 60 }));
    const mean = (j: number) =>
      of.background.reduce((sum, row) => sum + (row[j] ?? 0), 0) / of.background.length;
    for (const [j, weight] of oracle.weights.entries()) {
      expect(exact.values[j]).toBeCloseTo(weight * ((of.rows[0]?.[j] ?? 0) - mean(j)), 9);
    }
    const few = await explained(requestOf(linear, { numSamples: 15 }));
    expect(few.notes[0]).toContain('too few to settle');
    const sum = few.values.slice(0, 12).reduce((total, phi) => total + phi, 0);
    expect(sum).toBeCloseTo((few.predictions[0] ?? 0) - (few.expected[0] ?? 0), 9);
  });
});

describe('calls of the model', () => {
  const of = caseNamed('tree');

  test('a predictor of matrices gives the same values', async () => {
    const predict: MatrixPredictor = {
      element: 'float64',
      predict: async ({ data, rows, columns }) => {
        const each = Array.from({ length: rows }, (_, at) =>
          models.tree?.(Array.from(data.subarray(at * columns, (at + 1) * columns))),
        );
        return ok({ values: Float64Array.from(each.flat().map(Number)), labels: 1 });
      },
    };
    for (const maxRows of [7, 4_096]) {
      const explanation = await explained(requestOf(of, { predict, batch: { maxRows } }));
      expect(largestError(nested(explanation), of.values)).toBeLessThan(1e-9);
    }
    const texts = requestOf(caseNamed('numbers and categories'), { predict });
    expect(await explain(texts)).toEqual(
      refuse('row 1, column 1 is a text, the model takes numbers'),
    );
  });

  test('stay within their limits of rows, bytes and number at a time', async () => {
    let running = 0;
    let most = 0;
    const sizes: number[] = [];
    const predict: Predict = async (rows, options) => {
      running += 1;
      most = Math.max(most, running);
      sizes.push(rows.length);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return predictorOf('tree')(rows, options);
    };
    await explained(requestOf(of, { predict, batch: { maxRows: 10 }, parallelism: 3 }));
    expect(most).toBe(3);
    expect(Math.max(...sizes)).toBe(10);
    sizes.length = 0;
    const bytes = { maxBytes: 100, bytesOf: () => 30 };
    const explanation = await explained(requestOf(of, { predict, batch: bytes }));
    expect(new Set(sizes.slice(0, -1))).toContain(3);
    expect(Math.max(...sizes)).toBe(3);
    expect(largestError(nested(explanation), of.values)).toBeLessThan(1e-9);
    sizes.length = 0;
    const tight = { rows: of.rows.slice(0, 1), batch: { maxBytes: 10, bytesOf: () => 30 } };
    const few = { ...of, background: of.background.slice(0, 3) };
    await explained(requestOf(few, { predict, ...tight }));
    expect(Math.max(...sizes)).toBe(1);
  });

  test('background rows that agree in the absent features are asked once', async () => {
    const mixed = caseNamed('numbers and categories');
    const twice = { ...mixed, background: [...mixed.background, ...mixed.background] };
    const once = await explained(requestOf(mixed));
    const doubled = await explained(requestOf(twice));
    expect(largestError(nested(doubled), mixed.values)).toBeLessThan(1e-9);
    expect(doubled.asked - once.asked).toBe(mixed.background.length);
  });

  test('progress goes up to the total', async () => {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number) => seen.push([done, total]);
    await explained(requestOf(of, { onProgress, batch: { maxRows: 100 } }));
    const done = seen.map(([at]) => at);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1]);
  });
});

describe('a model that fails', () => {
  const of = caseNamed('tree');
  const failing =
    (bad: (row: Row) => boolean, answer: (rows: readonly Row[]) => Outcome<number[][]>): Predict =>
    async (rows, options) =>
      rows.some(bad) ? answer(rows) : predictorOf('tree')(rows, options);
  const second = of.rows[1]?.[2];

  test('on some rows is told which', async () => {
    const predict = failing(
      (row) => row[2] === second,
      () => refuse('value out of range'),
    );
    const outcome = await explain(requestOf(of, { predict }));
    expect(outcome).toEqual(refuse('the model refused row 2: value out of range'));
    const atAll = await explain(requestOf(of, { predict: async () => refuse('no such model') }));
    expect(atAll).toEqual(refuse('the model refused background row 1: no such model'));
  });

  test('on a synthetic row alone is told what it was made of', async () => {
    const first = of.rows[0]?.[0];
    const predict = failing(
      (row) => row[0] === first && row[1] !== of.rows[0]?.[1],
      () => refuse('odd'),
    );
    expect(await explain(requestOf(of, { predict }))).toEqual(
      refuse('the model refused row 1 with 4 of its 5 features from background row 1: odd'),
    );
  });

  test('on large batches alone is asked in smaller ones', async () => {
    const predict: Predict = async (rows, options) =>
      rows.length > 700 ? refuse('too large') : predictorOf('tree')(rows, options);
    const explanation = await explained(requestOf(of, { predict, batch: { maxRows: 1_000 } }));
    expect(largestError(nested(explanation), of.values)).toBeLessThan(1e-9);
    const never: Predict = async (rows, options) =>
      rows.length > 1 ? refuse('too large') : predictorOf('tree')(rows, options);
    expect(await explain(requestOf(of, { predict: never }))).toEqual(
      refuse('the model refused 64 batches in all, the last with: too large'),
    );
  });

  test.each([
    ['too few rows', () => ok([[1]]), 'the model answered 1 rows for 40'],
    ['no scores', (rows: readonly Row[]) => ok(rows.map(() => [])), 'it gave 0 scores a row'],
    [
      'uneven scores',
      (rows: readonly Row[]) => ok(rows.map((_, at) => (at === 3 ? [1, 2] : [1]))),
      'the model gave 2 scores for row 4 and 1 for the first',
    ],
    [
      'not a number',
      (rows: readonly Row[]) => ok(rows.map((_, at) => [1, at === 3 ? Number.NaN : 1])),
      'the model gave NaN in output column 2 for background row 4, which is not a finite number',
    ],
  ])('%s', async (_, answer, reason) => {
    const outcome = await explain(requestOf(of, { predict: async (rows) => answer(rows) }));
    expect(outcome).toEqual({ ok: false, reason: expect.stringContaining(reason.slice(2)) });
  });

  test('with another number of labels than before', async () => {
    let calls = 0;
    const predict: Predict = async (rows) => {
      calls += 1;
      const wide = calls > 2;
      return ok(rows.map(() => (wide ? [1, 2] : [1])));
    };
    const outcome = await explain(requestOf(of, { predict, batch: { maxRows: 50 } }));
    expect(outcome).toEqual(refuse('the model gave 2 scores a row, and 1 before'));
  });

  test('with scores that are no probabilities, when log-odds are wanted', async () => {
    const predict: Predict = async (rows) =>
      ok(rows.map((row) => [0.5, row[2] === second ? 1.5 : 0.5]));
    expect(await explain(requestOf(of, { predict, useLogit: true }))).toEqual(
      refuse(
        'the model gave 1.5 in output column 2 for row 2, which is not a probability: use_logit ' +
          'needs scores from 0 to 1',
      ),
    );
    const sure: Predict = async (rows) => ok(rows.map((row) => [row[2] === second ? 1 : 0]));
    const { values } = await explained(requestOf(of, { predict: sure, useLogit: true }));
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('by throwing is passed on', async () => {
    const predict: Predict = async () => {
      throw new Error('a bug');
    };
    await expect(explain(requestOf(of, { predict }))).rejects.toThrow('a bug');
  });
});

describe('odd input', () => {
  const of = caseNamed('tree');

  test('rows that equal the background have nothing to share out', async () => {
    const [row = []] = of.rows;
    const explanation = await explained(requestOf({ ...of, rows: [row], background: [row, row] }));
    expect(Array.from(explanation.values)).toEqual([0, 0, 0, 0, 0]);
    expect(explanation.expected[0]).toBe(explanation.predictions[0]);
  });

  test('NaN cells are values like others', async () => {
    const predict: Predict = async (rows) =>
      ok(rows.map(([a, b]) => [Number.isNaN(a) ? 5 : 1, Number(b)].map((v) => v)));
    const request = requestOf({ ...of, rows: [[Number.NaN, 2]], background: [[Number.NaN, 0]] });
    const { values } = await explained({ ...request, predict });
    expect(Array.from(values)).toEqual([0, 0, 0, 2]);
    const one = await explained({ ...request, predict, background: [[0, 2]] });
    expect(Array.from(one.values)).toEqual([4, 0, 0, 0]);
  });

  test('a text is not the number it spells', async () => {
    const predict: Predict = async (rows) => ok(rows.map(([a]) => [typeof a === 'string' ? 1 : 0]));
    const request = { ...requestOf(of), predict, featureNames: ['a', 'b'] };
    const { values } = await explained({ ...request, rows: [['1', 1]], background: [[1, 1]] });
    expect(Array.from(values)).toEqual([1, 0]);
  });

  test.each<[string, Partial<ExplainRequest>, string]>([
    ['no rows', { rows: [] }, 'there are no rows to explain'],
    ['no background', { background: [] }, 'there are no background rows'],
    ['no features', { featureNames: [] }, 'there are no features'],
    ['one name twice', { featureNames: ['a', 'b', 'c', 'a', 'e'] }, 'have the same name'],
    ['uneven rows', { rows: [[1, 2, 3, 4, 5], [1]] }, 'row 2 has 1 cells for 5 features'],
    [
      'uneven background',
      { background: [[1, 2, 3]] },
      'background row 1 has 3 cells for 5 features',
    ],
    ['no samples', { numSamples: 0 }, 'num_samples must be a whole number from 1 to 131072'],
    [
      '10,000 columns',
      { featureNames: named(10_000) },
      '10000 features are more than the limit of 1000; it would take 4409645 predictions in ',
    ],
    [
      'more predictions than allowed',
      { maxPredictions: 6_000 },
      'it would take 6045 predictions in 3 calls, more than the limit of 6000',
    ],
  ])('%s', async (_, more, reason) => {
    const outcome = await explain(requestOf(of, more));
    expect(outcome).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  test('the cost is told before', () => {
    const input = { rows: 500, features: 20, background: 100, batchRows: 10_000 };
    expect(planCost(input)).toEqual({
      coalitions: 2_088,
      exact: false,
      predictions: 100 + 500 * 208_801,
      calls: 1 + 10_441,
    });
    expect(planCost({ rows: 1, features: 3, background: 2 })).toMatchObject({
      coalitions: 6,
      exact: true,
      predictions: 15,
    });
    expect(planCost({ rows: 4, features: 1, background: 2 }).predictions).toBe(6);
  });

  test('an aborted signal ends it, before and between calls', async () => {
    const stop = new AbortController();
    let calls = 0;
    const predict: Predict = async (rows, options) => {
      calls += 1;
      if (calls === 3) stop.abort(new Error('enough'));
      return predictorOf('tree')(rows, options);
    };
    const request = requestOf(of, { predict, signal: stop.signal, batch: { maxRows: 20 } });
    await expect(explain(request)).rejects.toThrow('enough');
    expect(calls).toBeLessThan(8);
    await expect(explain(request)).rejects.toThrow('enough');
    const hung = new AbortController();
    const silent: Predict = () => {
      setImmediate(() => hung.abort(new Error('given up')));
      return new Promise(() => {});
    };
    const waiting = explain(requestOf(of, { predict: silent, signal: hung.signal }));
    await expect(waiting).rejects.toThrow('given up');
  });
});
