/**
 * A model server that costs next to nothing, so that what stands before it is what is measured. Run
 * as a program it prints `model FAST BIG`: two ports of loopback. FAST answers every request with a
 * kilobyte of CSV; BIG answers `/stream` with 64 MB in parts, and anything else with as much.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

const streamBytes = 64 * 1_048_576;
const partBytes = 65_536;
const headEnd = Buffer.from('\r\n\r\n');
const prediction = `${'0.123456,'.repeat(113)}0.12345`;
const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\n' +
    `content-length: ${prediction.length}\r\n\r\n${prediction}`,
);

/** Bytes of the request at the front of what was received; undefined while it is not whole. */
function requestBytes(held) {
  const at = held.indexOf(headEnd);
  if (at < 0) return undefined;
  const head = held.toString('latin1', 0, at);
  const bodyBytes = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  const sizeBytes = at + headEnd.length + bodyBytes;
  return held.length >= sizeBytes ? sizeBytes : undefined;
}

function fast() {
  return createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (part) => {
      held = held.length === 0 ? part : Buffer.concat([held, part]);
      for (let size = requestBytes(held); size !== undefined; size = requestBytes(held)) {
        held = held.subarray(size);
        socket.write(answer);
        if (held.length === 0) return;
      }
    });
  });
}

function big() {
  const part = Buffer.alloc(partBytes, 'a');
  return createHttpServer(async (request, response) => {
    if (request.url === '/stream') {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/plain' });
      for (let sent = 0; sent < streamBytes && !response.destroyed; sent += partBytes) {
        if (!response.write(part)) await once(response, 'drain').catch(() => {});
      }
      return void response.end();
    }
    let sizeBytes = 0;
    request.on('data', (received) => {
      sizeBytes += received.length;
    });
    request.on('end', () => response.end(String(sizeBytes)));
  });
}

const ports = [];
for (const server of [fast(), big()]) {
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  ports.push(server.address().port);
}
console.log(`model ${ports.join(' ')}`);
