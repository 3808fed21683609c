/** That invocations are told of before they are answered, once each, and not run untold. */
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../wire/operation.ts';
import type { Invoked } from './audit.ts';
import { type Bench, bench, instanceAt, variantOn } from './gateway.fixture.ts';

let made: Bench;
let records: { readonly invoked: Invoked; readonly fault: string | undefined }[];
let canRecord: boolean;
let kept: boolean;
let refusal: Fault | undefined;
let ran: number;

beforeEach(async () => {
  records = [];
  canRecord = true;
  kept = true;
  refusal = undefined;
  ran = 0;
  made = await bench({
    async authorize() {
      if (refusal) throw refusal;
    },
    audit(invoked) {
      if (invoked.endpointName === 'Untold') return undefined;
      return {
        canRecord: async () => canRecord,
        async record(fault) {
          if (!kept) throw new Fault('ServiceUnavailable', 'full', { status: 503 });
          records.push({ invoked, fault: fault?.code });
        },
      };
    },
  });
  const port = await made.model((req, res) => {
    ran += 1;
    req.resume();
    res.end('0.5');
  });
  made.route([variantOn(instanceAt('i', port), 'A')]);
  made.route([variantOn(instanceAt('j', port), 'A')], { name: 'Untold' });
});
afterEach(() => made.close());

const invoke = (EndpointName = 'Churn') =>
  made.client
    .send(new InvokeEndpointCommand({ EndpointName, Body: '1', ContentType: 'text/csv' }))
    .then(({ Body }) => Body?.transformToString())
    .catch((error: Error) => error.name);

test('an answer is told of before it leaves, with who asked', async () => {
  expect(await invoke()).toBe('0.5');
  expect(records).toMatchObject([
    {
      invoked: {
        ...{ action: 'InvokeEndpoint', endpointName: 'Churn', sourceAddress: '127.0.0.1' },
        caller: { userId: 'AIDATEST' },
        check: { action: 'sagemaker:InvokeEndpoint' },
      },
      fault: undefined,
    },
  ]);
});

test('what is refused and what fails is told of once', async () => {
  refusal = new Fault('AccessDeniedException', 'no', { status: 403 });
  expect(await invoke()).toBe('AccessDeniedException');
  refusal = undefined;
  expect(await invoke('Nowhere')).toBe('ValidationError');
  expect(records.map(({ fault }) => fault)).toEqual(['AccessDeniedException', 'ValidationError']);
});

test('an invocation that could not be told of does not run', async () => {
  canRecord = false;
  expect(await invoke()).toBe('ServiceUnavailable');
  expect([ran, await invoke('Untold')]).toEqual([0, '0.5']);
});

test('an answer whose record is not kept does not leave', async () => {
  kept = false;
  expect(await invoke()).toBe('ServiceUnavailable');
  expect(ran).toBe(1);
});
