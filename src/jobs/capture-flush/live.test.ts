/** Objects that are written while their records come, and what becomes of them when that fails. */
import { beforeEach, expect, test } from 'vitest';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { Spool, type SpoolLimits } from '../../engines/capture/spool.ts';
import { makeEventBus } from '../../engines/events/bus.ts';
import type { ObjectSpace, PutOptions } from '../../engines/objects/space.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import { Roles } from '../roles/roles.fixture.ts';
import { keptFor } from '../roles/safekeeping.fixture.ts';
import { makeCaptureLoop } from './loop.ts';

const startMs = Date.UTC(2026, 0, 5, 10);
const dueMs = startMs + 60_000;
const limits: SpoolLimits = { maxAgeMs: 60_000, maxSizeBytes: 1e9, maxTotalBytes: 1e9 };
const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const endpointArn = 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn';
const roleArn = 'arn:aws:iam::111122223333:role/model';
const target = {
  ...{ destinationUri: 's3://captures/p', endpointName: 'Churn', variantName: 'A' },
  writer: { scope, endpointArn, roleArn },
};

let journals: Journals;
let objects: string[];
/** What puts that have not ended were given. */
let seenBytes: number;
let puts: number;
/** Of the next put: it fails when it was given so much. */
let failsAtBytes: number;
/** Awaited before each part is taken. */
let room: () => Promise<void>;
let lastOptions: PutOptions | undefined;
let roles: Roles;
let reads: number;
let stopping: AbortController;
let spool: Spool;
let loop: Loop;

const space = {
  async put(at, content, options) {
    puts += 1;
    lastOptions = options;
    const [mostBytes, parts]: [number, Uint8Array[]] = [failsAtBytes, []];
    failsAtBytes = Infinity;
    for await (const part of content) {
      await room();
      parts.push(part);
      seenBytes += part.length;
      if (seenBytes > mostBytes) return refuse('the disk is full');
    }
    objects.push(Buffer.concat(parts).toString('utf8'));
    return ok({ key: at.key, sizeBytes: 0, modifiedAtMs: 0, etag: '0-1' });
  },
} as Pick<ObjectSpace, 'put'> as ObjectSpace;

async function restart() {
  const inner = journals;
  const counted: Journals = {
    ...inner,
    async open(name) {
      const journal = await inner.open(name);
      const { read } = journal;
      journal.read = () => {
        reads += 1;
        return read.call(journal);
      };
      return journal;
    },
  };
  const [random, log] = [seededRandom(puts + 7), silentLogger];
  spool = new Spool({ journals: counted, random, limits, onChange: () => {} });
  stopping = new AbortController();
  const { safekeeping } = keptFor(roles, memoryMetadataStore());
  loop = makeCaptureLoop({
    ...{ spool, objects: space, objectsFor: roles.objectsFor(space), safekeeping, log },
    events: makeEventBus({ clock: new VirtualClock(startMs), random, log }),
  });
  await tick(startMs);
}

const tick = (nowMs: number) => loop.tick(nowMs, { signal: stopping.signal });

beforeEach(async () => {
  journals = memoryJournals();
  [objects, seenBytes, puts, reads, failsAtBytes] = [[], 0, 0, 0, Infinity];
  room = async () => {};
  lastOptions = undefined;
  roles = new Roles();
  await restart();
});

/** Answers what was kept. */
async function keep(count: number, first = 0): Promise<string> {
  const lines = Array.from({ length: count }, (_, n) => `${first + n} ${'x'.repeat(990)}\n`);
  for (const line of lines) await spool.append(target, startMs, line);
  return lines.join('');
}

test('an object is written while its records come, without reading its journal', async () => {
  const early = await keep(200);
  expect(seenBytes).toBeGreaterThan(100_000);
  expect(objects).toEqual([]);
  const late = await keep(50, 200);
  await tick(dueMs);
  expect(objects).toEqual([early + late]);
  expect([puts, reads]).toEqual([1, 0]);
  expect(lastOptions).toMatchObject({ contentType: 'application/jsonlines', anyEtag: true });
  expect(await journals.names()).toEqual([]);
});

test('few records become an object by their journal', async () => {
  const lines = await keep(20);
  expect(puts).toBe(0);
  await tick(dueMs);
  expect(objects).toEqual([lines]);
  expect(reads).toBeGreaterThan(0);
});

test('what cannot be written as it comes is written from the journal, once', async () => {
  failsAtBytes = 70_000;
  const lines = await keep(200);
  await tick(dueMs);
  expect(objects).toEqual([lines]);
  expect(puts).toBe(2);
});

test('a right that went while records came is asked for at the end', async () => {
  const lines = await keep(200);
  expect(puts).toBe(1);
  roles.may = () => false;
  await tick(dueMs);
  expect(objects).toEqual([]);
  expect(await journals.names()).toHaveLength(1);
  roles.may = () => true;
  await tick(dueMs + 5_000);
  expect(objects).toEqual([lines]);
});

test('a role that went while records came writes nothing', async () => {
  await keep(200);
  roles.gone.add(roleArn);
  await tick(dueMs);
  expect(objects).toEqual([]);
  expect(await journals.names()).toHaveLength(1);
});

test('a store slower than the records gets them from the journal', async () => {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  room = () => opened;
  const large = `${'y'.repeat(1_000_000)}\n`;
  for (let count = 0; count < 20; count += 1) await spool.append(target, startMs, large);
  open();
  await tick(dueMs);
  expect(objects).toEqual([large.repeat(20)]);
  expect(puts).toBe(2);
});

test('a stop ends what is under way, and the next start writes it whole', async () => {
  const lines = await keep(200);
  stopping.abort();
  await loop.idle?.();
  expect(objects).toEqual([]);
  await restart();
  await tick(dueMs);
  expect(objects).toEqual([lines]);
  expect(await journals.names()).toEqual([]);
});

test('of many journals some are read, and none is lost', async () => {
  const variants = Array.from({ length: 40 }, (_, n) => `V${n}`);
  const line = `${'z'.repeat(80_000)}\n`;
  for (const variantName of variants) {
    await spool.append({ ...target, variantName }, startMs, line);
  }
  await tick(dueMs);
  expect(objects).toEqual(variants.map(() => line));
  expect(await journals.names()).toEqual([]);
});
