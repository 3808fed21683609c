/** The rule of alerts, on sequences of executions from the newest to the oldest. */
import { expect, test } from 'vitest';
import { alertStatus } from './alerts.ts';
import type { ExecutionStatus } from './rows.ts';

const statuses: Readonly<Record<string, ExecutionStatus>> = {
  v: 'CompletedWithViolations',
  c: 'Completed',
  f: 'Failed',
  s: 'Stopped',
};

test.each([
  [1, 1, '', 'OK'],
  [1, 1, 'v', 'InAlert'],
  [1, 1, 'cv', 'OK'],
  [1, 1, 'fv', 'OK'],
  [2, 3, 'v', 'OK'],
  [2, 3, 'vv', 'InAlert'],
  [2, 3, 'vcv', 'InAlert'],
  [2, 3, 'vccv', 'OK'],
  [2, 3, 'sfv', 'OK'],
  [3, 3, 'vvcv', 'OK'],
  [3, 3, 'vvv', 'InAlert'],
])('%i of the last %i, with %s, is %s', (datapointsToAlert, evaluationPeriod, recent, status) => {
  const newestFirst = [...recent].map((letter) => statuses[letter] ?? 'Failed');
  expect(alertStatus({ datapointsToAlert, evaluationPeriod }, newestFirst)).toBe(status);
});
