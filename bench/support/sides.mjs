/**
 * A server with a part of it on and one with it off, each in a process of its own, and what either
 * gives for a second of CPU: what the part costs.
 */
import { fileURLToPath } from 'node:url';
import { startedLoad } from './load.mjs';
import { partsRequests } from './parts.mjs';
import { clientCore, serverCore, started } from './processes.mjs';
import { inTurn, median, medianRatio, perCpuSecond } from './rounds.mjs';

const ROUNDS = 9;
const ROUND_MS = 1_500;
/** V8 compiles for good after some 20,000 requests, however long a busy machine takes for them. */
const WARM_REQUESTS = 30_000;
const WARM_MS = 2_000;
const MOST_WARM_UPS = 15;
/** As many as keep a server busy; each waits for its answer before it asks again. */
const CONNECTIONS = 32;
const modelScript = fileURLToPath(new URL('../gateway/model.mjs', import.meta.url));

/**
 * The claims of `part` (`the audit trail`). `script` is run as `node script FOLDER on|off MODEL-PORT`
 * and prints `serving PORT`; see `parts.mjs`. Says what the side with it prints when it ends.
 */
export async function costOfPart({ part, script, folder, goal, say, quick }) {
  const running = [];
  const load = await startedLoad();
  try {
    const model = await started([modelScript], { ready: /^model /, core: clientCore });
    running.push(model);
    const [, modelPort] = model.line.split(' ');
    const sides = {};
    for (const name of ['on', 'off']) {
      const args = [script, folder, name, modelPort];
      const side = await started(args, { ready: /^serving /, core: serverCore });
      running.push(side);
      sides[name] = { ...side, port: Number(side.line.split(' ')[1]) };
    }
    const claims = [];
    for (const operation of ['DescribeEndpoint', 'InvokeEndpoint']) {
      const found = await measured({ operation, sides, load, rounds: quick ? 3 : ROUNDS });
      claims.push(claimOf({ operation, part, goal, say }, found));
    }
    await sides.on.stop();
    const last = sides.on.lines.at(-1);
    if (!last.startsWith('serving')) say(last);
    return claims;
  } finally {
    await load.stop();
    for (const one of running) await one.stop();
  }
}

async function measured({ operation, sides, load, rounds }) {
  const wall = { on: [], off: [] };
  const asked = {};
  for (const [name, side] of Object.entries(sides)) {
    const { [operation]: request } = await partsRequests(side.port);
    const plan = {
      ...{ port: side.port, requests: [request], forMs: ROUND_MS, connections: CONNECTIONS },
    };
    await warmUp(() => load.run({ ...plan, forMs: WARM_MS }));
    asked[name] = async () => {
      const told = await perCpuSecond(side, () => load.run(plan));
      wall[name].push(told.perSecond);
      return told.perCpuSecond;
    };
  }
  return { rates: await inTurn(asked, rounds), wall };
}

async function warmUp(run) {
  let answered = 0;
  for (let time = 0; time < MOST_WARM_UPS && answered < WARM_REQUESTS; time++) {
    answered += (await run()).answered;
  }
}

function claimOf({ operation, part, goal, say }, { rates: { on, off }, wall }) {
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
