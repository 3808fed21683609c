/**
 * Starts the echo server of a built tree (`npm run build` first) and prints one line of JSON: where
 * clients find it, and where GET tells, and clears, what the last call was.
 */
import { createServer } from 'node:http';
import { startEcho } from '../dist/wire/echo.fixture.js';

/** Bytes and instants as objects, so that JSON can carry them. */
function tagged(value) {
  if (value instanceof Date) return { $d: value.getTime() };
  if (value instanceof Uint8Array) return { $b: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tagged(item)]));
}

const echo = await startEcho({ seed: Number(process.argv[2] ?? 7) });
const control = createServer((_request, response) => {
  response.end(JSON.stringify(tagged(echo.last() ?? {})));
  echo.forget();
});
await new Promise((resolve) => control.listen(0, '127.0.0.1', resolve));
console.log(
  JSON.stringify({ url: echo.url, control: `http://127.0.0.1:${control.address().port}` }),
);
