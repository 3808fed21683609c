/** The emulators that people use today, each as one process on the core that ours has in its turn. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pythonWith } from '../peers.mjs';
import { serverCore, started } from '../support/processes.mjs';

const motoPin = 'moto[server]==5.2.5';
const ministackPin = 'ministack==1.5.33';
const readyMs = 30_000;

/** Those that can be installed and started; says of the others why not. */
export async function startedPeers(say) {
  const { python, reason } = pythonWith('control-plane', [motoPin, ministackPin]);
  if (!python) {
    say(`skipped moto_server and ministack: ${reason}`);
    return [];
  }
  const bin = dirname(python);
  const peers = [];
  for (const start of [moto, ministack]) {
    try {
      peers.push(await start(bin));
    } catch (cause) {
      say(`skipped ${start.name}: ${cause.message}`);
    }
  }
  return peers;
}

const anybody = {
  region: 'us-east-1',
  credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
};

async function moto(bin) {
  const port = await freePort();
  const args = [join(bin, 'moto_server'), '-H', '127.0.0.1', '-p', String(port)];
  const process = await pythonProcess(join(bin, 'python'), args, { port });
  const about = { name: 'moto_server', version: 'moto_server 5.2.5', hasEndpoints: true };
  return { ...process, ...anybody, ...about };
}

async function ministack(bin) {
  const port = await freePort();
  const env = { GATEWAY_PORT: String(port), BIND_HOST: '127.0.0.1', LOG_LEVEL: 'ERROR' };
  const args = [join(bin, 'ministack')];
  const process = await pythonProcess(join(bin, 'python'), args, { port, env });
  const about = { name: 'ministack', version: 'ministack 1.5.33', hasEndpoints: false };
  return { ...process, ...anybody, ...about };
}

/** Both print what they serve in words of their own: an answer is what says that they do. */
async function pythonProcess(command, args, { port, env }) {
  const wrapper = ['-c', `echo started; exec "$@" > /dev/null 2>&1`, 'sh', command, ...args];
  const process = await started(wrapper, {
    ...{ ready: /^started$/, core: serverCore, command: '/bin/sh', env: env ?? {} },
  });
  const givenUpAtMs = performance.now() + readyMs;
  while (!(await answers(port))) {
    if (performance.now() > givenUpAtMs) {
      await process.stop('SIGKILL');
      throw new Error(`${args[0]} does not answer`);
    }
    await pause(100);
  }
  return { ...process, port, isPython: true, stop: () => process.stop('SIGKILL') };
}

async function answers(port) {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    return false;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
