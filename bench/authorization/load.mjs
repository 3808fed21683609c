/**
 * The other end of `authorization.mjs`, in a thread of its own so that the server has a core: a
 * model server that answers at once, and clients that send one signed request again and again over
 * connections kept open. Sockets are written to by hand, so that the client costs little.
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { parentPort } from 'node:worker_threads';

const CONNECTIONS = 8;
const model = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/csv' }).end('0.25');
  });
});
model.keepAliveTimeout = 60_000;
model.listen(0, '127.0.0.1', () => parentPort.postMessage({ modelPort: model.address().port }));

parentPort.on('message', async ({ port, request, forMs }) => {
  if (port === undefined) return void process.exit(0);
  const state = { answered: 0, endsAt: performance.now() + forMs };
  const start = performance.now();
  try {
    const text = Buffer.from(request);
    await Promise.all(Array.from({ length: CONNECTIONS }, () => pump(port, text, state)));
    const seconds = (performance.now() - start) / 1_000;
    parentPort.postMessage({ perSecond: state.answered / seconds });
  } catch (error) {
    parentPort.postMessage({ error: error.message });
  }
});

function pump(port, request, state) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let held = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('connect', () => socket.write(request));
    socket.on('error', reject);
    socket.on('close', resolve);
    socket.on('data', (part) => {
      held = held.length === 0 ? part : Buffer.concat([held, part]);
      const headEnd = held.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = held.toString('latin1', 0, headEnd);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (held.length < headEnd + 4 + length) return;
      if (!head.startsWith('HTTP/1.1 200') || Number.isNaN(length)) {
        reject(new Error(`answered ${held.toString('utf8').slice(0, 500)}`));
        return void socket.destroy();
      }
      held = Buffer.alloc(0);
      state.answered += 1;
      if (performance.now() >= state.endsAt) socket.end();
      else socket.write(request);
    });
  });
}
