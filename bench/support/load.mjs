/**
 * A load from a process of its own, so that what is measured has its core to itself: requests that
 * were written out before go over connections kept open, as fast as answers come, or at a steady rate.
 * Sockets are written to by hand: this costs little beside what it measures.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { clientCore } from './processes.mjs';

/**
 * Starts the process; `run({ port, requests, forMs, connections, perSecond })` resolves with
 * `{ answered, perSecond, p50Us, p99Us }` or rejects with the first answer that was not 200. With
 * `perSecond` requests are sent at that rate, and latency counts from when each was due.
 */
export async function startedLoad({ core = clientCore } = {}) {
  const child = fork(fileURLToPath(import.meta.url), ['--load'], { serialization: 'advanced' });
  const [hello] = await once(child, 'message');
  if (hello !== 'ready') throw new Error(`the load did not start: ${hello}`);
  const { execFileSync } = await import('node:child_process');
  try {
    execFileSync('taskset', ['-a', '-p', '-c', core, String(child.pid)], { stdio: 'ignore' });
  } catch {
    // Without `taskset`, or with one core: the processes share what there is.
  }
  return {
    async run(plan) {
      child.send(plan);
      const [told] = await once(child, 'message');
      if (told.error) throw new Error(told.error);
      return told;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

async function serve() {
  process.on('message', async (plan) => {
    try {
      process.send(await loaded(plan));
    } catch (cause) {
      process.send({ error: cause.message });
    }
  });
  process.send('ready');
}

async function loaded({ port, requests, forMs, connections = 16, perSecond }) {
  const startMs = performance.now();
  const state = {
    ...{ requests: requests.map((text) => Buffer.from(text)), next: 0, latenciesUs: [] },
    ...{ startMs, endsAtMs: startMs + forMs, everyMs: perSecond ? 1_000 / perSecond : 0 },
  };
  await Promise.all(Array.from({ length: connections }, () => pump(port, state)));
  const seconds = (performance.now() - startMs) / 1_000;
  const sorted = Float64Array.from(state.latenciesUs).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const answered = sorted.length;
  return { answered, perSecond: answered / seconds, p50Us: at(0.5), p99Us: at(0.99) };
}

function pump(port, state) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    let held = Buffer.alloc(0);
    let sentAtMs = 0;
    const send = () => {
      const nowMs = performance.now();
      // Not `end`: some servers wait for more and never end their side.
      if (nowMs >= state.endsAtMs) return void socket.destroy();
      const number = state.next++;
      sentAtMs = nowMs;
      const request = state.requests[number % state.requests.length];
      if (state.everyMs === 0) return void socket.write(request);
      sentAtMs = state.startMs + number * state.everyMs;
      const waitMs = sentAtMs - nowMs;
      if (waitMs < 0.5) socket.write(request);
      else setTimeout(() => socket.write(request), waitMs);
    };
    socket.on('connect', send);
    let goesOn = false;
    let answered = 0;
    // Some servers take a bounded number of requests from a connection, and do not say so.
    socket.on('error', (cause) => {
      goesOn = answered > 0;
      if (!goesOn) reject(cause);
    });
    socket.on('end', () => {
      goesOn = answered > 0 && performance.now() < state.endsAtMs;
    });
    socket.on('close', () => resolve(goesOn ? pump(port, state) : undefined));
    socket.on('data', (part) => {
      held = held.length === 0 ? part : Buffer.concat([held, part]);
      const whole = wholeAnswer(held);
      if (whole === undefined) return;
      if (!whole) {
        reject(new Error(`answered ${held.toString('utf8').slice(0, 600)}`));
        return void socket.destroy();
      }
      state.latenciesUs.push((performance.now() - sentAtMs) * 1_000);
      answered += 1;
      // Some servers end a connection with each answer; their clients connect again each time.
      goesOn = endsConnection(held);
      held = Buffer.alloc(0);
      if (goesOn) socket.destroy();
      else send();
    });
  });
}

/** Undefined while more is to come; false for an answer that is not a good one. */
function wholeAnswer(held) {
  const headEnd = held.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = held.toString('latin1', 0, headEnd);
  if (!/^HTTP\/1\.1 20[04]/.test(head)) return false;
  if (/transfer-encoding: chunked/i.test(head)) return endsChunks(held) || undefined;
  const lengthBytes = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return held.length >= headEnd + 4 + lengthBytes || undefined;
}

function endsConnection(held) {
  return /\r\nconnection: close\r\n/i.test(
    held.toString('latin1', 0, held.indexOf('\r\n\r\n') + 2),
  );
}

function endsChunks(held) {
  return held.subarray(-5).toString('latin1') === '0\r\n\r\n';
}

if (process.argv[2] === '--load' && process.send) await serve();
