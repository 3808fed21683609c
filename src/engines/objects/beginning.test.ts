/** A short stream comes whole; a longer one comes as it was, and its source is let go. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather } from '../../kernel/bytes.ts';
import { beginningOf } from './beginning.ts';

function sourceOf(parts: readonly Uint8Array[], fails = false) {
  const seen = { closed: 0 };
  async function* stream() {
    try {
      yield* parts;
      if (fails) throw new Error('gone');
    } finally {
      seen.closed += 1;
    }
  }
  return { stream: stream(), seen };
}

test('nothing is lost, added or moved', async () => {
  const all = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(all, fc.nat(40), async (parts, mostBytes) => {
      const content = Buffer.concat(parts);
      const { stream, seen } = sourceOf(parts);
      const beginning = await beginningOf(stream, mostBytes, {});
      expect(beginning.whole !== undefined).toBe(content.length <= mostBytes);
      const got = beginning.whole ?? (await gather(beginning.stream, 1_000));
      expect(got.equals(content)).toBe(true);
      expect(seen.closed).toBe(1);
    }),
  );
});

test('a failure of the source is rethrown, early and late', async () => {
  const parts = [Buffer.from('abc'), Buffer.from('def')];
  await expect(beginningOf(sourceOf(parts, true).stream, 9, {})).rejects.toThrow('gone');
  const late = await beginningOf(sourceOf(parts, true).stream, 2, {});
  await expect(gather(late.stream ?? sourceOf([]).stream, 99)).rejects.toThrow('gone');
});

test('whoever gives up the rest lets the source go', async () => {
  const { stream, seen } = sourceOf([Buffer.from('abc'), Buffer.from('def')]);
  const { stream: rest } = await beginningOf(stream, 2, {});
  for await (const part of rest ?? []) {
    expect(part.length).toBe(3);
    break;
  }
  expect(seen.closed).toBe(1);
});

test('a signal that was given already is noticed before the source is waited for', async () => {
  const { stream } = sourceOf([Buffer.from('abc')]);
  const signal = AbortSignal.abort(new Error('given up'));
  await expect(beginningOf(stream, 9, { signal })).rejects.toThrow('given up');
});
