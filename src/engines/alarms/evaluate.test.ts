/** Evaluation against the published tables (missing-data.case.json) and a naive reference. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate, evaluationRange, type Observation, type Rule } from './evaluate.ts';
import { comparisons, missingTreatments, type StateValue, stateValues } from './rows.ts';

const published = JSON.parse(
  readFileSync(new URL('missing-data.case.json', import.meta.url), 'utf8'),
) as {
  readonly tables: readonly {
    readonly datapointsToAlarm: number;
    readonly rows: Readonly<Record<string, readonly (StateValue | 'keep')[]>>;
  }[];
};

const rule: Rule = { evaluationPeriods: 3, threshold: 5, comparison: 'GreaterThanThreshold' };

/** `0X-`: not breaching, breaching, missing. */
function points(text: string): readonly Observation[] {
  return text.split('').map((mark, i) => {
    if (mark === '-') return { startMs: i * 60_000 };
    return { startMs: i * 60_000, value: mark === 'X' ? 9 : 1, sampleCount: 1 };
  });
}

const cells = published.tables.flatMap(({ datapointsToAlarm, rows }) =>
  Object.entries(rows).flatMap(([text, columns]) =>
    columns.map((expected, i) => ({
      datapointsToAlarm,
      text,
      expected,
      treatMissingData: missingTreatments[i] ?? 'missing',
    })),
  ),
);

test('all of both tables is here', () => expect(cells).toHaveLength(40));

test.each(cells)('M=$datapointsToAlarm $text $treatMissingData: $expected', (cell) => {
  const { datapointsToAlarm, treatMissingData, expected, text } = cell;
  for (const current of stateValues) {
    const { state } = evaluate(
      { ...rule, datapointsToAlarm, treatMissingData },
      points(text),
      current,
    );
    expect(state).toBe(expected === 'keep' ? current : expected);
  }
});

test.each([
  ['----X', 'keep'],
  ['---X-', 'keep'],
  ['--X--', 'ALARM'],
  ['---X0', 'OK'],
  ['XX---', 'ALARM'],
] as const)('no alarm before the breach is old enough: %s %s', (text, expected) => {
  for (const current of stateValues) {
    const { state } = evaluate(rule, points(text), current);
    expect(state).toBe(expected === 'keep' ? current : expected);
  }
});

test('enough real points are judged alone, whatever missing data counts as', () => {
  const mark = fc.constantFrom('0', 'X');
  const three = fc.tuple(mark, mark, mark);
  const treatment = fc.constantFrom(...missingTreatments);
  fc.assert(
    fc.property(three, fc.nat(3), fc.nat(3), treatment, (real, a, b, treatMissingData) => {
      const text: string[] = [...real];
      text.splice(a, 0, '-');
      text.splice(b, 0, '-');
      const { state, filled } = evaluate(
        { ...rule, treatMissingData },
        points(text.join('')),
        'OK',
      );
      expect(state).toBe(real.every((m) => m === 'X') ? 'ALARM' : 'OK');
      expect(filled).toBe(0);
    }),
  );
});

test.each([
  [1, 3],
  [3, 5],
  [6, 8],
  [9, 12],
  [30, 40],
])('%i periods look at %i', (periods, range) => expect(evaluationRange(periods)).toBe(range));

describe('comparison at the threshold', () => {
  const at: Readonly<Record<string, readonly [number, boolean][]>> = {
    GreaterThanThreshold: [
      [5, false],
      [5.1, true],
    ],
    GreaterThanOrEqualToThreshold: [
      [4.9, false],
      [5, true],
    ],
    LessThanThreshold: [
      [5, false],
      [4.9, true],
    ],
    LessThanOrEqualToThreshold: [
      [5.1, false],
      [5, true],
    ],
  };
  test.each(comparisons)('%s', (comparison) => {
    for (const [value, breaching] of at[comparison] ?? []) {
      const one = { ...rule, evaluationPeriods: 1, comparison };
      const { state } = evaluate(one, [{ startMs: 0, value }], 'INSUFFICIENT_DATA');
      expect(state).toBe(breaching ? 'ALARM' : 'OK');
    }
  });
});

describe('percentiles of few samples', () => {
  const one = (statistic: string, sampleCount: number, keep: 'ignore' | 'evaluate' = 'ignore') => {
    const percentile: Rule = {
      ...rule,
      evaluationPeriods: 1,
      extendedStatistic: statistic,
      evaluateLowSampleCountPercentile: keep,
    };
    return evaluate(percentile, [{ startMs: 0, value: 9, sampleCount }], 'OK').state;
  };
  test.each([
    ['p90', 99, 'OK'],
    ['p90', 100, 'ALARM'],
    ['p50', 19, 'OK'],
    ['p50', 20, 'ALARM'],
    ['p10', 99, 'OK'],
    ['p10', 100, 'ALARM'],
    ['p100', 1, 'ALARM'],
    ['tm90', 1, 'ALARM'],
  ])('%s of %i', (statistic, count, state) => expect(one(statistic, count)).toBe(state));
  test('are judged unless the alarm says otherwise', () => {
    expect(one('p99', 1, 'evaluate')).toBe('ALARM');
  });
});
