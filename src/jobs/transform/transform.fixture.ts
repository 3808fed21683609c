/**
 * Transform jobs over memory, on a virtual clock: buckets, a model server in this process that
 * answers over HTTP what a test makes up, and all that the jobs tell others.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { undiciForwarder } from '../../adapters/forwarder/forwarder.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { type Event, makeEventBus } from '../../engines/events/bus.ts';
import { makeObjects } from '../../engines/objects/objects.ts';
import { objectsUnder } from '../../engines/objects/space.ts';
import {
  type TransformJobRow,
  type TransformPlan,
  type TransformWork,
  transformJobs,
  transformQueueName,
} from '../../engines/transform/rows.ts';
import { makeWorkQueue } from '../../engines/work/store-queue.ts';
import { formatArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Launcher, ModelServer, ServeSpec } from '../../ports/launcher.ts';
import { Roles } from '../roles/roles.fixture.ts';
import { keptFor } from '../roles/safekeeping.fixture.ts';
import { makeTransformLoop, type TransformLoop } from './loop.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const bucket = 'data';
export const startMs = Date.UTC(2026, 0, 5, 9, 59, 58);

export interface Asked {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Told {
  readonly status?: number;
  readonly type?: string;
  readonly body: string | Buffer;
}

/** The sum of each row of CSV. */
export const sums = ({ body }: Asked): Told => ({
  type: 'text/csv',
  body: body
    .split('\n')
    .map((row) => row.split(',').reduce((sum, cell) => sum + Number(cell), 0))
    .join('\n'),
});

