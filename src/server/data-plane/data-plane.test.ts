/** Processes kept running and told of changes, and what they leave. A stand-in plays them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { defaultSpoolLimits, Spool } from '../../engines/capture/spool.ts';
import { RequestCounters } from '../../engines/hosting/counters.ts';
import { Fleet, Instance, type LiveEndpoint } from '../../engines/hosting/fleet.ts';
import { revoked } from '../../engines/identity/sessions.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { DataPlane } from './data-plane.ts';
import type { Setup } from './messages.ts';
import { watchedStore } from './watched-store.ts';

vi.setConfig({ testTimeout: 30_000 });

/**
 * Answers everything; lets go of servers at once; says its id and what it was told to who connects.
 * Told to end by the word `end`.
 */
const standIn = `
  let told = [], version = 0, held = new Set();
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ ask, id, asked }, socket) => {
    if (ask === undefined) return;
    if (ask !== 'connection') told.push(ask);
    if (ask === 'fleet') {
      const variants = asked.routed.flatMap((one) => one.variants);
      const now = new Set(variants.map(({ variant }) => variant.instanceId));
      for (const instanceId of held) {
        if (now.has(instanceId)) continue;
        process.send({ ask: 'released', id: -1, asked: { instanceId, version: asked.version } });
      }
      held = now;
    }
    if (ask === 'start') told.push(asked.tag);
    socket?.on('data', (word) => String(word) === 'end' && process.exit(1));
    socket?.write(JSON.stringify({ id: process.pid, told }) + '\\n');
    process.send({ answer: id, answered: undefined });
  });
`;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started({ count = 2, port = 0 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-test-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const script = pathToFileURL(join(folder, 'stand-in.mjs'));
  await writeFile(script, standIn);
  const journals = memoryJournals();
  const random = seededRandom(1);
  const limits = defaultSpoolLimits;
  const spool = new Spool({ journals, random, limits, onChange: () => {} });
  const fleet = new Fleet();
  const store = watchedStore(memoryMetadataStore());
  const plane = new DataPlane({
    ...{ count, port, script, store, fleet, spool, journals, random, log: silentLogger },
    ...{ host: '127.0.0.1', counters: new RequestCounters() },
    trail: { recordLine: async () => {}, isWritable: async () => true },
    noteUse: () => {},
    onCounted: () => {},
    clock: { nowMs: () => Date.now() },
    setup: () => ({ keys: [], processes: count + 1 }) as unknown as Setup,
  });
  ends.push(() => plane.stop());
  return { plane, journals, spool, fleet, store, outcome: await plane.start() };
}

interface Said {
  readonly id: number;
  readonly told: readonly string[];
}

/** What the process says to which a connection was given; with a word, once that has ended. */
function asked(plane: DataPlane, word?: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const socket = connect(plane.port ?? 0, '127.0.0.1');
    ends.push(() => socket.destroy());
    socket.once('error', reject);
    let said: Said | undefined;
    socket.once('close', () => (said ? resolve(said) : reject(new Error('nobody answered'))));
    socket.once('data', (line) => {
      const answer: Said = JSON.parse(String(line));
      said = answer;
      if (word === undefined) resolve(answer);
      else socket.write(word);
    });
  });
}

function live(instance: Instance): LiveEndpoint {
  const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
  const variant = {
    ...{ name: 'A', modelName: 'm', weight: 1, instanceCount: 1, instanceId: instance.id },
    ...{ image: 'i', startTimeoutMs: 1, downloadTimeoutMs: 1, environment: { TOKEN: 'secret' } },
  };
  const [key, name, arn] = ['k', 'Churn', 'a'];
  return { key, name, arn, scope, variants: [{ variant, instance }], shadows: [] };
}

function instanceOf(id: string): Instance {
  return new Instance(id, {
    invocationsUrl: new URL('http://127.0.0.1:1/invocations'),
    healthy: async () => true,
    usage: async () => undefined,
    stop: async () => {},
  });
}

test('connections are shared out, each to the process with the fewest', async () => {
  const { plane } = await started();
  const ids: number[] = [];
  for (let n = 0; n < 6; n += 1) ids.push((await asked(plane)).id);
  const [first] = ids;
  expect(new Set(ids).size).toBe(2);
  expect(ids.filter((id) => id === first)).toHaveLength(3);
});

test('every process has been told of a change of identities when it is answered', async () => {
  const { plane, store } = await started();
  await store.write((tx) => tx.put({ name: 'hosting/models' }, 'm', {}));
  await store.write((tx) => tx.put(revoked, 'ASIA', { untilMs: 1 }));
  const all = [await asked(plane), await asked(plane)];
  expect(new Set(all.map(({ id }) => id)).size).toBe(2);
  for (const { told } of all) expect(told.filter((one) => one === 'changed')).toHaveLength(1);
});

test('a server that processes may ask is in use until each has let go of it', async () => {
  const { fleet } = await started();
  const [one, two] = [instanceOf('i1'), instanceOf('i2')];
  fleet.route(live(one));
  await fleet.settled();
  expect(one.inFlight).toBe(2);
  fleet.route(live(two));
  expect(await one.drained(10_000)).toBe(true);
  expect(two.inFlight).toBe(2);
  fleet.withdraw('k');
  expect(await two.drained(10_000)).toBe(true);
});

test('one that ends is replaced; its servers and its journals are taken over', async () => {
  const { plane, journals, spool, fleet } = await started({ count: 1 });
  const instance = instanceOf('i1');
  fleet.route(live(instance));
  const [, tag] = (await asked(plane)).told;
  const name = `capture.${tag}.x`;
  await (await journals.open(name)).append(Buffer.from('left'));
  expect(plane.isElsewhere(name)).toBe(true);
  const { id } = await asked(plane, 'end');
  // Until it is seen that the process has ended, connections may be given to it, and end with it.
  const next = await vi.waitFor(() => asked(plane), { timeout: 10_000 });
  expect(next.id).not.toBe(id);
  expect(next.told[1]).not.toBe(tag);
  expect(plane.isElsewhere(name)).toBe(false);
  expect((await spool.sealDue(0)).map((journal) => journal.name)).toEqual([name]);
  // That of the new process alone.
  expect(instance.inFlight).toBe(1);
});

test('no connection hangs that comes while a process ends', async () => {
  const { plane } = await started({ count: 1 });
  const ending = asked(plane, 'end');
  const coming: Promise<boolean>[] = [];
  for (let n = 0; n < 60; n += 1) {
    coming.push(
      asked(plane).then(
        () => true,
        () => false,
      ),
    );
    if (n % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await ending;
  // Some are answered, by this process or the next, and some broken off: all are told.
  expect(await Promise.all(coming)).toContain(true);
});

test('a port that is taken is refused', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  ends.push(() => other.close());
  const { port } = other.address() as { port: number };
  const { outcome } = await started({ port });
  expect(outcome).toMatchObject({
    ok: false,
    reason: expect.stringContaining(`cannot listen on 127.0.0.1:${port} for the data plane`),
  });
});
