/** Objects of 64 MB and 1 GB in MB a second; the servers may use both cores, as they would. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn, median, medianRatio } from '../support/rounds.mjs';
import { modelkeep, objectRequest, plain } from './sides.mjs';
import { startedTransfers } from './transfers.mjs';

const sizes = [
  { name: '64 MB', sizeBytes: 64 * 2 ** 20, count: 4, rounds: 7 },
  { name: '1 GB', sizeBytes: 2 ** 30, count: 1, rounds: 3, long: true },
];
const goal = 0.8;

export async function largeClaims({ folder, say, quick }) {
  const client = await startedTransfers();
  const servers = {
    baseline: await plain({ folder, core: null }),
    hashing: await plain({ folder, core: null, flags: ['--md5'] }),
    modelkeep: await modelkeep({ core: null }),
  };
  try {
    const claims = [];
    for (const server of Object.values(servers)) await warmed(client, server);
    for (const size of sizes.filter(({ long }) => !quick || !long)) {
      for (const method of ['PUT', 'GET']) {
        const sides = Object.fromEntries(
          Object.entries(servers).map(([name, server]) => [
            name,
            () => transferred(client, server, { method, size }),
          ]),
        );
        claims.push(claimOf({ method, size, say }, await inTurn(sides, quick ? 3 : size.rounds)));
      }
    }
    return claims;
  } finally {
    await client.stop();
    for (const server of Object.values(servers)) await server.stop();
    for (const name of ['plain', 'plain--md5']) rmSync(join(folder, name), { recursive: true });
  }
}

/** Code is compiled in its final form only after some thousands of pieces. */
async function warmed(client, server) {
  const size = { sizeBytes: 16 * 2 ** 20, count: 24 };
  for (const method of ['PUT', 'GET']) await transferred(client, server, { method, size });
}

async function transferred(client, server, { method, size }) {
  const { sizeBytes, count } = size;
  const sends = method === 'PUT' ? sizeBytes : undefined;
  const heads = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      objectRequest(server, { method, key: `large-${sizeBytes}-${n}`, sizeBytes: sends }),
    ),
  );
  const beforeMs = server.cpuMs();
  const ms = await client.run(
    heads.map((head) => ({ port: server.port, head, sendBytes: sends ?? 0 })),
  );
  const megabytes = (sizeBytes * count) / 1e6;
  return { rate: megabytes / (ms / 1e3), perCpu: megabytes / ((server.cpuMs() - beforeMs) / 1e3) };
}

function claimOf({ method, size, say }, found) {
  const each = (name, figure) => found[name].map((told) => told[figure]);
  const against = (name, figure) => medianRatio(each('modelkeep', figure), each(name, figure));
  for (const name of Object.keys(found)) {
    const [rate, perCpu] = ['rate', 'perCpu'].map((figure) => median(each(name, figure)));
    const figures = `${rate.toFixed(0)} MB/s, ${perCpu.toFixed(0)} MB a CPU second`;
    say(`${method} ${size.name.padEnd(5)} ${name.padEnd(10)} ${figures}`);
  }
  const ratio = against('baseline', 'rate');
  const detail =
    `by CPU ${against('baseline', 'perCpu').toFixed(2)}` +
    (method === 'PUT'
      ? `; against the same with the MD5 that answers carry ${against('hashing', 'rate').toFixed(2)}`
      : '');
  say(`${method} ${size.name.padEnd(5)} ratio ${ratio.toFixed(2)}; ${detail}`);
  const baseline = 'a bare node:http server over files with the same syncs';
  return { metric: `${method} of ${size.name}, MB/s`, ratio, goal, baseline, detail };
}
