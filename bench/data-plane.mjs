/**
 * Invocations through processes of their own: what two of them serve, against one. A machine of two
 * cores has none to spare beside a load and a model, so nothing is read off the clock: each process
 * is charged with its own CPU time, and what can be served with a core for each process is requests
 * by the CPU time of the busiest one. The main process counts as one: it makes objects of what was
 * captured meanwhile, and must not become the one that all wait for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deployed, invocations, prepared } from './gateway/endpoints.mjs';
import { startedLoad } from './support/load.mjs';
import { clientCore, cpuMsOf, rssBytesOf, started, startedServer } from './support/processes.mjs';
import { inTurn, median, medianRatio } from './support/rounds.mjs';

export const title = 'invocations by two processes of the data plane, against one';

const NAME = 'Churn';
const model = fileURLToPath(new URL('./gateway/model.mjs', import.meta.url));
/** Objects are cut in the rounds that captured them, or soon after. */
const flushSeconds = '1';
/** For each process: code is compiled for good after some ten thousand requests. */
const warmRequests = 20_000;
/** As many for each process, however many there are: what comes in one turn shares its cost. */
const connectionsEach = 16;

export async function run({ say, quick }) {
  const stops = [];
  const kept = async (starting) => {
    const process = await starting;
    stops.unshift(process);
    return process;
  };
  try {
    const answering = await kept(started([model], { ready: /^model /, core: clientCore }));
    const [port] = answering.line.split(' ').slice(1).map(Number);
    const load = await kept(startedLoad());
    const planes = {};
    for (const [name, count] of [
      ['one', 1],
      ['two', 2],
    ]) {
      const flags = ['--data-plane-processes', String(count), '--data-plane-port', '0'];
      const server = await kept(
        startedServer({ flags: [...flags, '--capture-flush-seconds', flushSeconds] }),
      );
      planes[name] = await planeOf(server, {
        modelPort: port,
        load,
        connections: count * connectionsEach,
      });
    }
    return await measured(planes, { say, quick, load });
  } finally {
    for (const process of stops) await process.stop();
  }
}

async function planeOf(server, { modelPort, load, connections }) {
  await prepared(server);
  await deployed(server, { name: NAME, image: `http://127.0.0.1:${modelPort}` });
  const told = server.lines.find((line) => line.startsWith('modelkeep data plane '));
  const port = Number(new URL(told.split(' ').at(-1)).port);
  const requests = await invocations({ ...server, port }, { name: NAME });
  for (let answered = 0; answered < (connections / connectionsEach) * warmRequests; ) {
    answered += (await load.run({ port, requests, connections, forMs: 1_000 })).answered;
  }
  return { server, port, requests, connections, processIds: childrenOf(server.pid) };
}

function childrenOf(pid) {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => {
    try {
      const text = readFileSync(`/proc/${id}/stat`, 'latin1');
      const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
      const isOurs = readFileSync(`/proc/${id}/cmdline`, 'latin1').includes('data-plane');
      return parent === pid && isOurs;
    } catch {
      // It has ended since it was listed.
      return false;
    }
  });
}

async function measured(planes, { say, quick, load }) {
  const forMs = quick ? 2_500 : 5_000;
  const busiest = { one: [], two: [] };
  const each = { one: [], two: [] };
  const main = { one: [], two: [] };
  const side = (name) => async () => {
    const { server, port, requests, connections, processIds } = planes[name];
    const all = [server.pid, ...processIds];
    const beforeMs = all.map(cpuMsOf);
    const { answered } = await load.run({ port, requests, connections, forMs });
    const [mainMs, ...childrenMs] = all.map((id, at) => cpuMsOf(id) - beforeMs[at]);
    const sum = childrenMs.reduce((total, ms) => total + ms, 0);
    main[name].push((mainMs * 1_000) / answered);
    each[name].push((sum * 1_000) / answered);
    busiest[name].push(Math.max(mainMs, ...childrenMs) / sum);
    return (answered * 1_000) / Math.max(mainMs, ...childrenMs);
  };
  const rates = await inTurn({ one: side('one'), two: side('two') }, quick ? 5 : 9);
  for (const name of ['one', 'two']) {
    const { processIds } = planes[name];
    const perSecond = Math.round(median(rates[name]));
    // The first round only warms up.
    const micros = (values) => `${Math.round(median(values.slice(1)))} µs`;
    const rss = processIds.map((id) => `${Math.round(rssBytesOf(id) / 2 ** 20)} MB`).join(', ');
    say(
      `${name}: ${perSecond}/s with a core for each process; a request takes ${micros(each[name])} ` +
        `there, ${micros(main[name])} of the main process; the busiest has ` +
        `${Math.round(median(busiest[name].slice(1)) * 100)} % of it; ${rss}`,
    );
  }
  return [claimed(rates, { main })];
}

function claimed(rates, { main }) {
  const [one, two] = [median(rates.one), median(rates.two)].map(Math.round);
  return {
    metric: 'invocations by the CPU of the busiest process, two processes against one',
    ratio: medianRatio(rates.two, rates.one),
    goal: 1.8,
    baseline: 'one process of the data plane, in the same run',
    detail: `${two} against ${one}; the main process ${Math.round(median(main.two.slice(1)))} µs a request`,
  };
}
