/** The small readers and writers, against references and odd input. */
import { cbor } from '@smithy/core/cbor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StructureType } from '../model/types.ts';
import { decodeCbor, encodeCbor } from './cbor-codec.ts';
import { formTree, indexed } from './form.ts';
import { Malformed } from './malformed.ts';
import { splitHeader } from './text.ts';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';
import { escapeXml, lasting, readXml, writeXmlDocument } from './xml.ts';
import { parseXml } from './xml-tree.ts';

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

const plain = (v: unknown): unknown => {
  if (v instanceof Uint8Array) return { bytes: Buffer.from(v).toString('hex') };
  if (Array.isArray(v)) return v.map(plain);
  if (typeof v !== 'object' || v === null) return v;
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]));
};

describe('CBOR', () => {
  test('reads what it wrote, and what the reference wrote', () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(plain(decodeCbor(encodeCbor(v)))).toEqual(plain(v));
      }),
    );
    for (const v of [
      0,
      23,
      24,
      255,
      256,
      65_536,
      2 ** 32,
      -1,
      -300,
      1.5,
      'x',
      [1, [2]],
      { a: 'b' },
    ]) {
      expect(decodeCbor(cbor.serialize(v))).toEqual(v);
      expect(cbor.deserialize(encodeCbor(v))).toEqual(v);
    }
  });

  test('reads indefinite lengths, halves and instants', () => {
    const read = (hex: string) => decodeCbor(Buffer.from(hex, 'hex'));
    // Examples of RFC 8949, appendix A.
    expect(read('bf61610161629f0203ffff')).toEqual({ a: 1, b: [2, 3] });
    expect(read('7f657374726561646d696e67ff')).toBe('streaming');
    expect(plain(read('5f42010243030405ff'))).toEqual({ bytes: '0102030405' });
    expect(read('f93e00')).toBe(1.5);
    expect(read('f97c00')).toBe(Number.POSITIVE_INFINITY);
    expect(read('c11a514b67b0')).toEqual(new Date('2013-03-21T20:04:00Z'));
    expect(read('1b000000e8d4a51000')).toBe(1e12);
  });

  test.each([
    '',
    'ff',
    '1c',
    '9f01',
    '7f01ff',
    'a101',
    'c2420101',
    'c16161',
    '61ff',
    '5bffffffffffffffff',
  ])('refuses %s', (hex) => {
    expect(() => decodeCbor(Buffer.from(hex, 'hex'))).toThrow(Malformed);
  });
});

