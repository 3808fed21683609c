/**
 * The baseline: the least that stands between a client and a model server in Node. No signatures, no
 * rules, no records; a body is taken in whole, an answer is passed on part by part. Run as a program
 * with the model's port, it prints `proxy PORT`.
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 256, pipelining: 1 });

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    const headers = { 'content-type': request.headers['content-type'] };
    pool.dispatch(
      { path: '/invocations', method: 'POST', headers, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, received) {
          response.writeHead(status, received);
        },
        onResponseData(_controller, part) {
          response.write(part);
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError(_controller, error) {
          response.destroy(error);
        },
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => console.log(`proxy ${server.address().port}`));
