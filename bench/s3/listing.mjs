/** A list of 1,000 keys out of 1,000,000: of pages that are read anew, and of one that is not. */
import { startedLoad } from '../support/load.mjs';
import { startedServer } from '../support/processes.mjs';
import { inTurn, median, perCpuSecond } from '../support/rounds.mjs';
import { filled } from './filling.mjs';
import { bucket, created, objectRequest } from './sides.mjs';

const goalMs = 15;
const pageKeys = 1_000;
/** More than are kept in memory: each is read from the database when its turn comes again. */
const pageCount = 300;

export async function listClaims({ folder, say, quick }) {
  const keys = quick ? 50_000 : 1_000_000;
  const first = await startedServer({ folder });
  await created(first);
  await first.stop();
  await filled(first.dataFolder, { bucket, keys, keyOf });
  const server = await startedServer({ folder });
  const load = await startedLoad();
  try {
    const requests = await Promise.all(
      Array.from({ length: pageCount }, (_, n) =>
        objectRequest(server, {
          ...{ method: 'GET', key: '' },
          // Anywhere in the bucket, in an order that jumps.
          query: {
            'list-type': '2',
            'start-after': keyOf(Math.floor(keys * (((n * 37) % pageCount) / (pageCount + 1)))),
          },
        }),
      ),
    );
    const measured = { load, server, say, keys, quick };
    return [
      await listed('different pages', requests, measured),
      await listed('one page again and again', requests.slice(0, 1), measured),
    ];
  } finally {
    await load.stop();
    await server.stop();
  }
}

async function listed(which, requests, { load, server, say, keys, quick }) {
  const plan = { port: server.port, requests, forMs: quick ? 1_500 : 3_000, connections: 1 };
  await load.run(plan);
  const run = () => perCpuSecond(server, () => load.run(plan));
  const { lists } = await inTurn({ lists: run }, quick ? 3 : 5);
  const p50Ms = median(lists.map(({ p50Us }) => p50Us / 1e3));
  const cpuMs = median(lists.map((told) => 1e3 / told.perCpuSecond));
  const p99Ms = median(lists.map(({ p99Us }) => p99Us / 1e3));
  const detail = `${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${cpuMs.toFixed(2)} ms of CPU`;
  say(`list of ${pageKeys} keys out of ${keys}, ${which}: ${detail}`);
  return {
    metric: `a list of 1,000 keys out of ${keys.toLocaleString('en')}, ${which}`,
    ...{ ratio: goalMs / p50Ms, goal: 1, baseline: `${goalMs} ms`, detail },
  };
}

const keyOf = (n) => `data/day-${String(n % 365).padStart(3, '0')}/part-${n}.jsonl`;
