/** Names of logs: apart by account, region and run, the same when a run is begun again. */
import { expect, test } from 'vitest';
import { endpointLog, logScope, processingLog, transformLog } from './names.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const job = { scope, name: 'one', createdAtMs: 1_700_000_000_123.5 };

test('a name says whose log it is, of what and of which run', () => {
  expect(logScope(scope)).toBe('111122223333/eu-west-1/');
  const name = '111122223333/eu-west-1/processing-jobs/one/algo-1-1700000000123';
  expect(processingLog(job)).toBe(name);
  expect(transformLog(job)).toMatch(
    /^111122223333\/eu-west-1\/transform-jobs\/one\/i-[0-9a-f]{17}-1700000000123$/,
  );
  const variant = { name: 'blue', instanceId: '01234567-89ab-4cde-8f01-23456789abcd' };
  expect(endpointLog({ scope, name: 'churn' }, variant)).toBe(
    '111122223333/eu-west-1/endpoints/churn/blue/i-0123456789ab4cde8',
  );
});

test('another region, and another job of the same name, has another log', () => {
  const elsewhere = { ...job, scope: { ...scope, region: 'us-east-1' } };
  const later = { ...job, createdAtMs: job.createdAtMs + 1 };
  for (const nameOf of [processingLog, transformLog]) {
    expect(nameOf({ ...job })).toBe(nameOf(job));
    expect(new Set([job, elsewhere, later].map(nameOf)).size).toBe(3);
  }
});
