/** Memory while 2 GB go up, in one piece and in parts, and down again. */

import { sent } from '../support/signing.mjs';
import { modelkeep, objectRequest } from './sides.mjs';
import { startedTransfers } from './transfers.mjs';

const mostBytes = 64 * 2 ** 20;
/** As much as brings the heap to the size it keeps: garbage of buffers is collected late. */
const warmBytes = 256 * 2 ** 20;
const partBytes = 64 * 2 ** 20;
const sampleMs = 50;

export async function memoryClaims({ say, quick }) {
  const sizeBytes = quick ? 256 * 2 ** 20 : 2 * 2 ** 30;
  const client = await startedTransfers();
  const server = await modelkeep();
  const bench = { client, server, sizeBytes };
  try {
    // What the first large transfers bring in is not what more of them add.
    for (const warm of [{ ...bench, sizeBytes: warmBytes }]) {
      await put(warm);
      await get(warm);
    }
    const claims = [];
    for (const [name, work] of Object.entries({
      put,
      get,
      'put in parts': putParts,
      'get back': get,
    })) {
      claims.push(await grown(name, { ...bench, work, say }));
    }
    return claims;
  } finally {
    await client.stop();
    await server.stop();
  }
}

async function grown(name, { work, say, ...bench }) {
  const { server, sizeBytes } = bench;
  const beforeBytes = server.rssBytes();
  let peakBytes = beforeBytes;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, server.rssBytes());
  }, sampleMs);
  const startMs = performance.now();
  await work(bench).finally(() => clearInterval(timer));
  const seconds = (performance.now() - startMs) / 1e3;
  const grownBytes = Math.max(peakBytes, server.rssBytes()) - beforeBytes;
  const inMb = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  const detail = `grew ${inMb(grownBytes)} from ${inMb(beforeBytes)} in ${seconds.toFixed(1)} s`;
  say(`${name} of ${inMb(sizeBytes)}: ${detail}`);
  return {
    metric: `memory in a ${name} of ${inMb(sizeBytes)}`,
    ratio: mostBytes / Math.max(1, grownBytes),
    ...{ goal: 1, baseline: `growth of ${inMb(mostBytes)}`, detail },
  };
}

async function put({ client, server, sizeBytes }) {
  const head = await objectRequest(server, { key: 'memory', sizeBytes });
  await client.run([{ port: server.port, head, sendBytes: sizeBytes }]);
}

async function get({ client, server }) {
  const head = await objectRequest(server, { method: 'GET', key: 'memory' });
  await client.run([{ port: server.port, head, sendBytes: 0 }]);
}

async function putParts({ client, server, sizeBytes }) {
  const begun = await asked(server, { method: 'POST', query: { uploads: '' } });
  const uploadId = /<UploadId>([^<]+)</.exec(begun)[1];
  const count = sizeBytes / partBytes;
  const heads = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      objectRequest(server, {
        ...{ key: 'memory', sizeBytes: partBytes },
        query: { partNumber: String(n + 1), uploadId },
      }),
    ),
  );
  await client.run(heads.map((head) => ({ port: server.port, head, sendBytes: partBytes })));
  const listed = await asked(server, { method: 'GET', query: { uploadId } });
  const etags = [...listed.matchAll(/<ETag>([^<]+)<\/ETag>/g)].map(([, etag]) => etag);
  const parts = etags.map(
    (etag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  await asked(server, {
    ...{ method: 'POST', query: { uploadId } },
    body: `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
  });
}

async function asked(server, request) {
  const { status, body } = await sent(server, objectRequest(server, { key: 'memory', ...request }));
  if (status !== 200) throw new Error(`${request.method} answered ${status} ${body}`);
  return body;
}
