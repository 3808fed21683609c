/** Objects of 1 KB, as many a second as go. */
import { startedLoad } from '../support/load.mjs';
import { inTurn, median, medianRatio, perCpuSecond } from '../support/rounds.mjs';
import { sent } from '../support/signing.mjs';
import { modelkeep, objectRequest, plain } from './sides.mjs';

const body = 'x'.repeat(1_024);
const connections = 16;
/** So that each put of a round makes a new object: more a second than a core can. */
const keysASecond = 2_500;
const gotKeys = 500;
const gotName = 'got';
/** Code is compiled for good after some ten thousand. */
const warmUpRequests = 20_000;
const mostWarmUpSeconds = 15;
const goal = 0.5;

export async function smallClaims({ folder, say, quick }) {
  const forMs = quick ? 1_000 : 2_500;
  const load = await startedLoad();
  const servers = { baseline: await plain({ folder }), modelkeep: await modelkeep() };
  try {
    const claims = [];
    const warmUp = await Promise.all(
      Array.from({ length: gotKeys }, (_, n) =>
        objectRequest(servers.modelkeep, { key: `small-${gotName}/${n}`, body }),
      ),
    );
    await putFirst(servers, warmUp);
    for (const method of ['PUT', 'GET']) {
      const requestsOf = requestsFor(servers.modelkeep, { method, forMs });
      const sideOf = (server) => {
        let round = 0;
        return async () => {
          const requests = await requestsOf(round++);
          const plan = { port: server.port, requests, forMs, connections };
          return perCpuSecond(server, () => load.run(plan));
        };
      };
      for (const server of Object.values(servers)) {
        await warmed(load, server, method === 'PUT' ? warmUp : await requestsOf(0));
      }
      const { modelkeep: own, baseline } = servers;
      const sides = { baseline: sideOf(baseline), modelkeep: sideOf(own) };
      const found = await inTurn(sides, quick ? 3 : 7);
      claims.push(claimOf(method, found, say));
    }
    return claims;
  } finally {
    await load.stop();
    for (const server of Object.values(servers)) await server.stop();
  }
}

/** What is got again and again; a server that has just started is slow for its first thousands. */
async function putFirst(servers, requests) {
  for (const server of Object.values(servers)) {
    for (const request of requests) await sent(server, request);
  }
}

/** Until enough were answered, or long enough was tried. */
async function warmed(load, { port }, requests) {
  for (let left = warmUpRequests, tries = mostWarmUpSeconds; left > 0 && tries > 0; tries -= 1) {
    left -= (await load.run({ port, requests, forMs: 1_000, connections })).answered;
  }
}

/** Of a round, for both sides: signing costs more than what is measured. */
function requestsFor(server, { method, forMs }) {
  const made = [];
  const isPut = method === 'PUT';
  return (round) => {
    const name = isPut ? round : gotName;
    made[name] ??= Promise.all(
      Array.from({ length: isPut ? (keysASecond * forMs) / 1_000 : gotKeys }, (_, n) =>
        objectRequest(server, { method, key: `small-${name}/${n}`, body: isPut ? body : '' }),
      ),
    );
    return made[name];
  };
}

function claimOf(method, found, say) {
  const each = (name, figure) => found[name].map((told) => told[figure]);
  const of = (name, figure) => median(each(name, figure));
  const ratio = medianRatio(each('modelkeep', 'perCpuSecond'), each('baseline', 'perCpuSecond'));
  const wall = medianRatio(each('modelkeep', 'perSecond'), each('baseline', 'perSecond'));
  for (const name of Object.keys(found)) {
    const figures = [
      `${of(name, 'perSecond').toFixed(0)}/s`,
      `${of(name, 'perCpuSecond').toFixed(0)} per CPU second`,
      `p50 ${(of(name, 'p50Us') / 1e3).toFixed(2)} ms`,
      `p99 ${(of(name, 'p99Us') / 1e3).toFixed(2)} ms`,
    ];
    say(`${method} 1 KB ${name.padEnd(10)} ${figures.join(', ')}`);
  }
  const detail = `per CPU second; by the clock ${wall.toFixed(2)}`;
  say(`${method} 1 KB ratio ${ratio.toFixed(2)} ${detail}`);
  const baseline = 'a bare node:http server over files with the same syncs';
  return { metric: `${method} of 1 KB objects a second`, ratio, goal, baseline, detail };
}
