/**
 * What capturing every request costs: the same server and model with it and without it, the objects
 * that records become included; the same while another process keeps the disk busy.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { objectsOfAnHour } from './capture/hour.mjs';
import { deployed, invocations, prepared } from './gateway/endpoints.mjs';
import { startedLoad } from './support/load.mjs';
import { clientCore, started, startedServer } from './support/processes.mjs';
import { inTurn, median, perCpuSecond } from './support/rounds.mjs';

export const title = 'what capturing every request costs, whatever the disk does';

const NAME = 'Churn';
const MOST_COST = 1.1;
const HOUR = { perSecond: 1_000, lineBytes: 2_400, mostObjects: 1_000, fewestObjects: 2 };
/** Objects are made within it: their cost counts. */
const FLUSH_SECONDS = 1;
const SETTLED_MS = 2_500;
const file = (name) => fileURLToPath(new URL(`./${name}`, import.meta.url));

export async function run({ say, quick }) {
  const stops = [];
  const kept = async (starting) => {
    const process = await starting;
    stops.unshift(process);
    return process;
  };
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-disk-'));
  try {
    const ready = { ready: /^model /, core: clientCore };
    const model = await kept(started([file('gateway/model.mjs')], ready));
    const [fastPort] = model.line.split(' ').slice(1).map(Number);
    const load = await kept(startedLoad());
    const servers = {};
    for (const which of ['on', 'off']) {
      const flags = ['--capture-flush-seconds', String(FLUSH_SECONDS)];
      const server = await kept(startedServer({ flags }));
      await prepared(server);
      const image = `http://127.0.0.1:${fastPort}`;
      await deployed(server, { name: NAME, image, capture: which === 'on' });
      servers[which] = server;
    }
    const bench = { say, quick, load, servers };
    for (const server of Object.values(servers)) await warmed(bench, server);
    const claims = [await cost('on a quiet disk', bench)];
    const busy = await kept(started([file('capture/busy-disk.mjs'), folder], { ready: /^busy$/ }));
    claims.push(await cost('on a busy disk', bench));
    await busy.stop();
    claims.push(await anHour(say));
    return claims;
  } finally {
    for (const process of stops) await process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Code is compiled for good after some ten thousand requests. */
async function warmed({ load }, server) {
  const requests = await invocations(server, { name: NAME });
  for (let answered = 0; answered < 20_000; ) {
    answered += (await load.run({ port: server.port, requests, forMs: 1_000 })).answered;
  }
  await pause(SETTLED_MS);
}

async function cost(when, { say, quick, load, servers }) {
  const requests = {};
  for (const [which, server] of Object.entries(servers)) {
    requests[which] = await invocations(server, { name: NAME });
  }
  const side = (which) => async () => {
    const { port } = servers[which];
    const told = await perCpuSecond(servers[which], async () => {
      const loaded = await load.run({ port, requests: requests[which], forMs: 2_000 });
      await pause(SETTLED_MS);
      return loaded;
    });
    return 1e6 / told.perCpuSecond;
  };
  const costs = await inTurn({ on: side('on'), off: side('off') }, quick ? 3 : 7);
  const times = median(costs.on.map((us, at) => us / costs.off[at]));
  const [on, off] = [median(costs.on), median(costs.off)].map(Math.round);
  say(`${when}: ${on} µs of CPU a request with capture, ${off} µs without: ${times.toFixed(3)} ×`);
  return {
    ...{ metric: `CPU of a captured request ${when}, at most 1.1 ×`, ratio: MOST_COST / times },
    ...{ goal: 1, baseline: 'the same server without capture' },
    detail: `${on} µs against ${off} µs, ${costs.on.length} rounds`,
  };
}

async function anHour(say) {
  const { perSecond, lineBytes, mostObjects, fewestObjects } = HOUR;
  const sizes = await objectsOfAnHour({ perSecond, lineBytes });
  const largestMb = (Math.max(...sizes) / 1_048_576).toFixed(0);
  const { length } = sizes;
  say(`an hour of ${perSecond} requests a second: ${length} objects, the largest ${largestMb} MB`);
  return {
    metric: 'objects of an hour of 1,000 requests a second, neither one nor thousands',
    ratio: Math.min(length / fewestObjects, mostObjects / length),
    ...{ goal: 1, baseline: `from ${fewestObjects} to ${mostObjects} objects` },
    detail: `${length} objects of at most ${largestMb} MB`,
  };
}
