/**
 * Runs every pattern of the generated models on long texts that almost match, each in bounded time,
 * and names those that take too long. Exits 1 when there are any.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const limitMs = 3_000;
const longest = 20_000;
const starts = [
  '',
  'a',
  'https://',
  's3://',
  'arn:aws:s3:::',
  'arn:aws:x:us-east-1:123456789012:x/',
];
const units = [
  'a',
  'A',
  '0',
  '-',
  '/',
  '.',
  '_',
  ' ',
  ':',
  '=',
  ',',
  'a-',
  '-a',
  'a/',
  '/a',
  'a.',
].concat(['.a', '0a', '0.', 'a_', 'a,', 'a=a,', '\t', 'a\t']);

function patterns() {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../../src/wire/model');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const types = files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).types);
  const found = types.filter((type) => type.pattern);
  return [...new Map(found.map((type) => [type.source ?? type.pattern, type.max ?? 2_048]))];
}

/** The place of the first pattern that takes too long, or undefined. */
function firstSlow(list) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: list });
    let at = 0;
    const give = () => worker.terminate().then(() => resolve(at));
    let timer = setTimeout(give, limitMs);
    worker.on('message', () => {
      at += 1;
      clearTimeout(timer);
      timer = setTimeout(give, limitMs);
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve(at < list.length ? at : undefined);
    });
  });
}

function runAll() {
  for (const [source, max] of workerData) {
    const pattern = new RegExp(`^(?:${source})$`, 'u');
    const length = Math.min(max, longest);
    for (const start of starts) {
      for (const unit of units)
        pattern.test(`${start}${unit.repeat(length).slice(0, length)}\u0001`);
    }
    parentPort.postMessage('next');
  }
}

async function main() {
  let list = patterns();
  const count = list.length;
  for (let at = await firstSlow(list); at !== undefined; at = await firstSlow(list)) {
    console.log(`slow: ${list[at][0]}`);
    process.exitCode = 1;
    list = list.slice(at + 1);
  }
  console.log(`${count} patterns screened`);
}

if (isMainThread) await main();
else runAll();
