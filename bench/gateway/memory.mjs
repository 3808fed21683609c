/** How much memory the server takes over many requests, long streams and the largest bodies. */
import { connect } from 'node:net';
import { signedRequest } from '../support/signing.mjs';
import { deployed, invocations } from './endpoints.mjs';

const MB = 1_048_576;
/** A body is held whole until its signature holds, so what is bounded is what comes on top. */
const bodyMb = 6;
const most = { growth: 1.15, eachMb: 1 };
/** Under way at once before measuring: code, buffers and heap that all requests share. */
const warmingUp = 2;
const sampleMs = 20;

/** Compared after a tenth of the requests and at the end. */
export async function memoryOverRequests({ say, quick, server, load, name }) {
  const wanted = quick ? 50_000 : 1_000_000;
  const sizes = [];
  let answered = 0;
  for (let tenth = 1; tenth <= 10; tenth++) {
    // Signed anew: signatures hold for some minutes.
    const requests = await invocations(server, { name });
    while (answered < (wanted * tenth) / 10) {
      const plan = { port: server.port, requests, forMs: quick ? 500 : 2_000 };
      answered += (await load.run(plan)).answered;
    }
    sizes.push(server.rssBytes());
  }
  const growth = sizes.at(-1) / sizes[0];
  say(`memory at each tenth of ${answered} requests: ${sizes.map(inMb).join(', ')} MB`);
  return {
    ...{ metric: `memory over ${wanted} requests, flat within 1.15 ×`, goal: 1 },
    ratio: most.growth / growth,
    baseline: 'the same server after a tenth of them',
    detail: `${inMb(sizes[0])} MB, at the end ${inMb(sizes.at(-1))} MB`,
  };
}

/** Several at once, read slowly enough that a server which gathers them would show it. */
export async function streamedAnswers({ say, quick, server, bigPort }) {
  const name = 'Stream';
  await deployed(server, { name, image: `http://127.0.0.1:${bigPort}/stream`, capture: false });
  const path = `/endpoints/${name}/invocations-response-stream`;
  const make = () => signedRequest(server, { service: 'sagemaker', path, body: 'go' });
  const count = quick ? 12 : 32;
  const { perEachMb, sizeBytes } = await growth(server, { make, count, leastBytes: 64 * MB });
  say(
    `${count} streams of ${inMb(sizeBytes)} MB at once: ${perEachMb.toFixed(2)} MB of memory each`,
  );
  return claim('64 MB streamed answers, at most 1 MB of memory each', { perEachMb, count });
}

export async function largeBodies({ say, quick, server, bigPort }) {
  const name = 'Bodies';
  await deployed(server, { name, image: `http://127.0.0.1:${bigPort}/count`, capture: false });
  const path = `/endpoints/${name}/invocations`;
  const body = Buffer.alloc(bodyMb * MB, 'a');
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const make = () => signedRequest(server, { service: 'sagemaker', path, headers, body });
  const count = quick ? 12 : 32;
  const { perEachMb } = await growth(server, { make, count, leastBytes: 0 });
  say(`${count} bodies of 6 MB at once: ${perEachMb.toFixed(2)} MB of memory each`);
  const more = { perEachMb: perEachMb - bodyMb, count };
  return claim('6 MB bodies, at most 1 MB of memory each beside the body', more);
}

function claim(metric, { perEachMb, count }) {
  return {
    ...{ metric, goal: 1, baseline: 'the same server before' },
    ratio: most.eachMb / Math.max(perEachMb, 0.1),
    detail: `${perEachMb.toFixed(2)} MB each, ${count} at once`,
  };
}

/** The highest memory while `count` requests are under way, above what it was, for each of them. */
async function growth(server, { make, count, leastBytes }) {
  const exchanges = async (length) => {
    const requests = await Promise.all(Array.from({ length }, make));
    return Promise.all(requests.map((request) => exchanged(server.port, request)));
  };
  for (let round = 0; round < 3; round++) await exchanges(warmingUp);
  const beforeBytes = server.rssBytes();
  let highestBytes = beforeBytes;
  const sampling = setInterval(() => {
    highestBytes = Math.max(highestBytes, server.rssBytes());
  }, sampleMs);
  const sizes = await exchanges(count);
  clearInterval(sampling);
  const sizeBytes = Math.min(...sizes);
  if (sizeBytes < leastBytes) throw new Error(`an answer ended after ${sizeBytes} bytes`);
  return { perEachMb: (highestBytes - beforeBytes) / MB / (count - warmingUp), sizeBytes };
}

function exchanged(port, request) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let sizeBytes = 0;
    let first;
    socket.on('error', reject);
    socket.on('data', (part) => {
      first ??= part.toString('latin1', 0, 200);
      sizeBytes += part.length;
    });
    socket.on('end', () => {
      if (first?.startsWith('HTTP/1.1 200')) resolve(sizeBytes);
      else reject(new Error(`answered ${first}`));
    });
    const text = Buffer.from(request);
    const cut = text.indexOf('\r\n') + 2;
    socket.write(text.subarray(0, cut));
    socket.write('connection: close\r\n');
    socket.write(text.subarray(cut));
  });
}

function inMb(bytes) {
  return Math.round(bytes / MB);
}
