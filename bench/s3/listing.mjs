/** A list of 1,000 keys out of 1,000,000. */
import { startedLoad } from '../support/load.mjs';
import { startedServer } from '../support/processes.mjs';
import { inTurn, median, perCpuSecond } from '../support/rounds.mjs';
import { filled } from './filling.mjs';
import { bucket, created, objectRequest } from './sides.mjs';

const goalMs = 15;
const pageKeys = 1_000;

export async function listClaims({ folder, say, quick }) {
  const keys = quick ? 50_000 : 1_000_000;
  const first = await startedServer({ folder });
  await created(first);
  await first.stop();
  await filled(first.dataFolder, { bucket, keys, keyOf });
  const server = await startedServer({ folder });
  const load = await startedLoad();
  try {
    const pages = Array.from({ length: 100 }, (_, n) =>
      objectRequest(server, {
        ...{ method: 'GET', key: '' },
        // Anywhere in the bucket, in an order that jumps.
        query: {
          'list-type': '2',
          'start-after': keyOf(Math.floor(keys * (((n * 37) % 100) / 101))),
        },
      }),
    );
    const requests = await Promise.all(pages);
    const plan = { port: server.port, requests, forMs: quick ? 1_500 : 3_000, connections: 1 };
    const run = () => perCpuSecond(server, () => load.run(plan));
    const { lists } = await inTurn({ lists: run }, quick ? 3 : 5);
    const p50Ms = median(lists.map(({ p50Us }) => p50Us / 1e3));
    const cpuMs = median(lists.map((told) => 1e3 / told.perCpuSecond));
    const p99Ms = median(lists.map(({ p99Us }) => p99Us / 1e3));
    const detail = `${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${cpuMs.toFixed(2)} ms of CPU`;
    say(`list of ${pageKeys} keys out of ${keys}: ${detail}`);
    return [
      {
        metric: `a list of 1,000 keys out of ${keys.toLocaleString('en')}`,
        ...{ ratio: goalMs / p50Ms, goal: 1, baseline: `${goalMs} ms`, detail },
      },
    ];
  } finally {
    await load.stop();
    await server.stop();
  }
}

const keyOf = (n) => `data/day-${String(n % 365).padStart(3, '0')}/part-${n}.jsonl`;
