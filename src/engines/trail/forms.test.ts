/** That lines written by their forms are read again as they were, whatever is between them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather, once } from '../../kernel/bytes.ts';
import {
  between,
  type LineForm,
  WrittenForms,
  type WrittenLine,
  wholeLine,
  withForms,
} from './forms.ts';

const limitBytes = 1_024 * 1_024;

async function readAgain(written: string, cutAt = written.length): Promise<string> {
  const bytes = Buffer.from(written);
  const parts = async function* () {
    yield bytes.subarray(0, cutAt);
    yield bytes.subarray(cutAt);
  };
  return (await gather(withForms(parts()), limitBytes)).toString('utf8');
}

const json = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text));
const ownLine = json.map((text): WrittenLine => ({ text: `{"own":${text}}` }));
/** Two values each; the same objects come again. */
const forms = fc
  .array(fc.tuple(json, json), { minLength: 1, maxLength: 3 })
  .map((pairs) => pairs.map(([a, b]): LineForm => [`{"a":${a},"x":`, `,"b":${b},"y":`, '}']));
const lines = forms.chain((known) => {
  const formed = fc
    .tuple(fc.constantFrom(...known), json, json)
    .map(([form, x, y]): WrittenLine => ({ form, text: x + between + y }));
  return fc.array(fc.oneof(ownLine, formed, formed), { maxLength: 12 });
});

test('lines come back byte for byte, wherever what was written is cut', async () => {
  const cuts = fc.double({ min: 0, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(lines, cuts, async (given, cut) => {
      const stretch = new WrittenForms();
      const written = given.map((line) => stretch.textOf(line)).join('');
      const cutAt = Math.floor(Buffer.byteLength(written) * cut);
      const expected = given.map((line) => `${wholeLine(line)}\n`).join('');
      expect(await readAgain(written, cutAt)).toBe(expected);
    }),
    { numRuns: 300 },
  );
});

test('a form is written with its second line, and those behind it say its number', () => {
  const stretch = new WrittenForms();
  const form: LineForm = ['{"id":', '}'];
  const written = ['1', '2', '3'].map((text) => stretch.textOf({ text, form }));
  expect(written).toEqual(['{"id":1}\n', '#["{\\"id\\":","}"]\n0\t2\n', '0\t3\n']);
});

test('forms of a stretch are bounded: lines of more are written whole', async () => {
  const stretch = new WrittenForms();
  const many = Array.from({ length: 1_001 }, (_, number): LineForm => [`{"${number}":`, '}']);
  for (const form of many) stretch.textOf({ text: '1', form });
  const [first, last] = [many[0], many[1_000]].map((form) =>
    stretch.textOf({ text: '2', form: form ?? [] }),
  );
  expect(first).toBe('#["{\\"0\\":","}"]\n0\t2\n');
  expect(last).toBe('{"1000":2}\n');
});

test('what is damaged is handed on as it is, and no other form is taken for it', async () => {
  const whole = '{"id":1}\n';
  expect(
    await readAgain(`${whole}0\t2\n#[broken\n#["{\\"b\\":","}"]\n0\t3\n1\t4\n1\t5\t6\n2\t7\n`),
  ).toBe(`${whole}0\t2\n0\t3\n{"b":4}\n1\t5\t6\n2\t7\n`);
});

test('a last line without its end is left out, and whole lines need no forms', async () => {
  const content = once(Buffer.from('{"id":1}\n{"id":2'));
  expect((await gather(withForms(content), limitBytes)).toString()).toBe('{"id":1}\n');
});
