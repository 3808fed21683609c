/**
 * The evaluator against a reference that follows the published text step by step: "CloudWatch
 * alarms: configuring how missing data is treated", with real points where there are enough, as few
 * made-up points as possible where there are not, and no alarm before it is due.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate, evaluationRange, type Observation, type Rule } from './evaluate.ts';
import { comparisons, missingTreatments, type StateValue, stateValues } from './rows.ts';

/** Undefined: no data. */
type Values = readonly (number | undefined)[];

const words: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  GreaterThanThreshold: (a, b) => a > b,
  GreaterThanOrEqualToThreshold: (a, b) => !(a < b),
  LessThanThreshold: (a, b) => a < b,
  LessThanOrEqualToThreshold: (a, b) => !(a > b),
};

/** Puts made-up points in by hand, then counts. */
function reference(rule: Rule, values: Values, current: StateValue): StateValue {
  const { evaluationPeriods: n, threshold, comparison } = rule;
  const m = rule.datapointsToAlarm ?? n;
  const marks = values.map((value) =>
    value === undefined ? '-' : words[comparison]?.(value, threshold) ? 'X' : '0',
  );
  const count = (list: readonly string[], mark: string) =>
    list.filter((one) => one === mark).length;
  const real = marks.filter((mark) => mark !== '-');
  const stateOf = (list: readonly string[]) => (count(list, 'X') >= m ? 'ALARM' : 'OK');
  if (real.length >= n) return stateOf(real.slice(-n));
  const fills = n - real.length;
  switch (rule.treatMissingData ?? 'missing') {
    case 'breaching':
      return stateOf([...real, ...Array<string>(fills).fill('X')]);
    case 'notBreaching':
      return stateOf([...real, ...Array<string>(fills).fill('0')]);
    case 'ignore':
      if (count(real, 'X') >= m) return 'ALARM';
      return count(real, '0') > 0 ? 'OK' : current;
    default:
      if (real.length === 0) return 'INSUFFICIENT_DATA';
      if (count(real, 'X') >= m) return 'ALARM';
      if (count(real, '0') > 0) return 'OK';
      // All that came breaches, and it is not enough: due once the first of it is M periods old.
      return marks.length - marks.indexOf('X') >= m ? 'ALARM' : current;
  }
}

const observations = (values: Values): readonly Observation[] =>
  values.map((value, i) => ({
    startMs: i * 60_000,
    ...(value === undefined ? {} : { value, sampleCount: 1 }),
  }));

function agree(rule: Rule, values: Values): void {
  for (const current of stateValues) {
    const { state } = evaluate(rule, observations(values), current);
    const wanted = reference(rule, values, current);
    expect([values, rule, current, state]).toEqual([values, rule, current, wanted]);
  }
}

test('every pattern of points, for up to four periods', () => {
  for (let n = 1; n <= 4; n += 1) {
    const range = evaluationRange(n);
    for (let pattern = 0; pattern < 3 ** range; pattern += 1) {
      const values = Array.from({ length: range }, (_, i) => {
        const digit = Math.floor(pattern / 3 ** i) % 3;
        return digit === 2 ? undefined : digit * 2;
      });
      const base = {
        evaluationPeriods: n,
        threshold: 1,
        comparison: 'GreaterThanThreshold',
      } as const;
      for (let m = 1; m <= n; m += 1) {
        for (const treatMissingData of missingTreatments) {
          const rule: Rule = { ...base, datapointsToAlarm: m, treatMissingData };
          for (const current of stateValues) {
            const { state } = evaluate(rule, observations(values), current);
            const wanted = reference(rule, values, current);
            if (state !== wanted) expect([rule, values, current, state]).toBe(wanted);
          }
        }
      }
    }
  }
});

test('points, thresholds and rules of any sort', () => {
  const value = fc.option(fc.constantFrom(-1e308, -1, -0, 0, 0.1, 1, 5, 1e308), { nil: undefined });
  const drawn = fc.integer({ min: 1, max: 20 }).chain((evaluationPeriods) =>
    fc.tuple(
      fc.record({
        evaluationPeriods: fc.constant(evaluationPeriods),
        datapointsToAlarm: fc.integer({ min: 1, max: evaluationPeriods }),
        threshold: fc.constantFrom(-1, 0, 0.1, 5),
        comparison: fc.constantFrom(...comparisons),
        treatMissingData: fc.constantFrom(...missingTreatments),
      }),
      fc.array(value, {
        minLength: evaluationRange(evaluationPeriods),
        maxLength: evaluationRange(evaluationPeriods),
      }),
    ),
  );
  fc.assert(
    fc.property(drawn, ([rule, values]) => agree(rule, values)),
    { numRuns: 500 },
  );
});
