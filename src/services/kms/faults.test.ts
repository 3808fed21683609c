/** Codes against the service's model; statuses as clients meet them. */
import { expect, test } from 'vitest';
import { loadModel } from '../../wire/model/load.ts';
import type { Fault } from '../../wire/operation.ts';
import { faultOf, faults } from './faults.ts';

const { errors } = loadModel('kms');

/** Codes that many services have, and their models have not. */
const common = new Set([
  ...['AccessDeniedException', 'NotAuthorizedException'],
  ...['ThrottlingException', 'ValidationException'],
]);

test('every code is in the model, or is common to services', () => {
  for (const [name, make] of Object.entries(faults)) {
    const { code, status } = (make as (...args: unknown[]) => Fault)('x');
    expect([name, errors.has(code) !== common.has(code)]).toEqual([name, true]);
    const isOurs = name === 'keyUnavailable';
    expect([name, status]).toEqual([name, isOurs ? undefined : 400]);
  }
});

test('every problem of the engine has a code of the model', () => {
  const problems = [
    ...(['notFound', 'disabled', 'invalidState', 'invalidUsage'] as const),
    ...(['invalidCiphertext', 'incorrectKey'] as const),
  ];
  for (const problem of problems) {
    const fault = faultOf({ problem, reason: 'why' });
    expect([problem, errors.has(fault.code), fault.message]).toEqual([problem, true, 'why']);
  }
});
