/**
 * The least that keeps files over HTTP: a PUT is written under a temporary name, synced, renamed, and
 * its folder synced, as the object store does; a GET streams the file. Nothing is checked, hashed,
 * encrypted or recorded. With `--md5` a PUT also answers the MD5 that S3 promises.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [folder, ...flags] = process.argv.slice(2);
const hashes = flags.includes('--md5');
const temporary = join(folder, 'tmp');
await mkdir(temporary, { recursive: true });
let number = 0;

createServer((request, response) => {
  const path = join(folder, request.url.replaceAll('/', '_'));
  const answer = request.method === 'PUT' ? put(path, request, response) : get(path, response);
  answer.catch(() => response.destroy());
}).listen(0, '127.0.0.1', function listening() {
  console.log(`plain ready ${this.address().port}`);
});

async function put(path, request, response) {
  const unfinished = join(temporary, String(number++));
  const file = await open(unfinished, 'wx');
  const md5 = hashes ? createHash('md5') : undefined;
  try {
    for await (const part of request) {
      md5?.update(part);
      await file.write(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  const home = await open(folder, 'r');
  await home.sync();
  await home.close();
  response.writeHead(200, md5 ? { etag: md5.digest('hex') } : {}).end();
}

async function get(path, response) {
  const { size } = await stat(path);
  response.writeHead(200, { 'content-length': String(size) });
  await pipeline(createReadStream(path), response);
}
