/** By whose right captured records are to be written: that of the model that answered. */
import { expect, test } from 'vitest';
import { memoryJournals } from '../adapters/memory/journals.ts';
import { readHeader } from '../engines/capture/pour.ts';
import { Spool } from '../engines/capture/spool.ts';
import { Instance } from '../engines/hosting/fleet.ts';
import type { CapturePlan, Variant } from '../engines/hosting/rows.ts';
import { uuids } from '../kernel/ids.ts';
import { silentLogger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import type { ModelServer } from '../ports/launcher.ts';
import { capture } from './capture.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const arn = 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn';

function running(name: string, roleArn?: string) {
  const variant = { name, ...(roleArn === undefined ? {} : { roleArn }) } as Variant;
  return { variant, instance: new Instance(name, {} as ModelServer) };
}

const plan: CapturePlan = {
  ...{ enabled: true, samplingPercent: 100, destinationUri: 's3://captures/p' },
  ...{ input: true, output: true, csvTypes: [], jsonTypes: [] },
};

test.each([
  ['of a variant', 'blue', { roleArn: 'role/blue' }],
  ['of its shadow', 'dark', { roleArn: 'role/dark' }],
  ['of a model without a role', 'bare', {}],
])('records %s carry the role of the model', async (_, variantName, role) => {
  const journals = memoryJournals();
  const random = seededRandom(1);
  const limits = { maxAgeMs: 60_000, maxSizeBytes: 1_000_000, maxTotalBytes: 1_000_000 };
  const spool = new Spool({ journals, random, limits, onChange: () => {} });
  const live = {
    ...{ key: 'k', name: 'Churn', arn, scope, capture: plan },
    variants: [running('blue', 'role/blue'), running('bare')],
    shadows: [running('dark', 'role/dark')],
  };
  const body = Buffer.from('1');
  await capture(
    {
      ...{ live, variantName, requestHeaders: {}, requestBody: body, answerType: 'text/csv' },
      ...{ answerBody: body, answerSizeBytes: 1, inferenceTimeMs: 0, shadow: false },
    },
    { spool, random, newId: uuids(random), log: silentLogger },
  );
  const [name = ''] = await journals.names();
  const header = await readHeader(await journals.open(name));
  expect(header).toMatchObject({ ok: true, value: { uri: expect.stringMatching(variantName) } });
  const writer = header.ok ? header.value?.writer : undefined;
  expect(writer).toEqual({ scope, endpointArn: arn, ...role });
});
