/**
 * The data plane as users run it, against the least that stands between a client and a model server:
 * throughput on one core, latency at half that load, memory over many requests, bodies and streams.
 */
import { fileURLToPath } from 'node:url';
import { deployed, invocations, plainRequests, prepared } from './gateway/endpoints.mjs';
import { largeBodies, memoryOverRequests, streamedAnswers } from './gateway/memory.mjs';
import { startedNginx } from './gateway/nginx.mjs';
import { startedLoad } from './support/load.mjs';
import { clientCore, serverCore, started, startedServer } from './support/processes.mjs';
import { inTurn, median, medianRatio, perCpuSecond } from './support/rounds.mjs';

export const title = 'invocations, signed, authorized and captured, against a bare proxy';

const NAME = 'Churn';
const BARE = 'node:http with undici Pool.dispatch, on the same core';
const file = (name) => fileURLToPath(new URL(`./gateway/${name}`, import.meta.url));

export async function run({ say, quick }) {
  const stops = [];
  const kept = async (starting) => {
    const process = await starting;
    stops.unshift(process);
    return process;
  };
  try {
    const model = await kept(started([file('model.mjs')], { ready: /^model /, core: clientCore }));
    const [fastPort, bigPort] = model.line.split(' ').slice(1).map(Number);
    const bare = await kept(
      started([file('proxy.mjs'), String(fastPort)], { ready: /^proxy /, core: serverCore }),
    );
    bare.port = Number(bare.line.split(' ')[1]);
    const server = await kept(startedServer());
    const load = await kept(startedLoad());
    const nginx = await startedNginx(fastPort, say);
    if (nginx) stops.unshift(nginx);
    await prepared(server);
    await deployed(server, { name: NAME, image: `http://127.0.0.1:${fastPort}` });
    const bench = { ...{ say, quick, server, bare, nginx, load, bigPort }, name: NAME };
    await warmed(bench);
    const { claims, ratePerSecond } = await throughput(bench);
    claims.push(await latency({ ...bench, ratePerSecond }));
    claims.push(await memoryOverRequests(bench));
    claims.push(await streamedAnswers(bench), await largeBodies(bench));
    return claims;
  } finally {
    for (const process of stops) await process.stop();
  }
}

/** Code is compiled for good after some ten thousand requests. */
async function warmed({ server, bare, load, name }) {
  for (const { port, requests } of [
    { port: server.port, requests: await invocations(server, { name }) },
    { port: bare.port, requests: plainRequests(bare.port) },
  ]) {
    for (let answered = 0; answered < 20_000; ) {
      answered += (await load.run({ port, requests, forMs: 1_000 })).answered;
    }
  }
}

async function throughput({ say, quick, server, bare, nginx, load, name }) {
  const forMs = quick ? 1_500 : 3_000;
  const requests = {
    ours: await invocations(server, { name }),
    bare: plainRequests(bare.port),
    ...(nginx ? { nginx: plainRequests(nginx.port) } : {}),
  };
  const wall = { ours: [], bare: [], nginx: [] };
  const side = (which, process) => async () => {
    const plan = { port: process.port, requests: requests[which], forMs };
    const told = await perCpuSecond(process, () => load.run(plan));
    wall[which].push(told.perSecond);
    return told.perCpuSecond;
  };
  const sides = { ours: side('ours', server), bare: side('bare', bare) };
  if (nginx) sides.nginx = side('nginx', nginx);
  const rates = await inTurn(sides, quick ? 3 : 7);
  for (const [which, values] of Object.entries(rates)) {
    const perCpu = Math.round(median(values));
    say(`${which.padEnd(6)} ${perCpu}/s of CPU, ${Math.round(median(wall[which]))}/s by the clock`);
  }
  const claims = [against('bare', BARE, { goal: 0.6, rates })];
  if (nginx) claims.push(against('nginx', 'nginx as proxy, on the same core', { goal: 0, rates }));
  return { claims, ratePerSecond: Math.min(median(wall.ours), median(wall.bare)) };
}

function against(which, baseline, { goal, rates }) {
  const ratio = medianRatio(rates.ours, rates[which]);
  const [ours, theirs] = [median(rates.ours), median(rates[which])].map(Math.round);
  return {
    ...{ metric: `invocations of 1 KB per CPU second, against ${which}`, ratio, goal, baseline },
    detail: `${ours} against ${theirs}, median ratio of ${rates.ours.length} rounds`,
  };
}

/** Both at half of what ours can answer. */
async function latency({ say, quick, server, bare, load, name, ratePerSecond }) {
  const perSecond = Math.round(ratePerSecond / 2);
  const [ours, theirs] = [await invocations(server, { name }), plainRequests(bare.port)];
  const forMs = quick ? 2_000 : 4_000;
  const p50s = { ours: [], bare: [] };
  const side =
    (which, { port }, requests) =>
    async () => {
      const told = await load.run({ port, requests, forMs, perSecond });
      p50s[which].push(told.p50Us / 1_000);
      return told.p99Us / 1_000;
    };
  const sides = { ours: side('ours', server, ours), bare: side('bare', bare, theirs) };
  const p99s = await inTurn(sides, quick ? 3 : 7);
  for (const which of ['ours', 'bare']) {
    const [p50, p99] = [median(p50s[which]), median(p99s[which])].map((ms) => ms.toFixed(2));
    say(`${which.padEnd(6)} at ${perSecond}/s: half within ${p50} ms, 99 % within ${p99} ms`);
  }
  const mostMs = 1;
  const moreMs = median(p99s.ours.map((ms, at) => ms - p99s.bare[at]));
  return {
    ...{ metric: 'p99 at half load, 1 ms above the bare proxy', goal: 1, baseline: BARE },
    ratio: (median(p99s.bare) + mostMs) / (median(p99s.bare) + Math.max(0, moreMs)),
    detail: `${moreMs.toFixed(2)} ms above ${median(p99s.bare).toFixed(2)} ms at ${perSecond}/s`,
  };
}
