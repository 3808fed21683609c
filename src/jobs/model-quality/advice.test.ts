/** What is advised about a crossed threshold, by how much is known and how far it is crossed. */
import { expect, test } from 'vitest';
import type { Measures } from '../../engines/performance/measures.ts';
import { adviceOn, type Moved } from './advice.ts';

const violation = { measure: 'f1', operator: 'LessThanThreshold', description: '' } as const;
const constraint = { threshold: 0.8, operator: 'LessThanThreshold' } as const;

const advised = (rows: number, measures: Measures, moved: readonly Moved[] = []) =>
  adviceOn(violation, {
    performance: { problem: 'binary', rows, measures, notes: [] },
    constraint,
    moved,
  });

test('a measure far below its threshold: retrain, with what moved', () => {
  const measures = {
    f1: { value: 0.5, deviation: 0.01 },
    f1_best_constant_classifier: { value: 0.6 },
  };
  const moved = [
    { what: 'labels', distance: 0.25 },
    { what: 'scores', distance: 0.01 },
  ] as const;
  const { action, evidence } = advised(1_000, measures, moved);
  expect(action).toBe('Retrain with recent data: f1 is worse than at the baseline.');
  expect(evidence).toEqual([
    'f1 is 0.5, and its threshold is 0.8: 0.3 apart, 30 standard deviations.',
    "The distribution of labels moved by 0.25 from the baseline's.",
    'A classifier that always gives one answer reaches 0.6.',
  ]);
});

test('a measure just below it: the threshold has no slack', () => {
  const { action } = advised(1_000, { f1: { value: 0.79, deviation: 0.01 } });
  expect(action).toContain('Give the threshold of f1 some slack');
});

test('few rows: more of them first', () => {
  const { action, evidence } = advised(20, { f1: { value: 0.1 } });
  expect(action).toMatch(/^Judge a longer window/);
  expect(evidence).toEqual([
    'f1 is 0.1, and its threshold is 0.8: 0.7 apart.',
    'Only 20 rows were judged: the difference may be chance.',
  ]);
});
