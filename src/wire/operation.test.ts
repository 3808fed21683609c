/** A service cannot be mounted with an operation that does not say what it needs. */
import { expect, test } from 'vitest';
import { defined } from '../kernel/assert.ts';
import { type Call, mount, type OperationTable } from './operation.ts';

const call: Call = {
  scope: { partition: 'aws', region: 'us-east-1', account: '123456789012' },
  caller: { accessKeyId: '', arn: '', userId: '', account: '123456789012' },
  requestId: 'r',
  signal: new AbortController().signal,
  endpointUrl: 'http://localhost',
  headers: {},
  url: '/',
  checksums: {},
};

const operations = {
  Look: async (_input: { readonly Name?: string }, { prefix }: Call & Parts) => ({ prefix }),
  Touch: async () => {},
} satisfies OperationTable<Call & Parts>;

interface Parts {
  readonly prefix: string;
}

const look = ({ Name = '' }: { readonly Name?: string }, { prefix }: Call & Parts) => ({
  action: 'x:Look',
  resource: `${prefix}${Name}`,
});

const parts: Parts = { prefix: 'p/' };

test('what an operation needs is told from its input and its parts', async () => {
  const permissions = { Look: look, Touch: 'open' } as const;
  const mounted = mount('x', { operations, permissions }, parts);
  expect(mounted.operations).toEqual(['Look', 'Touch']);
  const needs = await mounted.needs('Look', { Name: 'n' }, call);
  expect(needs).toEqual([{ action: 'x:Look', resource: 'p/n' }]);
  expect(await mounted.needs('Touch', {}, call)).toBe('open');
  expect(await mounted.call('Look', {}, call)).toEqual({ prefix: 'p/' });
  expect(mounted.call('Look no further', {}, call)).toBeUndefined();
});

test('a call that the service opens has its parts, and the signal of who is gone', async () => {
  const mounted = mount('x', { operations, permissions: { Look: look, Touch: 'open' } }, parts);
  const gone = new AbortController();
  const opened = defined(mounted.open, 'open')({ ...call, url: '/opened' }, gone);
  expect(await mounted.needs('Look', { Name: 'n' }, opened)).toMatchObject([{ resource: 'p/n' }]);
  expect(await mounted.call('Look', {}, opened)).toEqual({ prefix: 'p/' });
  expect(opened).toMatchObject({ url: '/opened', scope: call.scope });
  gone.abort();
  expect(opened.signal.aborted).toBe(true);
});

test('without a declaration it does not compile, and is a bug where it runs', async () => {
  const permissions = { Look: look };
  // @ts-expect-error: Touch declares nothing
  const mounted = mount('x', { operations, permissions }, { prefix: 'p/' });
  expect(() => mounted.needs('Touch', {}, call)).toThrow('x.Touch declares no permission');
  const loose: OperationTable<Call & Parts> = operations;
  // @ts-expect-error: a table without the names of its operations could lack any
  mount('x', { operations: loose, permissions: {} }, { prefix: 'p/' });
});
