/** Captured lines: what was written is read back; what was damaged is read or refused in words. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { captureLine } from '../src/engines/capture/record.ts';
import { defaultCaptureFormat, recordOf, rowsOfCapture } from '../src/engines/records/rows.ts';

const types = { csvTypes: ['text/csv'], jsonTypes: ['application/json'] };
const cell = fc.oneof(
  fc.constantFrom('', '1', '-2.5', 'a b', 'NaN', 'ü😀', '\u0001', '\\', '\\u0000'),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const rows = fc.integer({ min: 1, max: 4 }).chain((columns) =>
  fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), {
    minLength: 1,
    maxLength: 4,
  }),
);

const side = (contentType: string, body: Buffer) => ({ contentType, body, sizeBytes: body.length });
const lineOf = (contentType: string, body: Buffer) =>
  captureLine(
    { eventId: 'e', inferenceTimeMs: 0, input: side(contentType, body) },
    types,
  ).trimEnd();

test('CSV of any cells comes back cell by cell', () => {
  fc.assert(
    fc.property(rows, fc.constantFrom('\n', '\r\n', '\r'), (all, end) => {
      const text = all.map((row) => row.map(quoted).join(',')).join(end);
      const read = rowsOfCapture(lineOf('text/csv', Buffer.from(text)), defaultCaptureFormat);
      expect(read.ok && read.value.rows.map(({ cells }) => cells.map((one) => one ?? ''))).toEqual(
        all,
      );
    }),
    { numRuns: 400 },
  );
});

test('bodies of any bytes make a line that is JSON, on one line', () => {
  const type = fc.constantFrom(
    'text/csv',
    'application/json',
    'application/x-npy',
    'text/csv; a=b',
  );
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 60 }), (contentType, bytes) => {
      const line = lineOf(contentType, Buffer.from(bytes));
      expect(line).not.toContain('\n');
      expect(recordOf(line).ok).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('a damaged line is read or refused, and nothing else', () => {
  const piece = fc.constantFrom('"', '{', '}', '[', ',', '\\', '\\u12', 'null', '1e999', '\u0000');
  const body = fc.oneof(
    fc.constantFrom('1,2\n3,4', '{"a":[1,{"b":null}]}', '{"instances":[[1],[2]]}', '"', '[1,2'),
    fc.json({ maxDepth: 4 }),
  );
  const type = fc.constantFrom('text/csv', 'application/json', 'x');
  fc.assert(
    fc.property(body, type, fc.nat(), piece, (text, contentType, at, put) => {
      const line = lineOf(contentType, Buffer.from(text));
      const place = at % (line.length + 1);
      const damaged = line.slice(0, place) + put + line.slice(place + (at % 7));
      for (const one of [line, damaged, line.slice(0, place)]) {
        const read = rowsOfCapture(one, defaultCaptureFormat);
        if (!read.ok) expect(read.reason.length).toBeGreaterThan(3);
      }
    }),
    { numRuns: 600 },
  );
});
