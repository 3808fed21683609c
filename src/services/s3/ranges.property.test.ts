/** Ranges of objects against a reference that counts bytes one by one, as RFC 9110 words it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../../wire/operation.ts';
import { contentRange, copyRangeOf, partRangeOf, rangeOf } from './ranges.ts';

const text = (sizeBytes: number) => Array.from({ length: sizeBytes }, (_, i) => i);

/** The bytes asked for; 'whole' when the header is passed over, or the code of the refusal. */
function reference(header: string, sizeBytes: number): readonly number[] | string {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (!asked || header === 'bytes=-') return 'whole';
  const [first, last] = [asked[1], asked[2]].map((digits) => (digits ? Number(digits) : undefined));
  if (first !== undefined && last !== undefined && last < first) return 'whole';
  const taken = text(sizeBytes).filter((at) =>
    first === undefined
      ? at >= sizeBytes - (last ?? 0)
      : at >= first && (last === undefined || at <= last),
  );
  return taken.length === 0 ? 'InvalidRange' : taken;
}

function asked(header: string, sizeBytes: number): readonly number[] | string {
  try {
    const range = rangeOf(header, sizeBytes);
    return range ? text(sizeBytes).slice(range.start, range.end) : 'whole';
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    return cause.code;
  }
}

const size = fc.integer({ min: 0, max: 20 });
const number = fc.oneof(
  fc.nat(25).map(String),
  fc.constantFrom('', '0', '00', '007', '9007199254740993', '9'.repeat(400)),
);

test('a range is the bytes it says, within the object', () => {
  fc.assert(
    fc.property(number, number, size, (first, last, sizeBytes) => {
      const header = `bytes=${first}-${last}`;
      expect([header, asked(header, sizeBytes)]).toEqual([header, reference(header, sizeBytes)]);
    }),
    { numRuns: 1_000 },
  );
});

test('any other header is passed over', () => {
  const piece = fc.constantFrom('bytes', '=', '-', ',', '1', '5', ' ', 'items', '*', '/', '.');
  const header = fc.oneof(
    fc.string(),
    fc.array(piece).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(header, size, (one, sizeBytes) => {
      const plain = one.replaceAll(' ', '');
      fc.pre(!/^bytes=\d*-\d*$/.test(plain));
      expect(asked(one, sizeBytes)).toBe('whole');
    }),
    { numRuns: 500 },
  );
});

test('what is sent back says which bytes they are', () => {
  fc.assert(
    fc.property(
      fc.nat(25),
      fc.nat(25),
      fc.integer({ min: 1, max: 20 }),
      (first, last, sizeBytes) => {
        const range = first <= last && first < sizeBytes;
        fc.pre(range);
        const found = rangeOf(`bytes=${first}-${last}`, sizeBytes);
        const [, from, to, of] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(
          found ? contentRange(found, sizeBytes) : '',
        ) as RegExpExecArray;
        expect([from, to, of].map(Number)).toEqual([
          first,
          Math.min(last, sizeBytes - 1),
          sizeBytes,
        ]);
      },
    ),
  );
});

test('a copied range must lie within its source', () => {
  fc.assert(
    fc.property(number, number, size, (first, last, sizeBytes) => {
      const whole = first !== '' && last !== '' && Number(last) >= Number(first);
      const within = whole && Number(last) < sizeBytes;
      const copy = () => copyRangeOf(`bytes=${first}-${last}`, sizeBytes);
      if (within) expect(copy()).toEqual({ start: Number(first), end: Number(last) + 1 });
      else expect(copy).toThrow(Fault);
    }),
    { numRuns: 500 },
  );
});

test('parts follow one another and are all of the object', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, (each) => {
      const sizeBytes = each.reduce((a, b) => a + b, 0);
      const parts = each.map((one, i) => ({ number: i + 1, sizeBytes: one }));
      const object = { parts: parts as never, sizeBytes };
      const taken = each.flatMap((_, i) => {
        const { start, end } = partRangeOf(i + 1, object);
        return text(sizeBytes).slice(start, end);
      });
      expect(taken).toEqual(text(sizeBytes));
      expect(() => partRangeOf(each.length + 1, object)).toThrow(Fault);
      expect(() => partRangeOf(0, object)).toThrow(Fault);
    }),
  );
});
