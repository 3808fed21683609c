/** The laws of a queue with leases: one holder at a time, nothing lost, nothing twice. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import type { Lease } from './queue.ts';
import { makeWorkQueue } from './store-queue.ts';

const leaseMs = 1_000;
const make = () => makeWorkQueue<{ n: number }>({ store: memoryMetadataStore(), name: 'test' });
const options = (holder: string, limit = 10) => ({ leaseMs, limit, holder });

test('due items come oldest first, with payload, holder and attempt', async () => {
  const queue = make();
  await queue.enqueue('b', { n: 2 }, 200);
  await queue.enqueue('a', { n: 1 }, 300);
  await queue.enqueue('c', { n: 3 }, 301);
  expect(await queue.claim(199, options('w'))).toEqual([]);
  expect(await queue.claim(300, options('w'))).toEqual([
    { id: 'b', payload: { n: 2 }, dueAtMs: 200, attempt: 1, holder: 'w' },
    { id: 'a', payload: { n: 1 }, dueAtMs: 300, attempt: 1, holder: 'w' },
  ]);
});

test('enqueueing twice keeps the first', async () => {
  const queue = make();
  expect(await queue.enqueue('a', { n: 1 }, 0)).toBe(true);
  expect(await queue.enqueue('a', { n: 2 }, 0)).toBe(false);
  expect(await queue.claim(0, options('w'))).toMatchObject([{ payload: { n: 1 } }]);
  expect(await queue.enqueue('a', { n: 3 }, 0)).toBe(false);
});

test('an expired lease is worth nothing once the item is claimed again', async () => {
  const queue = make();
  await queue.enqueue('a', { n: 1 }, 0);
  const [first] = await queue.claim(0, options('dead'));
  expect(await queue.claim(leaseMs - 1, options('w'))).toEqual([]);
  const [second] = await queue.claim(leaseMs, options('w'));
  expect(second).toMatchObject({ id: 'a', attempt: 2, holder: 'w' });
  const old = first as Lease;
  expect(await queue.complete(old)).toMatchObject({ ok: false });
  expect(await queue.renew(old, leaseMs, leaseMs)).toMatchObject({ ok: false });
  await queue.release(old, 0);
  expect(await queue.claim(leaseMs, options('x'))).toEqual([]);
  expect(await queue.complete(second as Lease)).toEqual({ ok: true, value: undefined });
  expect(await queue.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
});

test('the same holder that claims its expired item again has a new lease', async () => {
  const queue = make();
  await queue.enqueue('a', { n: 1 }, 0);
  const [first] = await queue.claim(0, options('w'));
  const [second] = await queue.claim(leaseMs, options('w'));
  expect(await queue.complete(first as Lease)).toMatchObject({ ok: false });
  expect(await queue.complete(second as Lease)).toMatchObject({ ok: true });
});

test('renewing moves the end of the lease', async () => {
  const queue = make();
  await queue.enqueue('a', { n: 1 }, 0);
  const [item] = await queue.claim(0, options('w'));
  expect(await queue.renew(item as Lease, 900, leaseMs)).toMatchObject({ ok: true });
  expect(await queue.nextDueMs()).toBe(1_900);
  expect(await queue.claim(1_899, options('x'))).toEqual([]);
  expect(await queue.complete(item as Lease)).toMatchObject({ ok: true });
});

test('a released item waits for its new time and has not been tried', async () => {
  const queue = make();
  await queue.enqueue('a', { n: 1 }, 0);
  const [item] = await queue.claim(0, options('w'));
  await queue.release(item as Lease, 5_000);
  expect(await queue.nextDueMs()).toBe(5_000);
  expect(await queue.complete(item as Lease)).toMatchObject({ ok: false });
  expect(await queue.claim(4_999, options('w'))).toEqual([]);
  expect(await queue.claim(5_000, options('w'))).toMatchObject([{ attempt: 1, dueAtMs: 5_000 }]);
});

test('cancel takes it from whoever holds it', async () => {
  const queue = make();
  await queue.enqueue('a', { n: 1 }, 0);
  const [item] = await queue.claim(0, options('w'));
  await queue.cancel('a');
  await queue.cancel('a');
  expect(await queue.complete(item as Lease)).toMatchObject({ ok: false });
  expect(await queue.enqueue('a', { n: 2 }, 0)).toBe(true);
});

test('queues of one store do not see one another', async () => {
  const store = memoryMetadataStore();
  const [a, b] = [makeWorkQueue({ store, name: 'a' }), makeWorkQueue({ store, name: 'b' })];
  await a.enqueue('x', {}, 0);
  expect(await b.claim(0, options('w'))).toEqual([]);
});

test('a time that is none is a bug of the caller', async () => {
  const queue = make();
  expect(() => queue.enqueue('a', { n: 1 }, Number.NaN)).toThrow('instant');
  expect(() => queue.enqueue('a', { n: 1 }, -1)).toThrow('instant');
});

const step = fc.oneof(
  fc.record({ kind: fc.constant('enqueue' as const), n: fc.nat(9), in: fc.nat(1_500) }),
  fc.record({ kind: fc.constant('claim' as const), worker: fc.nat(3), limit: fc.nat(4) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(1_200) }),
  fc.record({
    kind: fc.constantFrom('complete' as const, 'renew' as const, 'release' as const),
    pick: fc.nat(20),
  }),
);

test('whatever workers do: never two holders, nothing lost, nothing done twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const queue = make();
      const waiting = new Set<string>();
      const leases: { lease: Lease; untilMs: number }[] = [];
      let nowMs = 0;
      for (const at of steps) {
        if (at.kind === 'wait') nowMs += at.ms;
        else if (at.kind === 'enqueue') {
          const id = String(at.n);
          expect(await queue.enqueue(id, { n: at.n }, nowMs + at.in)).toBe(!waiting.has(id));
          waiting.add(id);
        } else if (at.kind === 'claim') {
          for (const lease of await queue.claim(nowMs, options(`w${at.worker}`, at.limit))) {
            const others = leases.filter((l) => l.lease.id === lease.id && l.untilMs > nowMs);
            expect(others).toEqual([]);
            expect(waiting.has(lease.id)).toBe(true);
            leases.push({ lease, untilMs: nowMs + leaseMs });
          }
        } else {
          const held = leases[at.pick % Math.max(1, leases.length)];
          if (!held) continue;
          const current = leases.findLast((l) => l.lease.id === held.lease.id) === held;
          if (at.kind === 'release') await queue.release(held.lease, nowMs);
          else if (at.kind === 'renew') {
            const renewed = await queue.renew(held.lease, nowMs, leaseMs);
            if (renewed.ok) held.untilMs = nowMs + leaseMs;
          } else if ((await queue.complete(held.lease)).ok) {
            expect(current).toBe(true);
            expect(waiting.delete(held.lease.id)).toBe(true);
          }
          if (at.kind === 'release' && current) held.untilMs = nowMs;
        }
      }
      const rest = await queue.claim(nowMs + 10_000, options('last', 99));
      expect(rest.map(({ id }) => id).sort()).toEqual([...waiting].sort());
    }),
    { numRuns: 200 },
  );
});

test('workers that race for the same items share them without overlap', async () => {
  const queue = make();
  for (let n = 0; n < 40; n += 1) await queue.enqueue(String(n), { n }, 0);
  const claims = await Promise.all(
    Array.from({ length: 16 }, (_, i) => queue.claim(0, options(`w${i}`, 3))),
  );
  const ids = claims.flat().map(({ id }) => id);
  expect(ids).toHaveLength(40);
  expect(new Set(ids).size).toBe(40);
});

test('a process that is alone takes over what dead ones held, attempts counted', async () => {
  const queue = make();
  await queue.enqueue('a', { n: 1 }, 0);
  await queue.enqueue('later', { n: 2 }, 500);
  const [held] = await queue.claim(0, options('dead'));
  await queue.endLeases();
  expect(await queue.complete(held as Lease)).toMatchObject({ ok: false });
  expect(await queue.claim(1, options('w'))).toMatchObject([{ id: 'a', attempt: 2, dueAtMs: 0 }]);
  expect(await queue.claim(500, options('w'))).toMatchObject([{ id: 'later', attempt: 1 }]);
});
