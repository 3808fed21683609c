/** From captured lines to objects: by age, by size, after a crash, and when the bucket is gone. */
import { beforeEach, expect, test } from 'vitest';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { Spool, type SpoolLimits, spoolPrefix } from '../../engines/capture/spool.ts';
import { type Event, makeEventBus } from '../../engines/events/bus.ts';
import { type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import { DamagedJournal } from '../../engines/sealing/sealed-journals.ts';
import { gather } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import { denialOf, Roles } from '../roles/roles.fixture.ts';
import { keptFor } from '../roles/safekeeping.fixture.ts';
import { makeCaptureLoop } from './loop.ts';

const startMs = Date.UTC(2026, 0, 5, 10, 59, 30, 250);
const signal = new AbortController().signal;
const target = { destinationUri: 's3://captures/p', endpointName: 'Churn', variantName: 'A' };
const limits: SpoolLimits = { maxAgeMs: 60_000, maxSizeBytes: 1_000, maxTotalBytes: 10_000 };

let journals: Journals;
let objects: Map<string, string>;
/** By the object's text. */
let keyIds: Map<string, string | undefined>;
let bucketThere: boolean;
let roles: Roles;
let kept: ReturnType<typeof keptFor>;
let events: Event[];
let errors: string[];
let spool: Spool;
let loop: Loop;
let seed = 1;

/** As after the start of a process: the journals are all that is left of the one before. */
function restart(over: Partial<SpoolLimits> = {}) {
  seed += 1;
  const random = seededRandom(seed);
  const error = (message: string) => void errors.push(message);
  spool = new Spool({
    ...{ journals, random, limits: { ...limits, ...over } },
    onChange: () => {},
    onUnreadable: (name) => error(`${name} cannot be opened`),
  });
  const log: Logger = { info: () => {}, warn: () => {}, error };
  const bus = makeEventBus({ clock: new VirtualClock(startMs), random, log });
  bus.subscribe(async (event) => void events.push(event));
  const objectsFor = roles.objectsFor(space);
  const { safekeeping } = kept;
  loop = makeCaptureLoop({ spool, objects: space, objectsFor, safekeeping, events: bus, log });
}

const space = {
  async put(at, content, options) {
    const bytes = await gather(content, 1_000_000);
    if (!bucketThere) return refuse(`the bucket ${at.bucket} does not exist`);
    if (options?.keyId !== undefined) {
      const key = await kept.keys.find(options.keyId, scope);
      if (!key.ok || key.value.state !== 'Enabled') return refuse(`${options.keyId} is disabled.`);
    }
    const text = bytes.toString('utf8');
    objects.set(`${at.bucket}/${at.key}`, text);
    keyIds.set(text, options?.keyId);
    const etag = '0';
    return {
      ok: true,
      value: { key: at.key, sizeBytes: bytes.length, modifiedAtMs: 0, etag },
    };
  },
} as Pick<ObjectSpace, 'put'> as ObjectSpace;

beforeEach(() => {
  journals = memoryJournals();
  objects = new Map();
  keyIds = new Map();
  bucketThere = true;
  roles = new Roles();
  kept = keptFor(roles, memoryMetadataStore());
  events = [];
  errors = [];
  restart();
});

test('records wait until they are old enough, and then are one object', async () => {
  await spool.append(target, startMs, 'one\n');
  await spool.append(target, startMs + 1_000, 'two\n');
  expect(await loop.tick(startMs + 59_999, { signal })).toBe(startMs + 60_000);
  expect(objects.size).toBe(0);
  expect(await loop.tick(startMs + 60_000, { signal })).toBe(Infinity);
  const [[key, text] = []] = objects;
  expect(key).toMatch(/^captures\/p\/Churn\/A\/2026\/01\/05\/10\/59-30-250-[0-9a-f-]{36}\.jsonl$/);
  expect(text).toBe('one\ntwo\n');
  expect(await journals.names()).toEqual([]);
});

test('records of different hours never share an object', async () => {
  await spool.append(target, startMs, 'ten\n');
  await spool.append(target, startMs + 31_000, 'eleven\n');
  await loop.tick(startMs + 120_000, { signal });
  const folders = [...objects.keys()].map((key) => key.split('/').slice(-2, -1)[0]);
  expect(folders.sort()).toEqual(['10', '11']);
});

test('what was begun before an instant can be asked for before it is old enough', async () => {
  await spool.append(target, startMs, 'ten\n');
  await spool.append(target, startMs + 31_000, 'eleven\n');
  spool.sealBefore(startMs + 30_000);
  await loop.tick(startMs + 31_000, { signal });
  expect([...objects.values()]).toEqual(['ten\n']);
});

test('a full journal becomes an object at once, and later records start another', async () => {
  const line = `${'x'.repeat(599)}\n`;
  for (let i = 0; i < 3; i += 1) await spool.append(target, startMs + i, line);
  await loop.tick(startMs + 10, { signal });
  expect([...objects.values()].map((text) => text.length)).toEqual([1_200]);
  await loop.tick(startMs + 60_010, { signal });
  expect([...objects.values()].map((text) => text.length)).toEqual([1_200, 600]);
});

test('what a killed process left is written, but for a line that has no end', async () => {
  await spool.append(target, startMs, 'answered\n');
  const [name = ''] = await journals.names();
  await (await journals.open(name)).append(Buffer.from('{"torn'));
  await (await journals.open(`${spoolPrefix}empty`)).append(Buffer.from('{"vers'));
  await (await journals.open('other')).append(Buffer.from('not ours'));
  restart();
  await loop.tick(startMs, { signal });
  expect([...objects.values()]).toEqual(['answered\n']);
  expect(await journals.names()).toEqual(['other']);
});

test('a crash between object and journal writes the same object again', async () => {
  await spool.append(target, startMs, 'one\n');
  const [name = ''] = await journals.names();
  const bytes = await gather((await journals.open(name)).read(), 10_000);
  await loop.tick(startMs + 60_000, { signal });
  await (await journals.open(name)).append(bytes);
  restart();
  await loop.tick(startMs + 60_000, { signal });
  expect([...objects.values()]).toEqual(['one\n']);
});

test('of a damaged journal what is before the damage is written, and it stays', async () => {
  await spool.append(target, startMs, 'sound\n');
  const [name = ''] = await journals.names();
  const journal = await journals.open(name);
  const { read } = journal;
  journal.read = async function* () {
    yield* read.call(journal);
    throw new DamagedJournal('frame 2 was changed');
  };
  await spool.append({ ...target, variantName: 'B' }, startMs, 'other\n');
  expect(await loop.tick(startMs + 60_000, { signal })).toBe(Infinity);
  expect([...objects.values()].sort()).toEqual(['other\n', 'sound\n']);
  expect(await journals.names()).toEqual([name]);
  expect(errors).toEqual(['captured records are damaged: those before are kept']);
});

test('a journal that cannot be opened keeps no other from being written', async () => {
  await spool.append(target, startMs, 'one\n');
  const bad = `${spoolPrefix}0`;
  await (await journals.open(bad)).append(Buffer.from('?'));
  const { open } = journals;
  journals = {
    ...journals,
    open: async (name) => {
      if (name === bad) throw new DamagedJournal('frame 0 was changed');
      return open(name);
    },
  };
  restart();
  await loop.tick(startMs, { signal });
  await loop.tick(startMs + 1, { signal });
  expect([...objects.values()]).toEqual(['one\n']);
  expect(errors).toEqual([`${bad} cannot be opened`]);
});

test('while the bucket is gone records are kept and tried again, each time later', async () => {
  bucketThere = false;
  await spool.append(target, startMs, 'one\n');
  const firstMs = startMs + 60_000;
  expect(await loop.tick(firstMs, { signal })).toBe(firstMs + 5_000);
  expect(await loop.tick(firstMs + 5_000, { signal })).toBe(firstMs + 15_000);
  expect(await journals.names()).toHaveLength(1);
  bucketThere = true;
  await loop.tick(firstMs + 14_999, { signal });
  expect(objects.size).toBe(0);
  expect(await loop.tick(firstMs + 15_000, { signal })).toBe(Infinity);
  expect([...objects.values()]).toEqual(['one\n']);
});

test('a full spool takes nothing more until objects were made', async () => {
  restart({ maxTotalBytes: 700, maxSizeBytes: 400 });
  const line = `${'x'.repeat(399)}\n`;
  expect(await spool.append(target, startMs, line)).toBe(true);
  expect(await spool.append(target, startMs, line)).toBe(false);
  await loop.tick(startMs, { signal });
  expect(await spool.append(target, startMs, line)).toBe(true);
});

test('appends that overlap a sealing all land', async () => {
  const lines = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(90)}\n`);
  restart({ maxTotalBytes: 1_000_000 });
  await Promise.all(lines.map((line) => spool.append(target, startMs, line)));
  await loop.tick(startMs + 60_000, { signal });
  const landed = [...objects.values()].flatMap((text) => text.trimEnd().split('\n'));
  expect(landed.sort()).toEqual(lines.map((line) => line.trimEnd()).sort());
});

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const endpointArn = 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn';
const roleArn = 'arn:aws:iam::111122223333:role/model';
const written = { ...target, writer: { scope, endpointArn, roleArn } };
const asRole = {
  ...{ roleArn, account: scope.account, region: scope.region },
  ...{ sessionName: 'SageMaker', sourceArn: endpointArn },
};
const minute = 60_000;

test('records are written by the right of the role that their model has', async () => {
  await spool.append(written, startMs, 'one\n');
  await loop.tick(startMs + minute, { signal });
  expect([...objects.values()]).toEqual(['one\n']);
  expect(roles.used).toEqual([asRole]);
});

test('models of different roles do not share an object', async () => {
  await spool.append(written, startMs, 'one\n');
  const other = { ...written.writer, roleArn: `${roleArn}-2` };
  await spool.append({ ...written, writer: other }, startMs, 'two\n');
  await loop.tick(startMs + minute, { signal });
  expect([...objects.values()].sort()).toEqual(['one\n', 'two\n']);
  expect(roles.used.map((role) => role.roleArn)).toEqual([roleArn, `${roleArn}-2`]);
});

test('what a role may not write waits, others go on, and it is written once it may', async () => {
  roles.may = (_action, _at, role) => role.roleArn !== roleArn;
  await spool.append(written, startMs, 'held\n');
  const writer = { ...written.writer, roleArn: `${roleArn}-2` };
  await spool.append({ ...written, variantName: 'B', writer }, startMs, 'free\n');
  expect(await loop.tick(startMs + minute, { signal })).toBe(startMs + minute + 5_000);
  expect([...objects.values()]).toEqual(['free\n']);
  // As after the start of a process: the journal tells whose right it is.
  restart();
  await loop.tick(startMs + 2 * minute, { signal });
  expect(objects.size).toBe(1);
  roles.may = () => true;
  await loop.tick(startMs + 3 * minute, { signal });
  expect([...objects.values()].sort()).toEqual(['free\n', 'held\n']);
  expect(events).toEqual([]);
});

/** Ticks as often as the loop asks; answers when it was last. */
async function tickUntil(fromMs: number, endMs: number): Promise<void> {
  for (let nowMs = fromMs; nowMs <= endMs; ) nowMs = await loop.tick(nowMs, { signal });
}

test('after an hour without the right records are dropped, and it is told', async () => {
  roles.may = () => false;
  await spool.append(written, startMs, 'lost\n');
  await tickUntil(startMs + minute, startMs + 60 * minute);
  expect(await journals.names()).toHaveLength(1);
  await tickUntil(startMs + 60 * minute + 1, startMs + 67 * minute);
  expect(await journals.names()).toEqual([]);
  expect(objects.size).toBe(0);
  expect(errors).toEqual(['captured records are dropped: they may not be written']);
  expect(events).toHaveLength(1);
  const [event] = events;
  const at = parseObjectUri(String(event?.detail['S3Uri']));
  const reason = denialOf('s3:PutObject', at.ok ? at.value : { bucket: '', key: '' }, asRole);
  expect(event).toMatchObject({
    'detail-type': 'SageMaker Endpoint Data Capture Failure',
    account: scope.account,
    region: scope.region,
    resources: [endpointArn],
    detail: { EndpointArn: endpointArn, RoleArn: roleArn, FailureReason: reason },
  });
  expect(spool.full).toBe(false);
});

test.each([
  ['is gone', roleArn, 'there is no role'],
  ['was never given', undefined, 'has no role to read and write objects with'],
])('a role that %s is waited for no longer either', async (_, given, reason) => {
  roles.gone.add(roleArn);
  const writer = { scope, endpointArn, ...(given === undefined ? {} : { roleArn: given }) };
  await spool.append({ ...target, writer }, startMs, 'lost\n');
  await tickUntil(startMs + minute, startMs + 67 * minute);
  expect(await journals.names()).toEqual([]);
  expect(events[0]?.detail['FailureReason']).toContain(reason);
});

test('a missing bucket is waited for as long as it takes', async () => {
  bucketThere = false;
  await spool.append(written, startMs, 'one\n');
  await tickUntil(startMs + minute, startMs + 180 * minute);
  expect(await journals.names()).toHaveLength(1);
  bucketThere = true;
  await loop.tick(startMs + 200 * minute, { signal });
  expect([...objects.values()]).toEqual(['one\n']);
});

test('records that wait for rights are bounded: the oldest give way', async () => {
  const line = `${'x'.repeat(4_999)}\n`;
  restart({ maxSizeBytes: 5_000, maxTotalBytes: 100_000 });
  roles.may = () => false;
  for (let i = 0; i < 3; i += 1) {
    await spool.append(written, startMs + i, line);
    await loop.tick(startMs + i, { signal });
  }
  expect(await journals.names()).toHaveLength(2);
  expect(events).toHaveLength(1);
});

test('records go under the key of their endpoint, which outlives the process', async () => {
  const { arn } = await kept.addKey();
  await spool.append({ ...written, keyId: arn }, startMs, 'one\n');
  await spool.append(written, startMs, 'two\n');
  restart();
  await loop.tick(startMs + minute, { signal });
  expect([...objects.values()].sort()).toEqual(['one\n', 'two\n']);
  expect([...keyIds.entries()].map(([text, key]) => [text, key]).sort()).toEqual([
    ['one\n', arn],
    ['two\n', undefined],
  ]);
});

test('while their key is disabled records wait, for an hour at most', async () => {
  const key = await kept.addKey();
  await kept.setState(key, 'Disabled');
  await spool.append({ ...written, keyId: key.arn }, startMs, 'kept\n');
  await loop.tick(startMs + minute, { signal });
  expect(objects.size).toBe(0);
  await kept.setState(key, 'Enabled');
  await tickUntil(startMs + 2 * minute, startMs + 3 * minute);
  expect([...objects.values()]).toEqual(['kept\n']);

  await kept.setState(key, 'Disabled');
  await spool.append({ ...written, keyId: key.arn }, startMs, 'lost\n');
  await tickUntil(startMs + 4 * minute, startMs + 70 * minute);
  expect(await journals.names()).toEqual([]);
  expect([...objects.values()]).toEqual(['kept\n']);
  expect(events[0]?.detail['FailureReason']).toContain('is disabled');
});
