/** Sends and fetches objects from a thread of its own; answers how long it took. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { parentPort } from 'node:worker_threads';

const PIECE = Buffer.alloc(1 << 20, 'what objects hold ');
const agent = new Agent({ keepAlive: true });

parentPort.on('message', async ({ port, requests, sizeBytes, concurrency }) => {
  if (!requests) {
    agent.destroy();
    return;
  }
  try {
    const startMs = performance.now();
    const left = [...requests];
    const worker = async () => {
      for (let next = left.pop(); next; next = left.pop()) await exchange(port, next, sizeBytes);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    parentPort.postMessage({ ms: performance.now() - startMs });
  } catch (cause) {
    parentPort.postMessage({ error: String(cause) });
  }
});

async function exchange(port, { method, path, headers }, sizeBytes) {
  const asked = request({ host: '127.0.0.1', port, method, path, headers, agent });
  const answered = once(asked, 'response');
  if (method === 'PUT') await send(asked, sizeBytes);
  else asked.end();
  const [response] = await answered;
  let received = 0;
  let text = '';
  for await (const part of response) {
    received += part.length;
    if (response.statusCode !== 200) text += part;
  }
  if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${text}`);
  if (method === 'GET' && received !== sizeBytes) throw new Error(`${path}: ${received} bytes`);
}

async function send(asked, sizeBytes) {
  for (let at = 0; at < sizeBytes; at += PIECE.length) {
    const more = asked.write(PIECE.subarray(0, Math.min(PIECE.length, sizeBytes - at)));
    if (!more) await once(asked, 'drain');
  }
  asked.end();
}
