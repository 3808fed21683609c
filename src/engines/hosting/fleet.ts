/**
 * The model servers that run in this process, and which of them requests are sent to. In memory
 * only: after a restart the endpoints job fills it again from the stored rows. Not a starter of
 * servers.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { ModelServer } from '../../ports/launcher.ts';
import type { CapturePlan, Variant } from './rows.ts';

/** One running server, and how many requests it is working on. */
export class Instance {
  readonly id: string;
  readonly server: ModelServer;
  #inFlight = 0;
  readonly #waiting = new Set<() => void>();

  constructor(id: string, server: ModelServer) {
    this.id = id;
    this.server = server;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** True once nothing is in flight; false when `timeoutMs` passed first. */
  async drained(timeoutMs: number): Promise<boolean> {
    if (this.#inFlight === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((done) => {
      timer = setTimeout(() => done(false), timeoutMs);
    });
    const empty = new Promise<boolean>((done) => this.#waiting.add(() => done(true)));
    return Promise.race([late, empty]).finally(() => clearTimeout(timer));
  }
}

export interface RunningVariant {
  readonly variant: Variant;
  readonly instance: Instance;
}

/** An endpoint as requests see it; replaced as a whole, never changed. */
export interface LiveEndpoint {
  readonly key: string;
  readonly name: string;
  readonly arn: string;
  readonly scope: Scope;
  readonly variants: readonly RunningVariant[];
  readonly shadows: readonly RunningVariant[];
  readonly capture?: CapturePlan;
}

/** Others that send requests to these servers: resolves once they see the change. */
export type FleetFollower = (key: string, live: LiveEndpoint | undefined) => Promise<void>;

export class Fleet {
  readonly #routes = new Map<string, LiveEndpoint>();
  /** Endpoint key to every instance that runs for it, routed or not. */
  readonly #instances = new Map<string, Map<string, Instance>>();
  /** Changes that a follower has not seen yet. */
  readonly #unseen = new Set<Promise<void>>();
  #follower: FleetFollower | undefined;

  /** From here on it is told of every change. */
  follow(follower: FleetFollower): void {
    this.#follower = follower;
  }

  /** Resolves when every request that comes is routed by what was changed until now. */
  async settled(): Promise<void> {
    await Promise.all(this.#unseen);
  }

  /** What requests to the endpoint are served by now. */
  live(key: string): LiveEndpoint | undefined {
    return this.#routes.get(key);
  }

  all(): readonly LiveEndpoint[] {
    return [...this.#routes.values()];
  }

  /** From here on requests see `live`; requests under way keep what they have. */
  route(live: LiveEndpoint): void {
    this.#routes.set(live.key, live);
    this.#tell(live.key, live);
  }

  /** From here on requests see no endpoint; its instances run until they are removed. */
  withdraw(key: string): void {
    this.#routes.delete(key);
    this.#tell(key, undefined);
  }

  add(key: string, instance: Instance): void {
    const instances = this.#instances.get(key) ?? new Map<string, Instance>();
    this.#instances.set(key, instances.set(instance.id, instance));
  }

  remove(key: string, instance: Instance): void {
    const instances = this.#instances.get(key);
    instances?.delete(instance.id);
    if (instances?.size === 0) this.#instances.delete(key);
  }

  instance(key: string, id: string): Instance | undefined {
    return this.#instances.get(key)?.get(id);
  }

  /** Those that no request can reach any more. */
  unrouted(key: string): readonly Instance[] {
    const live = this.#routes.get(key);
    const routed = new Set([...(live?.variants ?? []), ...(live?.shadows ?? [])].map(idOf));
    return [...(this.#instances.get(key)?.values() ?? [])].filter(({ id }) => !routed.has(id));
  }

  /** Every key that has an instance. */
  keys(): readonly string[] {
    return [...this.#instances.keys()];
  }

  #tell(key: string, live: LiveEndpoint | undefined): void {
    const telling = this.#follower?.(key, live);
    if (!telling) return;
    const seen = telling.finally(() => this.#unseen.delete(seen));
    this.#unseen.add(seen);
  }
}

const idOf = ({ instance }: RunningVariant) => instance.id;