describe('XML', () => {
  test('any text survives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/[\uFFFE\uFFFF]/.test(text));
        expect(parseXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`).text).toBe(text);
      }),
    );
  });

  test('reads comments, CDATA, prefixes, attributes and references', () => {
    const element = parseXml(
      '\uFEFF<?xml version="1.0"?>\n<!-- c --><x:a xmlns:x="u" t=\'1\'>1<b/>&lt;&#65;&#x42;' +
        '<![CDATA[<&]]>\r\n</x:a>\n',
    );
    expect(element).toMatchObject({ name: 'a', text: '1<AB<&\n', attributes: { t: '1' } });
    expect(element.children.map(({ name }) => name)).toEqual(['b']);
  });

  test.each([
    '',
    'text',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&nope;</a>',
    '<a>&#x110000;</a>',
    '<a b=1/>',
    '<!DOCTYPE a><a/>',
    '<a',
    '<a><![CDATA[</a>',
  ])('refuses %s', (text) => {
    expect(() => parseXml(text)).toThrow(Malformed);
  });

  test('a list of one, an empty list and a flattened list', () => {
    const type: StructureType = {
      kind: 'structure',
      name: 'S',
      members: [
        { name: 'L', type: { kind: 'list', item: { type: { kind: 'string' }, xmlName: 'i' } } },
        {
          name: 'F',
          type: { kind: 'list', item: { type: { kind: 'integer' } } },
          xmlFlattened: true,
        },
        { name: 'A', type: { kind: 'string' }, xmlAttribute: true },
      ],
    };
    const read = (text: string) => readXml(type, parseXml(text));
    expect(read('<S A="x"><L>\n<i>1</i>\n</L><F>1</F><F>2</F></S>')).toEqual({
      L: ['1'],
      F: [1, 2],
      A: 'x',
    });
    expect(read('<S><L/></S>')).toEqual({ L: [] });
    expect(() => read('<S><F>x</F></S>')).toThrow(Malformed);
    expect(writeXmlDocument(type, { L: ['<'], F: [1], A: '"' }, { xmlns: 'u' })).toBe(
      '<S xmlns="u" A="&quot;"><L><i>&lt;</i></L><F>1</F></S>',
    );
  });

  test('an item that lasts is written as its place says, each time', () => {
    const item: StructureType = {
      kind: 'structure',
      name: 'I',
      members: [{ name: 'K', type: { kind: 'string' } }],
    };
    const other: StructureType = { ...item, members: [{ name: 'N', type: { kind: 'integer' } }] };
    const listOf = (type: StructureType, xmlName: string): StructureType => ({
      kind: 'structure',
      name: 'S',
      members: [{ name: 'L', type: { kind: 'list', item: { type, xmlName } } }],
    });
    const kept = lasting({ K: '<"é', N: 2 });
    const written = (type: StructureType, name: string) =>
      writeXmlDocument(listOf(type, name), { L: [kept, { ...kept }] }, {});
    const twice = (text: string) => `<S><L>${text}${text}</L></S>`;
    for (let time = 0; time < 2; time++) {
      expect(written(item, 'i')).toBe(twice('<i><K>&lt;&quot;é</K></i>'));
      expect(written(item, 'j')).toBe(twice('<j><K>&lt;&quot;é</K></j>'));
      expect(written(other, 'i')).toBe(twice('<i><N>2</N></i>'));
    }
  });
});

describe('forms', () => {
  test('indexes need not be dense, and are in order of number', () => {
    const tree = formTree([
      ['L.member.10', 'c'],
      ['L.member.2', 'b'],
      ['L.member.x', 'no'],
      ['__proto__.a', 'p'],
    ]);
    const list = tree.children.get('L')?.children.get('member');
    expect(indexed(list).map((node) => node.value)).toEqual(['b', 'c']);
    expect(({} as { a?: string }).a).toBeUndefined();
  });
});

describe('headers', () => {
  test.each([
    ['a', ['a']],
    ['a, b', ['a', 'b']],
    ['"a, b", c', ['a, b', 'c']],
    ['"a \\"q\\"",b', ['a "q"', 'b']],
    ['a,,b', ['a', '', 'b']],
  ])('%s', (text, items) => {
    expect(splitHeader(text)).toEqual(items);
  });
});

describe('timestamps', () => {
  test.each([
    ['2026-01-02T03:04:05Z', 1_767_323_045_000],
    ['2026-01-02T03:04:05.678Z', 1_767_323_045_678],
    ['2026-01-02T05:04:05+02:00', 1_767_323_045_000],
    ['2026-01-02T03:04:05', 1_767_323_045_000],
    ['2026-01-02', 1_767_312_000_000],
    ['1767323045', 1_767_323_045_000],
    ['1767323045.25', 1_767_323_045_250],
    ['Fri, 02 Jan 2026 03:04:05 GMT', 1_767_323_045_000],
  ])('%s', (text, instantMs) => {
    expect(parseTimestamp(text)?.getTime()).toBe(instantMs);
  });

  test.each(['', 'soon', '2026-13-01T00:00:00Z', '99999999999999999', 'Jan 2 2026'])(
    'refuses %j',
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined();
    },
  );

  test('writes each format', () => {
    const date = new Date(1_767_323_045_250);
    expect(formatTimestamp(date, 'epoch-seconds')).toBe('1767323045.25');
    expect(formatTimestamp(date, 'date-time')).toBe('2026-01-02T03:04:05.250Z');
    expect(formatTimestamp(date, 'http-date')).toBe('Fri, 02 Jan 2026 03:04:05 GMT');
  });
});
