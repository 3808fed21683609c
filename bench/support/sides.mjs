/**
 * One server with two doors, behind one of them a part more than behind the other, and what either
 * gives for a second of CPU: what the part costs. Two processes would differ by more: where in memory
 * they happen to lie makes one of them slower than the other by up to a half, for as long as it runs.
 */
import { fileURLToPath } from 'node:url';
import { startedLoad } from './load.mjs';
import { partsRequests } from './parts.mjs';
import { clientCore, serverCore, started } from './processes.mjs';
import { inTurn, median, medianRatio, perCpuSecond } from './rounds.mjs';

/** Each makes its own of the code. */
const PROCESSES = 3;
const ROUNDS = 9;
const ROUND_MS = 1_500;
/** What a round leaves to do, such as sealing, is done and counted before the next begins. */
const SETTLE_MS = 250;
/** V8 compiles for good after some 20,000 requests, however long a busy machine takes for them. */
const WARM_REQUESTS = 30_000;
const WARM_MS = 2_000;
const MOST_WARM_UPS = 15;
/** As many as keep a server busy; each waits for its answer before it asks again. */
const CONNECTIONS = 32;
const operations = ['DescribeEndpoint', 'InvokeEndpoint'];
const modelScript = fileURLToPath(new URL('../gateway/model.mjs', import.meta.url));

/**
 * The claims of `part` (`the audit trail`). `script` is run as `node script FOLDER MODEL-PORT` and
 * prints `serving PORT-WITH PORT-WITHOUT`; see `parts.mjs`. Says what it prints when it ends.
 */
export async function costOfPart({ part, script, folder, goal, say, quick }) {
  const found = operations.map((operation) => ({
    ...{ operation, rates: { on: [], off: [] }, wall: { on: [], off: [] } },
  }));
  const load = await startedLoad();
  const running = [load];
  try {
    const model = await started([modelScript], { ready: /^model /, core: clientCore });
    running.push(model);
    const [, modelPort] = model.line.split(' ');
    for (let time = 0; time < (quick ? 1 : PROCESSES); time++) {
      const args = [script, folder, modelPort];
      const server = await started(args, { ready: /^serving /, core: serverCore });
      try {
        for (const one of found) await measured(one, { server, load, rounds: quick ? 3 : ROUNDS });
      } finally {
        await server.stop();
      }
      const last = server.lines.at(-1);
      if (!last.startsWith('serving')) say(last);
    }
  } finally {
    for (const one of running) await one.stop();
  }
  return found.map((one) => claimOf({ part, goal, say }, one));
}

/** Adds to what was found of the operation. */
async function measured({ operation, rates, wall }, { server, load, rounds }) {
  const [, on, off] = server.line.split(' ').map(Number);
  const asked = {};
  for (const [name, port] of Object.entries({ on, off })) {
    const { [operation]: request } = await partsRequests(port);
    const plan = { port, requests: [request], forMs: ROUND_MS, connections: CONNECTIONS };
    await warmUp(() => load.run({ ...plan, forMs: WARM_MS }));
    asked[name] = async () => {
      const told = await perCpuSecond(server, () => load.run(plan), { settleMs: SETTLE_MS });
      wall[name].push(told.perSecond);
      return told.perCpuSecond;
    };
  }
  const told = await inTurn(asked, rounds);
  for (const name of ['on', 'off']) rates[name].push(...told[name]);
}

async function warmUp(run) {
  let answered = 0;
  for (let time = 0; time < MOST_WARM_UPS && answered < WARM_REQUESTS; time++) {
    answered += (await run()).answered;
  }
}

function claimOf({ part, goal, say }, { operation, rates: { on, off }, wall }) {
  const ratio = medianRatio(on, off);
  const [with_, without] = [Math.round(median(on)), Math.round(median(off))];
  const walls = [Math.round(median(wall.on)), Math.round(median(wall.off))];
  say(
    `${operation.padEnd(16)} ${with_} for a second of CPU with ${part}, ${without} without: ` +
      `${ratio.toFixed(3)} (by the wall clock ${walls.join(' and ')} a second)`,
  );
  return {
    metric: `${operation}, throughput on one core with ${part}`,
    ...{ ratio, goal, baseline: `the same server without ${part}` },
    detail: `${with_} for a second of CPU against ${without}, median ratio of ${on.length} rounds`,
  };
}
