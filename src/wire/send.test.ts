/** Streams leave whole, at the client's pace; what breaks off is not taken for whole. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { ByteStream } from '../kernel/bytes.ts';
import { sendStream } from './send.ts';

const running: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of running.splice(0)) server.close().closeAllConnections();
});

interface Sending {
  readonly client: Socket;
  readonly sent: Promise<void>;
  readonly response: ServerResponse;
}

/** A client that has asked, and reads when it is told to. */
async function sending(body: ByteStream): Promise<Sending> {
  const server = createServer();
  running.push(server);
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(client);
  client.pause();
  client.write('GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  response.writeHead(200);
  const sent = sendStream(response, body);
  sent.catch(() => {});
  return { client, sent, response };
}

async function received(client: Socket): Promise<string> {
  const parts: Buffer[] = [];
  client.on('data', (part: Buffer) => parts.push(part)).resume();
  await once(client, 'close');
  return Buffer.concat(parts).toString('latin1');
}

test('all parts leave in their order, and no more are made than the client waits for', async () => {
  const part = Buffer.alloc(65_536, 'a');
  let made = 0;
  const { client, sent } = await sending(
    (async function* () {
      for (; made < 400; made += 1) yield part;
      yield Buffer.from('the end');
    })(),
  );
  await pause(100);
  // What the system holds for both ends comes on top of what waits here.
  expect(made).toBeLessThan(200);
  const text = await received(client);
  await sent;
  expect(text.match(/a{100}/g)?.length).toBeGreaterThanOrEqual(400 * 655);
  expect(text).toContain('the end\r\n0\r\n\r\n');
});

test('a part leaves as it was though its memory is used again three parts later', async () => {
  const memory = Array.from({ length: 3 }, () => new Uint8Array(new SharedArrayBuffer(300_000)));
  const { client, sent } = await sending(
    (async function* () {
      for (let number = 0; number < 60; number += 1) {
        const part = memory[number % 3] ?? new Uint8Array();
        yield part.fill(65 + (number % 26));
      }
    })(),
  );
  await pause(50);
  const text = await received(client);
  await sent;
  const letters = text.slice(text.indexOf('\r\n\r\n')).replace(/[^A-Z]/g, '');
  const runs = letters.match(/(.)\1*/g)?.map((run) => [run[0], run.length]);
  const whole = Array.from({ length: 60 }, (_, n) => [String.fromCharCode(65 + (n % 26)), 300_000]);
  expect(runs).toEqual(whole);
});

test('an empty stream is an answer without a body', async () => {
  const { client, sent } = await sending((async function* () {})());
  expect(await received(client)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  await sent;
});

test('a source that fails ends the connection before the end of the answer', async () => {
  const { client, sent } = await sending(
    (async function* () {
      yield Buffer.from('half');
      await pause(20);
      throw new Error('the disk is gone');
    })(),
  );
  const text = await received(client);
  await expect(sent).rejects.toThrow('the disk is gone');
  expect(text).not.toContain('0\r\n\r\n');
});

test('a client that goes away is told at once, while the source keeps silent', async () => {
  let givenUp = false;
  const silent: ByteStream = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      async return() {
        givenUp = true;
        return { done: true, value: undefined };
      },
    }),
  };
  const { client, sent } = await sending(silent);
  client.destroy();
  await expect(sent).rejects.toThrow('the client ended the connection');
  expect(givenUp).toBe(true);
});

test('a client that goes away while parts are made ends the source, and nothing else', async () => {
  let ended = false;
  const { client, sent, response } = await sending(
    (async function* () {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        ended = true;
      }
    })(),
  );
  await pause(20);
  client.destroy();
  await expect(sent).rejects.toThrow('the client ended the connection');
  await pause(20);
  expect(ended).toBe(true);
  // Of the connection that is no more; nobody else is hurt by it.
  expect(() => response.write('late')).not.toThrow();
  await pause(20);
});

test('an answer whose connection is gone already is not begun', async () => {
  const { client, sent, response } = await sending((async function* () {})());
  await received(client);
  await sent;
  response.destroy();
  const again = sendStream(
    response,
    (async function* () {
      yield Buffer.from('late');
    })(),
  );
  await expect(again).rejects.toThrow('the client ended the connection');
});
