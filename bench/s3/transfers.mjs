/**
 * Bodies of any length sent and received from a process of its own, over a socket written to by hand:
 * this costs little beside what it measures. Nothing of a body is kept.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { clientCore } from '../support/processes.mjs';

const piece = Buffer.alloc(1 << 20, 'what objects hold; ');

/**
 * Starts the process; `run(transfers)` makes them one after another over one connection and resolves
 * with how many ms that took, from the first byte asked to the last answered. A transfer is
 * `{ port, head, sendBytes }`; an answer that is not 200 rejects.
 */
export async function startedTransfers({ core = clientCore } = {}) {
  const child = fork(fileURLToPath(import.meta.url), ['--transfers'], {
    serialization: 'advanced',
  });
  await once(child, 'message');
  const { execFileSync } = await import('node:child_process');
  try {
    execFileSync('taskset', ['-a', '-p', '-c', core, String(child.pid)], { stdio: 'ignore' });
  } catch {
    // Without `taskset`, or with one core: the processes share what there is.
  }
  return {
    async run(transfers) {
      child.send(transfers);
      const [told] = await once(child, 'message');
      if (told.error) throw new Error(told.error);
      return told.ms;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

function serve() {
  process.on('message', async (transfers) => {
    try {
      const socket = connect(transfers[0].port, '127.0.0.1');
      await once(socket, 'connect');
      const startMs = performance.now();
      for (const transfer of transfers) await exchange(socket, transfer);
      process.send({ ms: performance.now() - startMs });
      socket.destroy();
    } catch (cause) {
      process.send({ error: cause.message });
    }
  });
  process.send('ready');
}

function exchange(socket, { head, sendBytes }) {
  return new Promise((resolve, reject) => {
    const answer = answerReader();
    const onData = (part) => {
      const whole = answer.take(part);
      if (whole === undefined) return;
      socket.off('data', onData).off('close', onClose).off('error', reject);
      if (whole === '') resolve();
      else reject(new Error(`answered ${whole}`));
    };
    const onClose = () => reject(new Error('the connection was closed'));
    socket.on('data', onData).once('close', onClose).once('error', reject);
    socket.write(Buffer.from(head));
    send(socket, sendBytes);
  });
}

function send(socket, leftBytes) {
  let left = leftBytes;
  const more = () => {
    while (left > 0) {
      const part = piece.subarray(0, Math.min(piece.length, left));
      left -= part.length;
      if (!socket.write(part)) return void socket.once('drain', more);
    }
  };
  more();
}

/** Counts an answer in; `take` answers undefined until it is whole, then '' or what is wrong. */
function answerReader() {
  let head = Buffer.alloc(0);
  let left;
  return {
    take(part) {
      if (left !== undefined) {
        left -= part.length;
        return left > 0 ? undefined : '';
      }
      head = Buffer.concat([head, part]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const text = head.toString('latin1', 0, end);
      if (!text.startsWith('HTTP/1.1 200')) return head.toString('utf8').slice(0, 800);
      left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0) - (head.length - end - 4);
      // A chunked answer of ours is a short one: its end is looked for in one go.
      if (/transfer-encoding: chunked/i.test(text)) left = head.includes('\r\n0\r\n\r\n') ? 0 : 5;
      return left > 0 ? undefined : '';
    },
  };
}

if (process.argv[2] === '--transfers' && process.send) serve();
