/** Codes against the service's model, and a status for those it does not have. */
import { expect, test } from 'vitest';
import { loadModel } from '../../wire/model/load.ts';
import type { Fault } from '../../wire/operation.ts';
import { faultOf, faults } from './faults.ts';

const { errors } = loadModel('secretsmanager');

test('every code is in the model, or has a status of its own', () => {
  for (const [name, make] of Object.entries(faults)) {
    const { code, status } = (make as (...args: unknown[]) => Fault)('x', 1);
    expect([name, errors.has(code) || status !== undefined]).toEqual([name, true]);
    expect([name, errors.has(code) && status !== undefined]).toEqual([name, false]);
  }
});

test.each([
  'notFound',
  'exists',
  'invalidRequest',
  'invalidParameter',
  'limit',
  'encryption',
  'decryption',
] as const)('what the engine calls %s has a code of the model', (problem) => {
  expect(errors.has(faultOf({ problem, reason: 'x' }).code)).toBe(true);
});
