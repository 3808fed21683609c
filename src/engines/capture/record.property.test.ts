/** Lines are written as bytes; what is in them must be what a serializer would have written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CapturedSide, captureRecord } from './record.ts';

const types = { csvTypes: ['text/csv'], jsonTypes: ['application/json'] };
const contentType = fc.option(
  fc.oneof(fc.constantFrom('text/csv', 'application/json; x="é"', 'image/png'), fc.string()),
  { nil: undefined },
);
/** Text with all that JSON escapes, bytes that are no text, and lengths around a block's. */
const body = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(
      fc.integer({ min: 500, max: 1_040 }),
      fc.constantFrom('', '"', '\\', '\n', '\u007f', 'é'),
    )
    .map(([length, last]) => Buffer.from('1'.repeat(length) + last)),
);
const side = fc.record({ contentType, body }).map((made) => ({ ...made, sizeBytes: 0 }));

function expected(side: CapturedSide) {
  const { contentType: type, body: bytes = Buffer.alloc(0) } = side;
  const text = Buffer.from(bytes).toString('utf8');
  const label = type?.split(';')[0]?.trim().toLowerCase();
  const known = label === 'text/csv' ? 'CSV' : label === 'application/json' ? 'JSON' : undefined;
  const isText = known !== undefined && Buffer.from(text).equals(bytes);
  const data = isText ? text : Buffer.from(bytes).toString('base64');
  return { observedContentType: type ?? null, data, encoding: isText ? known : 'BASE64' };
}

test('whatever the bodies are, the line is what a serializer would have written', () => {
  fc.assert(
    fc.property(side, side, fc.string(), (input, output, customAttributes) => {
      const event = { eventId: 'e', customAttributes, inferenceTimeMs: 0, input, output };
      const [first, second] = [expected(input), expected(output)];
      const whole = {
        captureData: {
          endpointInput: {
            ...{ observedContentType: first.observedContentType, mode: 'INPUT' },
            ...{ data: first.data, encoding: first.encoding },
          },
          endpointOutput: {
            ...{ observedContentType: second.observedContentType, mode: 'OUTPUT' },
            ...{ data: second.data, encoding: second.encoding },
          },
        },
        eventMetadata: {
          ...{ eventId: 'e', customAttributes: [customAttributes] },
          inferenceTime: '1970-01-01T00:00:00Z',
        },
        eventVersion: '0',
      };
      const line = captureRecord(event, types);
      expect(line.toString('utf8')).toBe(`${JSON.stringify(whole)}\n`);
    }),
  );
});

test('lines that were written earlier stay what they were', () => {
  const line = (text: string) => {
    const input = { contentType: 'text/csv', body: Buffer.from(text), sizeBytes: text.length };
    return captureRecord({ eventId: 'e', inferenceTimeMs: 0, input }, types);
  };
  const texts = Array.from({ length: 60 }, (_, number) => `${number},${'7'.repeat(number * 97)}`);
  const lines = texts.map(line);
  for (const [at, text] of texts.entries()) {
    expect(JSON.parse(String(lines[at])).captureData.endpointInput.data).toBe(text);
  }
});
