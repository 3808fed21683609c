/** nginx as the proxy, where it is installed: one worker, on the server's core. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMsOf, serverCore } from '../support/processes.mjs';

const found = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'];

/** `{ port, cpuMs(), stop() }`; undefined, and a word about it, where there is no nginx. */
export async function startedNginx(modelPort, say) {
  const command = found.find((path) => runs(path));
  if (!command) return void say('nginx is not installed: not compared');
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-nginx-'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), configuration({ folder, port, modelPort }));
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf')];
  execFileSync(command, args, { stdio: 'ignore' });
  await pause(300);
  const pid = Number(readFileSync(join(folder, 'nginx.pid'), 'utf8'));
  const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return {
    port,
    cpuMs: () => cpuMsOf(Number(worker)),
    async stop() {
      process.kill(pid, 'SIGTERM');
      await pause(300);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function runs(path) {
  try {
    execFileSync(path, ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

function configuration({ folder, port, modelPort }) {
  return `
worker_processes 1;
worker_cpu_affinity ${(1 << Number(serverCore)).toString(2)};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n  ')}
  keepalive_requests 100000000;
  upstream model { server 127.0.0.1:${modelPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;
}
