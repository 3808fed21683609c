/** Constructed drifts whose causes are known, and where an estimate must be refused. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { adviceFor, kindOfCheck } from './advice.ts';
import { estimateLabelShift } from './label-shift.ts';
import { decomposeAccuracy } from './labels.ts';

const random = seededRandom(4);

/** Labels drawn from a calibrated score; `flip01` of the outcomes are turned round. */
function rowsOf(count: number, score: () => number, flip01 = 0) {
  const scores = Float64Array.from({ length: count }, score);
  const label = Array.from(scores, (p) => {
    const truth = random.next01() < p;
    return String(random.next01() < flip01 ? !truth : truth);
  });
  return { score: scores, predicted: Array.from(scores, (p) => String(p >= 0.5)), label };
}

const spread = () => random.next01();
/** More records near the middle, where a calibrated model errs more. */
const unsure = () => 0.25 + random.next01() / 2;

test('nothing changed: nothing is found', () => {
  const [a, b] = [rowsOf(4_000, spread), rowsOf(4_000, spread)];
  expect(decomposeAccuracy(a, b)?.main).toBe('none');
});

test('other records alone are covariate shift', () => {
  const found = decomposeAccuracy(rowsOf(6_000, spread), rowsOf(6_000, unsure), { bins: 20 });
  // Accuracy falls from 0.75 to 0.625.
  expect(found?.change.value).toBeCloseTo(-0.125, 1);
  expect(found?.main).toBe('covariate');
  expect(Math.abs(found?.concept.value ?? 1)).toBeLessThan(0.03);
  expect((found?.covariate.value ?? 0) + (found?.concept.value ?? 0)).toBeCloseTo(
    found?.change.value ?? 1,
    12,
  );
  expect(found?.uncovered01).toBe(0);
});

test('other outcomes at the same score are concept shift', () => {
  const found = decomposeAccuracy(rowsOf(6_000, spread), rowsOf(6_000, spread, 0.3));
  // 0.75·0.7 + 0.25·0.3 = 0.6.
  expect(found?.concept.value).toBeCloseTo(-0.15, 1);
  expect(Math.abs(found?.covariate.value ?? 1)).toBeLessThan(0.02);
  expect(found?.main).toBe('concept');
  expect(found?.concept.low).toBeLessThan(found?.concept.high ?? -1);
  expect(found?.concept.high).toBeLessThan(0);
});

/** `right01` by class: what the model says of it, whatever the shares. */
function classed(count: number, positive01: number) {
  const label = Array.from({ length: count }, () => String(random.next01() < positive01));
  const predicted = label.map((truth) => {
    const right = random.next01() < (truth === 'true' ? 0.6 : 0.95);
    return right ? truth : String(truth !== 'true');
  });
  return { predicted, label };
}

test('other shares of the classes: the label part explains the change, and BBSE finds them', () => {
  const [a, b] = [classed(20_000, 0.2), classed(20_000, 0.6)];
  const found = decomposeAccuracy(a, b, { rounds: 40 });
  expect(found?.label.value).toBeCloseTo(found?.change.value ?? 0, 1);
  expect(found?.label.high).toBeLessThan(0);
  expect(found?.main).toBe('label');
  const shift = estimateLabelShift(a, b.predicted);
  if (!shift.ok) throw new Error(shift.reason);
  expect(shift.value.classes).toEqual(['false', 'true']);
  expect(shift.value.shares[1]).toBeCloseTo(0.6, 1);
  expect(shift.value.weights[1]).toBeCloseTo(3, 0);
  expect(shift.value.leastSingular).toBeGreaterThan(0.05);
});

test('a joint matrix by hand', () => {
  // C = [[0.4, 0.1], [0.1, 0.4]] has singular values 0.5 and 0.3;
  // μ = [0.25, 0.75] gives w = [1/6, 11/6].
  const reference = {
    predicted: ['a', 'a', 'a', 'a', 'b', 'a', 'b', 'b', 'b', 'b'],
    label: ['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b', 'b'],
  };
  const shift = estimateLabelShift(reference, ['a', 'b', 'b', 'b']);
  if (!shift.ok) throw new Error(shift.reason);
  expect(shift.value.leastSingular).toBeCloseTo(0.3, 12);
  expect(shift.value.weights[0]).toBeCloseTo(1 / 6, 12);
  expect(shift.value.weights[1]).toBeCloseTo(11 / 6, 12);
  expect(shift.value.shares[1]).toBeCloseTo(11 / 12, 12);
});

test('what cannot be estimated is refused', () => {
  const reason = (a: [string[], string[]], b: string[]) => {
    const found = estimateLabelShift({ predicted: a[0], label: a[1] }, b);
    return found.ok ? 'not refused' : found.reason;
  };
  const blind: [string[], string[]] = [
    ['a', 'b', 'a', 'b'],
    ['a', 'a', 'b', 'b'],
  ];
  expect(reason(blind, ['a'])).toContain('does not tell the classes apart');
  expect(reason([['a'], ['a']], ['a'])).toContain('one class only');
  expect(reason([[], []], ['a'])).toBe('there are no rows');
  expect(
    reason(
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      ['c'],
    ),
  ).toContain('no class "c"');
  expect(decomposeAccuracy({ predicted: [], label: [] }, blindRows)).toBeUndefined();
});

const blindRows = { predicted: ['a'], label: ['b'] };

test('parts that cancel out are told, and no change is explained by them', () => {
  const sure = () => {
    const p = random.next01() / 4;
    return random.next01() < 0.5 ? p : 1 - p;
  };
  // 0.875 · 5/6 + 0.125 · 1/6 = 0.75, as of the reference.
  const found = decomposeAccuracy(rowsOf(6_000, spread), rowsOf(6_000, sure, 1 / 6));
  expect(found?.covariate.low).toBeGreaterThan(0.05);
  expect(found?.concept.high).toBeLessThan(-0.05);
  expect(Math.abs(found?.change.value ?? 1)).toBeLessThan(0.03);
  expect(found?.main).toBe('none');
});

test('bins the reference does not have are told, not guessed', () => {
  const found = decomposeAccuracy(
    { predicted: ['a', 'a', 'a'], label: ['a', 'a', 'b'] },
    { predicted: ['a', 'z'], label: ['a', 'a'] },
    { rounds: 0 },
  );
  expect(found?.uncovered01).toBe(0.5);
});

test('advice names what it is about', () => {
  const advice = adviceFor(kindOfCheck('completeness_check'), {
    subject: 'age',
    evidence: ['12 % are missing.'],
  });
  expect(advice.action).toContain('producer of age');
  expect(advice.evidence).toEqual(['12 % are missing.']);
  expect(adviceFor('concept shift').action).toContain('sliding window');
  expect(adviceFor('bias', { facet: 'gender', metric: 'DI' }).action).toMatch(/gender.*DI/);
  expect(kindOfCheck('anything else')).toBe('data quality');
});
