/** The two servers that are compared, with a bucket, and the requests that both understand. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverCore, started, startedServer } from '../support/processes.mjs';
import { sent, signedRequest } from '../support/signing.mjs';

const plainEntry = fileURLToPath(new URL('./plain-server.mjs', import.meta.url));
export const bucket = 'bench';
export const unsigned = 'UNSIGNED-PAYLOAD';

/** `core: null`: on whichever there is, as the threads that sync and decrypt are. */
export async function modelkeep({ core = serverCore, folder } = {}) {
  const server = await startedServer({ core, folder });
  await created(server);
  return server;
}

export async function created(server) {
  const { status, body } = await sent(server, objectRequest(server, { key: '' }));
  if (status !== 200) throw new Error(`CreateBucket answered ${status} ${body}`);
}

/** PUT of a body, or of its head alone when `sizeBytes` is given. */
export function objectRequest(server, { method = 'PUT', key, query, headers, ...rest }) {
  const { body = '', sizeBytes } = rest;
  const announced =
    sizeBytes === undefined
      ? {}
      : { 'content-length': String(sizeBytes), 'x-amz-content-sha256': unsigned };
  return signedRequest(server, {
    ...{ service: 's3', method, path: key === '' ? `/${bucket}` : `/${bucket}/${key}` },
    ...{ body, query, headers: { ...announced, ...headers } },
  });
}

/** Speaks the same requests, and looks at nothing but method and path. */
export async function plain({ folder, flags = [], core = serverCore }) {
  const server = await started([plainEntry, join(folder, `plain${flags.join('')}`), ...flags], {
    ...{ ready: /^plain ready /, core },
  });
  const credentials = { accessKeyId: 'AKIANOBODY', secretAccessKey: 'nothing' };
  return { ...server, port: Number(server.line.split(' ')[2]), credentials, region: 'us-east-1' };
}
