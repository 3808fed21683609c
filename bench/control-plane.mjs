/**
 * What a call of the control plane costs the whole server, everything on, against the least that a
 * server in Node does, and against the emulators that people use today. Figures are requests for each
 * second of CPU that the server's process spent, which is what one core gives; wall time is beside
 * them.
 */
import { fileURLToPath } from 'node:url';
import {
  answerBytes,
  deploy,
  fillBucket,
  healthyModel,
  listKeys,
  metricData,
  metricDataJson,
  name,
  sagemaker,
} from './control-plane/prepare.mjs';
import { startedPeers } from './control-plane/python.mjs';
import { startedLoad } from './support/load.mjs';
import { serverCore, started, startedServer } from './support/processes.mjs';
import { inTurn, median, medianRatio, perCpuSecond } from './support/rounds.mjs';

export const title = 'what a call of the control plane costs, beside bare Node and the emulators';

const ROUNDS = 7;
const ROUND_MS = 2_000;
const QUICK_ROUND_MS = 1_000;
const CONNECTIONS = 16;
/** Code is compiled in its final form only after some thousands of requests. */
const WARM_REQUESTS = 20_000;
const PYTHON_WARM_REQUESTS = 200;
const WARM_MS = 20_000;
const KEYS = 1_200;
const BARE_GOAL = 0.4;
const PEER_GOAL = 10;
const LIST_GOAL_MS = 2;
const bareScript = fileURLToPath(new URL('control-plane/bare.mjs', import.meta.url));

export async function run({ say, quick }) {
  const stops = [];
  try {
    const load = await startedLoad();
    stops.push(() => load.stop());
    const server = await startedServer();
    stops.push(() => server.stop());
    const image = await healthyModel();
    await deploy(server, image);
    const bench = { load, server, image, say, quick, stops };
    return [...(await besideBare(bench)), ...(await besidePeers(bench)), await listing(bench)];
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

const describe = (server) => sagemaker(server, 'DescribeEndpoint', { EndpointName: name });

async function besideBare(bench) {
  const { server, stops } = bench;
  const asked = {
    DescribeEndpoint: await describe(server),
    PutMetricData: await metricDataJson(server),
  };
  const sizes = {
    'SageMaker.DescribeEndpoint': await answerBytes(server, asked.DescribeEndpoint),
    'GraniteServiceVersion20100801.PutMetricData': await answerBytes(server, asked.PutMetricData),
  };
  const bare = await started([bareScript, JSON.stringify(sizes)], {
    ready: /^bare \d+$/,
    core: serverCore,
  });
  stops.push(() => bare.stop());
  bare.port = Number(bare.line.split(' ')[1]);
  const claims = [];
  for (const [operation, request] of Object.entries(asked)) {
    const found = await measured(bench, {
      server: { process: server, request },
      bare: { process: bare, request },
    });
    claims.push(
      claim(bench, {
        ...{ metric: `${operation}, requests per CPU second`, operation, found, goal: BARE_GOAL },
        ...{ baseline: 'bare node:http with JSON.parse', ours: 'server', theirs: 'bare' },
      }),
    );
  }
  return claims;
}

async function besidePeers(bench) {
  const peers = await startedPeers(bench.say);
  bench.stops.push(...peers.map(({ stop }) => stop));
  const claims = [];
  for (const peer of peers) {
    const asked = { PutMetricData: metricData };
    if (peer.hasEndpoints) {
      await deploy(peer, bench.image);
      asked.DescribeEndpoint = describe;
    }
    for (const [operation, request] of Object.entries(asked)) {
      const found = await measured(bench, {
        server: { process: bench.server, request: await request(bench.server) },
        [peer.name]: { process: peer, request: await request(peer) },
      });
      claims.push(
        claim(bench, {
          ...{ metric: `${operation} beside ${peer.name}, requests per CPU second`, operation },
          ...{ found, goal: PEER_GOAL, baseline: peer.version },
          ...{ ours: 'server', theirs: peer.name },
        }),
      );
    }
  }
  return claims;
}

/** Each side's rounds: `{ perCpuSecond, perSecond, p50Us }`. */
async function measured({ load, quick }, sides) {
  const rounds = quick ? 3 : ROUNDS;
  const forMs = quick ? QUICK_ROUND_MS : ROUND_MS;
  const told = {};
  const runs = {};
  for (const [side, { process, request }] of Object.entries(sides)) {
    const plan = { port: process.port, requests: [request], connections: CONNECTIONS };
    await warm(load, plan, process.isPython ? PYTHON_WARM_REQUESTS : WARM_REQUESTS);
    told[side] = [];
    runs[side] = async () => {
      const run = await perCpuSecond(process, () => load.run({ ...plan, forMs }));
      told[side].push(run);
      return run.perCpuSecond;
    };
  }
  const found = await inTurn(runs, rounds);
  const wall = Object.fromEntries(
    Object.entries(told).map(([side, all]) => [side, median(all.map((one) => one.perSecond))]),
  );
  return { found, wall };
}

async function warm(load, plan, requests) {
  const endsAtMs = performance.now() + WARM_MS;
  let answered = 0;
  while (answered < requests && performance.now() < endsAtMs) {
    answered += (await load.run({ ...plan, forMs: 500 })).answered;
  }
}

function claim({ say }, { metric, operation, found: { found, wall }, ours, theirs, ...rest }) {
  const ratio = medianRatio(found[ours], found[theirs]);
  const told = [ours, theirs].map((side) => {
    const rate = median(found[side]);
    const costUs = (1_000_000 / rate).toFixed(0);
    return `${side} ${rate.toFixed(0)} per CPU second (${costUs} µs; ${wall[side].toFixed(0)}/s)`;
  });
  say(`${operation.padEnd(17)} ${told.join(', ')}: ${ratio.toFixed(2)} ×`);
  return { metric, ratio, ...rest, detail: told.join(', ') };
}

/** A page of a thousand keys: the same one again and again, as those who poll a prefix ask. */
async function listing(bench) {
  const { load, server, say, quick } = bench;
  await fillBucket(server, KEYS);
  const request = await listKeys(server);
  const plan = { port: server.port, requests: [request], connections: 2 };
  await load.run({ ...plan, forMs: ROUND_MS });
  const costsMs = [];
  for (let round = 0; round < (quick ? 3 : ROUNDS); round++) {
    const told = await perCpuSecond(server, () => load.run({ ...plan, forMs: ROUND_MS }));
    costsMs.push(1_000 / told.perCpuSecond);
  }
  const costMs = median(costsMs);
  say(`ListObjectsV2     1,000 keys for ${costMs.toFixed(2)} ms of CPU`);
  return {
    ...{ metric: 'ListObjectsV2 of 1,000 keys, CPU', ratio: LIST_GOAL_MS / costMs, goal: 1 },
    ...{ baseline: `a budget of ${LIST_GOAL_MS} ms`, detail: `${costMs.toFixed(2)} ms` },
  };
}
