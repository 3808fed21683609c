/**
 * A window of captured records as the gateway writes them, and the training data it is judged by.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { captureLine } from '../../dist/engines/capture/record.js';
import { seededRandom } from '../../dist/kernel/random.js';

const types = { csvTypes: ['text/csv'], jsonTypes: ['application/json'] };
const colors = ['red', 'green', 'blue', 'black', 'white'];
const plans = ['basic', 'plus', 'business'];

/**
 * Twenty features: five whole numbers, five of two places, two of sixteen digits, one with a
 * twentieth missing, two of six places, one of a letter and a number, three categories, and a
 * boolean.
 */
function features(random) {
  const below = (most) => Math.floor(random.next01() * most);
  const cells = [10, 100, 1_000, 65, 100_000].map((most) => below(most));
  for (let i = 0; i < 5; i += 1) cells.push((random.next01() * 100).toFixed(2));
  cells.push(random.next01() * random.next01(), random.next01() - random.next01());
  cells.push(random.next01() < 0.05 ? '' : (random.next01() * 10).toFixed(1));
  for (let i = 0; i < 2; i += 1) cells.push((2 * random.next01() - 1).toFixed(6));
  cells.push(`v${below(50)}`, colors[below(5)], `city-${below(300)}`, plans[below(3)]);
  cells.push(random.next01() < 0.5);
  return cells;
}

/** Files of up to `rowsOfFile` lines; resolves with their paths and how many bytes they have. */
export async function writeWindow(folder, rows, rowsOfFile = 100_000) {
  const random = seededRandom(7);
  const paths = [];
  let sizeBytes = 0;
  for (let from = 0; from < rows; from += rowsOfFile) {
    const path = `${folder}/window-${rows}-${paths.length}.jsonl`;
    paths.push(path);
    const count = Math.min(rowsOfFile, rows - from);
    sizeBytes += await write(path, count, (at) => lineOf(random, from + at));
  }
  return { paths, sizeBytes };
}

function lineOf(random, at) {
  const body = Buffer.from(`${features(random).join(',')}\n`);
  const answer = Buffer.from(`${random.next01().toFixed(4)}\n`);
  const event = {
    eventId: `3f1c2b9e-8a4d-4a53-9f51-${String(at).padStart(12, '0')}`,
    inferenceTimeMs: 1_780_000_000_000 + at,
    input: { contentType: 'text/csv', body, sizeBytes: body.length },
    output: { contentType: 'text/csv; charset=utf-8', body: answer, sizeBytes: answer.length },
  };
  return captureLine(event, types);
}

/** The answer first, as monitors have it; some of the features have moved. */
export async function writeTraining(folder, rows) {
  const random = seededRandom(8);
  const path = `${folder}/training.csv`;
  const names = ['answer', ...Array.from({ length: 20 }, (_, i) => `f${i}`)];
  await write(path, rows + 1, (at) => {
    if (at === 0) return `${names.join(',')}\n`;
    const cells = features(random);
    cells[5] = (Number(cells[5]) / 2).toFixed(2);
    return `${random.next01().toFixed(4)},${cells.join(',')}\n`;
  });
  return path;
}

async function write(path, lines, lineAt) {
  const file = createWriteStream(path);
  let sizeBytes = 0;
  for (let at = 0; at < lines; at += 1_000) {
    const count = Math.min(1_000, lines - at);
    const text = Array.from({ length: count }, (_, i) => lineAt(at + i)).join('');
    sizeBytes += text.length;
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  return sizeBytes;
}
