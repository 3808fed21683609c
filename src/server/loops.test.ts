/** The runner of loops: wake-ups, failures, timers, and a virtual clock that misses no instant. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hourMs, minuteMs, VirtualClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/log.ts';
import type { Loop } from '../kernel/loop.ts';
import { Loops } from './loops.ts';

const never = Number.POSITIVE_INFINITY;
let clock: VirtualClock;
let failures: string[];
let loops: Loops;

beforeEach(() => {
  clock = new VirtualClock(1_000);
  failures = [];
  const log = { ...silentLogger, error: (message: string) => void failures.push(message) };
  loops = new Loops({ clock, log });
});
afterEach(async () => {
  await loops.stop();
  vi.useRealTimers();
});

type Tick = (nowMs: number, times: number, signal: AbortSignal) => Promise<number> | number;

/** A loop that notes when it was called. */
function add(name: string, tick: Tick, over: Partial<Loop> = {}): number[] {
  const calls: number[] = [];
  loops.add({
    name,
    async tick(nowMs, { signal }) {
      calls.push(nowMs);
      return tick(nowMs, calls.length, signal);
    },
    ...over,
  });
  return calls;
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('each loop runs once at the start, and then not before it is due', async () => {
  const calls = add('a', (nowMs) => nowMs + 500);
  await loops.start({ timers: false });
  await loops.settle();
  expect(calls).toEqual([1_000]);
  clock.moveTo(1_499);
  await loops.settle();
  clock.moveTo(1_500);
  await loops.settle();
  expect(calls).toEqual([1_000, 1_500]);
});

test('a wake-up runs a loop at once; of an unknown loop it is nothing', async () => {
  const calls = add('a', () => never);
  await loops.start({ timers: false });
  loops.wake('a');
  loops.wake('a');
  loops.wake('b');
  await loops.settle();
  expect(calls).toHaveLength(2);
});

test('a wake-up during a run is honoured right after it, and runs never overlap', async () => {
  const { opened, open } = gate();
  let running = 0;
  let most = 0;
  const calls = add('a', async (_, times) => {
    running += 1;
    most = Math.max(most, running);
    if (times === 2) await opened;
    running -= 1;
    return never;
  });
  await loops.start({ timers: false });
  loops.wake('a');
  const settled = loops.settle();
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  loops.wake('a');
  loops.wake('a');
  open();
  await settled;
  expect([calls.length, most]).toEqual([3, 1]);
});

test('settling waits for work that runs did not wait for, and for what that wakes', async () => {
  const done: string[] = [];
  let work: Promise<void> | undefined;
  const begin = () => {
    work ??= Promise.resolve().then(() => {
      done.push('work');
      loops.wake('second');
    });
    return never;
  };
  add('first', begin, { idle: async () => work });
  const second = add('second', () => never);
  await loops.start({ timers: false });
  await loops.settle();
  expect(done).toEqual(['work']);
  expect(second).toHaveLength(2);
});

test('a loop that fails is tried again later, and the others go on', async () => {
  const calls = add('bad', (_, times) => {
    if (times < 3) throw new Error('no');
    return never;
  });
  const others = add('good', (nowMs) => nowMs + 1_000);
  await loops.start({ timers: false });
  await loops.settle();
  expect(calls).toEqual([1_000]);
  for (const seconds of [3, 6, 11]) {
    clock.moveTo(seconds * 1_000);
    await loops.settle();
  }
  expect(calls).toEqual([1_000, 6_000, 11_000]);
  expect(others).toEqual([1_000, 3_000, 6_000, 11_000]);
  expect(failures).toEqual(['loop bad failed', 'loop bad failed']);
});

test('a virtual clock stops at each instant of the exact loops, and at no other', async () => {
  const hourly = (nowMs: number) => (Math.floor(nowMs / hourMs) + 1) * hourMs;
  const exact = add('schedules', hourly, { exact: true });
  const loose = add('sweeper', (nowMs) => nowMs + minuteMs);
  await loops.start({ timers: false });
  await loops.advanceTo(clock, 2.5 * hourMs);
  expect(exact).toEqual([1_000, hourMs, 2 * hourMs]);
  expect(loose).toEqual([1_000, hourMs, 2 * hourMs, 2.5 * hourMs]);
  expect(clock.nowMs()).toBe(2.5 * hourMs);
});

test('instants that arise on the way are visited too', async () => {
  const dates = [2_000, 3_000, 7_000];
  const exact = add(
    'schedules',
    (nowMs) => {
      while ((dates[0] ?? never) <= nowMs) dates.shift();
      return dates[0] ?? never;
    },
    { exact: true },
  );
  add('maker', (nowMs) => {
    if (nowMs !== 3_000) return never;
    dates.unshift(5_000);
    loops.wake('schedules');
    return never;
  });
  await loops.start({ timers: false });
  await loops.advanceTo(clock, 3_000);
  // Woken now, and not yet run: what it makes now is not passed over.
  loops.wake('maker');
  await loops.advanceTo(clock, 10_000);
  expect([...new Set(exact)]).toEqual([1_000, 2_000, 3_000, 5_000, 7_000]);
});

test('a loop that stays due does not spin', async () => {
  const calls = add('stuck', (nowMs) => nowMs - 1, { exact: true });
  await loops.start({ timers: false });
  await loops.advanceTo(clock, 1_003);
  expect(calls).toEqual([1_000, 1_001, 1_002, 1_003]);
});

test('running a loop waits for the run under way, and begins another', async () => {
  const { opened, open } = gate();
  const calls = add('a', async (_, times) => {
    if (times === 2) await opened;
    return never;
  });
  await loops.start({ timers: false });
  const first = loops.run('a');
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  let over = false;
  const second = loops.run('a').then(() => {
    over = true;
  });
  await Promise.resolve();
  expect(over).toBe(false);
  open();
  await Promise.all([first, second]);
  expect(calls).toHaveLength(3);
  await loops.run('unknown');
});

test('on the system’s clock loops run when they are due, until the end', async () => {
  vi.useFakeTimers({ now: 1_000 });
  const log = { ...silentLogger, error: (message: string) => void failures.push(message) };
  loops = new Loops({ clock: { nowMs: () => Date.now() }, log });
  const calls = add('a', (nowMs) => nowMs + minuteMs);
  const idle = add('b', () => never);
  const broken = add('c', (_, times) => {
    if (times === 1) throw new Error('no');
    return never;
  });
  await loops.start({ timers: true });
  await vi.advanceTimersByTimeAsync(2.5 * minuteMs);
  expect(calls).toEqual([1_000, 1_000 + minuteMs, 1_000 + 2 * minuteMs]);
  expect(idle).toEqual([1_000]);
  expect(broken).toEqual([1_000, 6_000]);
  await loops.stop();
  loops.wake('a');
  await vi.advanceTimersByTimeAsync(hourMs);
  expect(calls).toHaveLength(3);
});

test('the end breaks off runs and waits for what they left', async () => {
  const ended: string[] = [];
  const late = Promise.resolve().then(() => void ended.push('idle'));
  add(
    'a',
    (_, times, signal) => {
      if (times === 1) return never;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          ended.push('run');
          resolve(never);
        });
      });
    },
    { idle: () => late },
  );
  await loops.start({ timers: false });
  loops.wake('a');
  await Promise.resolve();
  await loops.stop();
  expect(ended.toSorted()).toEqual(['idle', 'run']);
});
