/** Event streams of any content, read by the SDK's own reader, whole and damaged. */
import { EventStreamCodec } from '@smithy/core/event-streams';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { loadModel } from '../model/load.ts';
import { encodeEvents } from './events.ts';

const codec = new EventStreamCodec(toUtf8, fromUtf8);
const operation = defined(
  loadModel('sagemaker-runtime').operations.get('InvokeEndpointWithResponseStream'),
  'the operation',
);

async function framesOf(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  async function* source() {
    for (const Bytes of parts) yield { PayloadPart: { Bytes } };
  }
  const frames: Uint8Array[] = [];
  for await (const frame of encodeEvents(operation, { Body: source() }, 'json')) frames.push(frame);
  return frames;
}

const parts = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 });

test('the payloads come back', async () => {
  await fc.assert(
    fc.asyncProperty(parts, async (given) => {
      const read = (await framesOf(given)).map((frame) => codec.decode(frame));
      expect(read.map(({ body }) => Buffer.from(body))).toEqual(
        given.map((one) => Buffer.from(one)),
      );
      for (const { headers } of read) expect(headers[':event-type']?.value).toBe('PayloadPart');
    }),
  );
});

test('no byte of a frame can change unseen', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), fc.nat(), async (given, n) => {
      const [frame = Buffer.of()] = await framesOf([given]);
      const changed = Buffer.from(frame);
      const at = n % changed.length;
      changed[at] = (changed[at] ?? 0) ^ (1 << (n % 8));
      expect(() => codec.decode(changed)).toThrow();
    }),
  );
});
