/** How long it is waited for others: a turn, while more come, and never long. */
import { expect, test } from 'vitest';
import { gathered } from './gathering.ts';

/** Turns of the event loop until it resolves; `coming` says how many there are after each. */
async function turnsOf(coming: (turn: number) => number, enough = 100): Promise<number> {
  let turn = 0;
  let over = false;
  const counting = () => {
    if (over) return;
    turn += 1;
    setImmediate(counting);
  };
  setImmediate(counting);
  await gathered(() => coming(turn), enough);
  over = true;
  return turn;
}

test('one alone waits for one turn', async () => {
  expect(await turnsOf(() => 1)).toBe(1);
});

test('while each turn brings more it is waited, for eight turns at most', async () => {
  expect(await turnsOf((turn) => Math.min(3, 1 + turn))).toBe(3);
  expect(await turnsOf((turn) => 1 + turn)).toBe(8);
});

test('enough do not wait', async () => {
  expect(await turnsOf(() => 5, 5)).toBe(0);
  expect(await turnsOf((turn) => 1 + 4 * turn, 5)).toBe(1);
});
