/** Codes against the service's model; statuses as clients meet them. */
import { expect, test } from 'vitest';
import { loadModel } from '../../wire/model/load.ts';
import type { Fault } from '../../wire/operation.ts';
import { faults } from './faults.ts';

test('every code is in the model, or has a status of its own', () => {
  const { errors } = loadModel('cloudtrail');
  for (const [name, make] of Object.entries(faults)) {
    const { code, status } = (make as (...args: unknown[]) => Fault)('x', 1);
    expect([name, errors.has(code) || status !== undefined]).toEqual([name, true]);
    expect([name, status]).toEqual([name, code === 'NotImplemented' ? 501 : 400]);
  }
});
