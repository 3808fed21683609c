/** The hosting operations over memory, with the endpoints job and model servers made of objects. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { type Event, makeEventBus } from '../../engines/events/bus.ts';
import { Fleet } from '../../engines/hosting/fleet.ts';
import type { ObjectSpace } from '../../engines/objects/space.ts';
import { type EndpointLoop, makeEndpointLoop } from '../../jobs/endpoints/loop.ts';
import { Roles } from '../../jobs/roles/roles.fixture.ts';
import { keptFor } from '../../jobs/roles/safekeeping.fixture.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Launcher, ModelServer, ServeSpec } from '../../ports/launcher.ts';
import type { Call } from '../../wire/operation.ts';
import { accessOf } from './access.fixture.ts';
import type { HostingParts } from './context.ts';
import { hostingOperations, tagOperations } from './index.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const role = 'arn:aws:iam::111122223333:role/model';
export const arnOf = (resource: string) => `arn:aws:sagemaker:eu-west-1:111122223333:${resource}`;

export interface FakeServer extends ModelServer {
  readonly spec: ServeSpec;
  stopped: boolean;
}

const operations = { ...hostingOperations, ...tagOperations };
type Name = keyof typeof operations;
type Input<N extends Name> = Parameters<(typeof operations)[N]>[0];
type Output<N extends Name> = ReturnType<(typeof operations)[N]>;

export class Hosting {
  readonly store = memoryMetadataStore();
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 5, 10));
  readonly random = seededRandom(11);
  readonly events: Event[] = [];
  readonly servers: FakeServer[] = [];
  readonly access = accessOf();
  readonly roles = new Roles();
  readonly kept = keptFor(this.roles, this.store);
  readonly archives = new Set<string>();
  /** Image to the reason its start is refused with. */
  readonly refusals = new Map<string, string>();
  /** Image to what its start waits for. */
  readonly gates = new Map<string, Promise<void>>();
  schedules: readonly string[] = [];
  fleet = new Fleet();
  loop: EndpointLoop;
  #wakes = 0;

  constructor() {
    this.loop = this.#makeLoop();
  }

  call<N extends Name>(name: N, input: Input<N>, over: Partial<Call> = {}): Output<N> {
    const run = operations[name] as (input: Input<N>, ctx: Call & HostingParts) => Output<N>;
    return run(input, {
      scope,
      caller: { accessKeyId: 'A', arn: 'arn:aws:iam::1:root', userId: 'u', account: scope.account },
      requestId: 'r',
      signal: new AbortController().signal,
      endpointUrl: 'http://localhost',
      headers: {},
      url: '/',
      checksums: {},
      access: this.access,
      keys: this.kept.keys,
      store: this.store,
      clock: this.clock,
      random: this.random,
      fleet: this.fleet,
      wake: () => {},
      schedulesOn: async () => this.schedules,
      ...over,
    });
  }

  /** Runs the job until nothing is left that it wants to do now. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.#wakes; ) {
      before = this.#wakes;
      await this.loop.tick(this.clock.nowMs(), { signal: new AbortController().signal });
      await this.loop.idle();
    }
  }

  /** As when the process was killed: servers and memory are gone, rows are not. */
  restart(): void {
    this.fleet = new Fleet();
    this.servers.length = 0;
    this.loop = this.#makeLoop();
  }

  async model(name: string, image = 'known', archive?: string): Promise<void> {
    const data = archive === undefined ? {} : { ModelDataUrl: archive };
    const container = { Image: image, Environment: { A: '1' }, ...data };
    await this.call('CreateModel', {
      ModelName: name,
      PrimaryContainer: container,
      ExecutionRoleArn: role,
    });
  }

  async config(name: string, variants: Readonly<Record<string, string>>, over: object = {}) {
    const ProductionVariants = Object.entries(variants).map(([VariantName, ModelName]) => ({
      VariantName,
      ModelName,
      InitialInstanceCount: 1,
      InitialVariantWeight: 1,
    }));
    const input = { EndpointConfigName: name, ProductionVariants, ...over };
    await this.call('CreateEndpointConfig', input);
  }

  #makeLoop(): EndpointLoop {
    const { store, fleet, clock, random } = this;
    const events = makeEventBus({ clock, random, log: silentLogger });
    events.subscribe(async (event) => void this.events.push(event));
    return makeEndpointLoop({
      store,
      fleet,
      clock,
      events,
      log: silentLogger,
      launcher: this.#launcher(),
      objectsFor: this.roles.objectsFor(this.#objects()),
      safekeeping: this.kept.safekeeping,
      wake: () => {
        this.#wakes += 1;
      },
    });
  }

  #launcher(): Launcher {
    return {
      accepts: (image) => image.startsWith('known'),
      serve: async (spec, options) => {
        await this.gates.get(spec.image);
        options?.signal?.throwIfAborted();
        const reason = this.refusals.get(spec.image);
        if (reason !== undefined) return refuse(reason);
        const server: FakeServer = {
          spec,
          stopped: false,
          invocationsUrl: new URL('http://127.0.0.1:1/invocations'),
          healthy: async () => true,
          usage: async () => undefined,
          async stop() {
            server.stopped = true;
          },
        };
        this.servers.push(server);
        return ok(server);
      },
      run: async () => refuse('not a job'),
    };
  }

  #objects(): ObjectSpace {
    const asFile: ObjectSpace['asFile'] = async ({ bucket, key }) => {
      const found = this.archives.has(`s3://${bucket}/${key}`);
      return found ? { path: `/blobs/${key}`, release: async () => {} } : undefined;
    };
    return { asFile } as Pick<ObjectSpace, 'asFile'> as ObjectSpace;
  }
}