export class Batches {
  readonly store = memoryMetadataStore();
  readonly clock = new VirtualClock(startMs);
  readonly random = seededRandom(7);
  readonly roles = new Roles();
  readonly kept = keptFor(this.roles, this.store);
  readonly objects = makeObjects({
    store: this.store,
    blobs: memoryObjectStore(),
    keys: this.kept.keys,
    clock: this.clock,
    random: this.random,
  });
  readonly queue = makeWorkQueue<TransformWork>({ store: this.store, name: transformQueueName });
  readonly events: Event[] = [];
  readonly woken: string[] = [];
  readonly logged: string[] = [];
  /** Lines of programs and of model servers. */
  readonly printed: string[] = [];
  readonly asked: Asked[] = [];
  readonly served: ServeSpec[] = [];
  readonly waitedMs: number[] = [];
  /** Requests under way, now and at most. */
  inFlight = { now: 0, most: 0 };
  stopped = 0;
  model: (asked: Asked) => Told | Promise<Told> = sums;
  start: (spec: ServeSpec) => Promise<Outcome<ModelServer>> = async () => ok(this.#server());
  readonly #forwarder = undiciForwarder();
  #processes = 0;
  loop: TransformLoop = this.#makeLoop();
  #process = new AbortController();
  readonly #http = createServer(async (request, response) => {
    const body = (await gather(request, 100_000_000)).toString();
    const asked = { body, headers: request.headers };
    this.asked.push(asked);
    this.inFlight.now += 1;
    this.inFlight.most = Math.max(this.inFlight.most, this.inFlight.now);
    const told = await this.model(asked);
    this.inFlight.now -= 1;
    response.writeHead(told.status ?? 200, told.type ? { 'content-type': told.type } : {});
    response.end(told.body);
  });

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    const owner = scope.account;
    await this.objects.buckets.create({ name: bucket, owner, region: scope.region });
    return this;
  }

  async close(): Promise<void> {
    this.#process.abort();
    await this.#forwarder.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Runs the loop until it has nothing to do now. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.woken.length; ) {
      before = this.woken.length;
      await this.tick();
      await this.loop.idle();
    }
  }

  tick(): Promise<number> {
    return this.loop.tick(this.clock.nowMs(), { signal: this.#process.signal });
  }

  /** As when the process died: nothing it had under way counts, and a new one has begun. */
  crash(): void {
    this.loop = this.#makeLoop();
  }

  /** As when the server was asked to stop: work under way is broken off. */
  async shutDown(): Promise<void> {
    this.#process.abort();
    await this.loop.idle();
    this.#process = new AbortController();
    this.crash();
  }

  async put(key: string, content: string | Buffer): Promise<void> {
    const put = await this.objects.put({ bucket, key }, once(Buffer.from(content)));
    if (!put.ok) throw new Error(put.reason);
  }

  putZipped(key: string, text: string): Promise<void> {
    return this.put(key, gzipSync(text));
  }

  async text(key: string): Promise<string | undefined> {
    const body = await this.objects.read({ bucket, key });
    return body && (await gather(body, 10_000_000)).toString();
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of objectsUnder(this.objects, { bucket, key: prefix })) keys.push(key);
    return keys;
  }

  async job(name: string, plan: Partial<TransformPlan> = {}): Promise<string> {
    const key = `${scope.account}/${scope.region}/${name}`;
    const row: TransformJobRow = {
      arn: formatArn(scope, 'sagemaker', `transform-job/${name}`),
      name,
      scope,
      status: 'InProgress',
      request: { TransformJobName: name },
      plan: { ...planOf(), ...plan },
      createdAtMs: this.clock.nowMs(),
      modifiedAtMs: this.clock.nowMs(),
    };
    await this.store.write((tx) => tx.put(transformJobs, key, row));
    await this.queue.enqueue(key, { key }, this.clock.nowMs());
    return key;
  }

  async row(key: string): Promise<TransformJobRow> {
    return defined(await this.store.get(transformJobs, key), key);
  }

  /** Runs a job to its end. */
  async ran(name: string, plan: Partial<TransformPlan> = {}): Promise<TransformJobRow> {
    const key = await this.job(name, plan);
    await this.settle();
    return this.row(key);
  }

  #server(): ModelServer {
    const { port } = this.#http.address() as AddressInfo;
    return {
      invocationsUrl: new URL(`http://127.0.0.1:${port}/invocations`),
      healthy: async () => true,
      usage: async () => undefined,
      stop: async () => {
        this.stopped += 1;
      },
    };
  }

  #makeLoop(): TransformLoop {
    const { store, clock, objects, queue } = this;
    this.#processes += 1;
    const add = (message: string) => void this.logged.push(message);
    const log: Logger = { info: () => {}, warn: add, error: add };
    const events = makeEventBus({ clock, random: this.random, log });
    events.subscribe(async (event) => void this.events.push(event));
    const launcher: Launcher = {
      accepts: (image) => image !== 'unknown',
      serve: (spec) => {
        this.served.push(spec);
        return this.start(spec);
      },
      run: async () => refuse('not a job'),
    };
    return makeTransformLoop({
      ...{ store, clock, queue, log, events, launcher },
      objectsFor: this.roles.objectsFor(objects),
      safekeeping: this.kept.safekeeping,
      forwarder: this.#forwarder,
      programLogs: {
        append: (_, line) => void this.printed.push(line),
        close: async () => {},
      },
      wait: async (ms) => void this.waitedMs.push(ms),
      wake: (name) => void this.woken.push(name),
      holder: `process ${this.#processes}`,
      parallelism: 2,
    });
  }
}

/** Lines of CSV below `in/`, to `out/`. */
export function planOf(): TransformPlan {
  return {
    model: {
      name: 'summer',
      image: 'model',
      environment: { A: '1' },
      roleArn: 'arn:aws:iam::111122223333:role/summer',
    },
    source: {
      uri: `s3://${bucket}/in`,
      isManifest: false,
      contentType: 'text/csv',
      gzip: false,
      split: 'Line',
    },
    target: { uri: `s3://${bucket}/out`, accept: 'text/csv', assemble: 'Line' },
    singleRecord: false,
    payloadBytes: 1_000,
    concurrency: 1,
    timeoutMs: 5_000,
    retries: 3,
    inputFilter: '$',
    outputFilter: '$',
    joinsInput: false,
  };
}

/** A promise and what ends it. */
export function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
