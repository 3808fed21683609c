/** Work on several items at a time: the order, the limit they share, and what a failure leaves. */
import { expect, test } from 'vitest';
import { inOrder, Permits } from './in-order.ts';
import { gate } from './transform.fixture.ts';

async function* numbers(count: number, read: number[] = []) {
  for (let at = 0; at < count; at += 1) {
    read.push(at);
    yield at;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('results come in the order of the items, whichever ends first', async () => {
  const gates = Array.from({ length: 3 }, gate);
  const work = async (at: number) => {
    await gates[at]?.opened;
    return at;
  };
  const results = all(inOrder(numbers(3), work, new Permits(3)));
  for (const one of gates.toReversed()) one.open();
  expect(await results).toEqual([0, 1, 2]);
});

test('what is done and not taken keeps its permit: a slow reader holds the work back', async () => {
  const read: number[] = [];
  const results = inOrder(numbers(10, read), async (at) => at, new Permits(2));
  expect((await results.next()).value).toBe(0);
  expect(read.length).toBeLessThanOrEqual(3);
  expect((await results.next()).value).toBe(1);
  expect(read.length).toBeLessThanOrEqual(4);
  await results.return(undefined);
});

test('several share the permits, and each gets on even with one', async () => {
  const permits = new Permits(1);
  let now = 0;
  let most = 0;
  const work = async (at: number) => {
    now += 1;
    most = Math.max(most, now);
    await Promise.resolve();
    now -= 1;
    return at;
  };
  const ends = await Promise.all([1, 2, 3].map(() => all(inOrder(numbers(5), work, permits))));
  expect(ends).toEqual([1, 2, 3].map(() => [0, 1, 2, 3, 4]));
  expect(most).toBe(1);
});

test('a failure ends it in its turn, after what is under way, and frees the permits', async () => {
  const permits = new Permits(3);
  const last = gate();
  let ended = false;
  const work = async (at: number) => {
    if (at === 1) throw new Error('bad');
    if (at === 2) {
      await last.opened;
      ended = true;
    }
    return at;
  };
  const results = inOrder(numbers(3), work, permits);
  expect((await results.next()).value).toBe(0);
  const failing = expect(results.next()).rejects.toThrow('bad');
  last.open();
  await failing;
  expect(ended).toBe(true);
  expect([1, 2, 3, 4].map(() => permits.tryTake())).toEqual([true, true, true, false]);
});
