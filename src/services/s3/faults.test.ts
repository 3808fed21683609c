/** Codes and statuses against the service's model, for the errors it has. */
import { expect, test } from 'vitest';
import { loadModel } from '../../wire/model/load.ts';
import type { Fault } from '../../wire/operation.ts';
import { faults } from './faults.ts';

const made = Object.values(faults).map((make) => (make as (...args: unknown[]) => Fault)('x', {}));

test('every fault has a code and a status', () => {
  for (const { code, status } of made) {
    expect(code).toMatch(/^(KMS\.)?[A-Za-z]+$/);
    expect(status).toBeGreaterThanOrEqual(304);
  }
});

test('those the model has, have its status', () => {
  const { errors } = loadModel('s3');
  const known = made.filter(({ code }) => errors.has(code));
  expect(known.map(({ code }) => code)).toContain('NoSuchKey');
  for (const { code, status } of known) {
    const modelled = errors.get(code)?.error?.status;
    expect([code, modelled ?? status]).toEqual([code, status]);
  }
});
