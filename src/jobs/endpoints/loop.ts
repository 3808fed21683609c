/**
 * Brings endpoints to what their rows ask for: starts, switches, drains and stops model servers.
 * Each endpoint's work runs on its own, at most once at a time, and can be begun again after a
 * crash at any point. Not a watcher of servers: one that dies is started again by its launcher.
 */
import type { EventBus } from '../../engines/events/bus.ts';
import { type Fleet, Instance, type RunningVariant } from '../../engines/hosting/fleet.ts';
import { hostedKey } from '../../engines/hosting/names.ts';
import {
  type Deployment,
  type Endpoint,
  type EndpointStatus,
  endpoints,
  type Variant,
} from '../../engines/hosting/rows.ts';
import { dropTags, tagsOf } from '../../engines/hosting/tags.ts';
import { failed, settled } from '../../engines/hosting/transition.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop, Wake } from '../../kernel/loop.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { stateChange } from './events.ts';
import { makeLanes } from './lanes.ts';
import { type StarterParts, startModel } from './starter.ts';

export const endpointLoopName = 'endpoints';

export interface EndpointParts extends StarterParts {
  readonly store: MetadataStore;
  readonly fleet: Fleet;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wake: Wake;
  /** Each line that the program of a variant prints. */
  readonly onServerLog?: (endpoint: Endpoint, variant: Variant, line: string) => void;
}

export interface EndpointLoop extends Loop {
  idle(): Promise<void>;
  /** Ends every model server; no tick may follow. */
  close(): Promise<void>;
}

/** A model has 60 s to answer; what is still in flight after this is lost with its server. */
const drainTimeoutMs = 70_000;
const stopGraceMs = 30_000;
/** Before work that threw, or an endpoint that did not come back, is tried again. */
const retryMs = 10_000;
const startsAtOnce = 8;
const page = 1_000;
const startable = ['Creating', 'Updating', 'Deleting'] as const;

export function makeEndpointLoop(parts: EndpointParts): EndpointLoop {
  return new Endpoints(parts);
}

type Options = { readonly signal: AbortSignal };

class Endpoints implements EndpointLoop {
  readonly name = endpointLoopName;
  readonly #parts: EndpointParts;
  readonly #lanes = makeLanes(startsAtOnce);
  /** Endpoint key to the work under way for it. */
  readonly #tasks = new Map<string, Promise<void>>();
  readonly #retiring = new Map<Instance, Promise<void>>();
  /** Key to when work that failed may be begun again. */
  readonly #retryAtMs = new Map<string, number>();
  /** Keys of endpoints in service whose servers ended with an earlier process. */
  #lost: Set<string> | undefined;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
  }

  async tick(nowMs: number, options: Options): Promise<number> {
    const { store, fleet } = this.#parts;
    if (!this.#lost) {
      const inService = await this.#rows('InService');
      this.#lost = new Set(inService.filter(({ key }) => !fleet.live(key)).map(({ key }) => key));
    }
    for (const status of startable) {
      for (const { key, row } of await this.#rows(status)) {
        this.#begin(key, { nowMs, ...options }, () => this.#work(row, options));
      }
    }
    for (const key of this.#lost) {
      const row = await store.get(endpoints, key);
      const lost = row?.status === 'InService' && !fleet.live(key);
      if (lost) this.#begin(key, { nowMs, ...options }, () => this.#recover(row, options));
      else this.#lost.delete(key);
    }
    for (const [key, atMs] of this.#retryAtMs) if (atMs <= nowMs) this.#retryAtMs.delete(key);
    return Math.min(Infinity, ...this.#retryAtMs.values());
  }

  async idle(): Promise<void> {
    while (this.#tasks.size + this.#retiring.size > 0) {
      await Promise.all([...this.#tasks.values(), ...this.#retiring.values()]);
    }
  }

  async close(): Promise<void> {
    const { fleet } = this.#parts;
    await Promise.all(this.#tasks.values());
    const keys = fleet.keys();
    for (const key of keys) fleet.withdraw(key);
    await Promise.all(keys.map((key) => this.#retire(key)));
    await this.idle();
  }

  async #rows(status: EndpointStatus) {
    const rows: { key: string; row: Endpoint }[] = [];
    for (let more = true; more; ) {
      const last = rows.at(-1)?.key;
      const after = last === undefined ? {} : { after: { value: status, key: last } };
      const range = { index: 'status', equals: status, limit: page, ...after };
      const entries = await this.#parts.store.listBy(endpoints, range);
      rows.push(...entries);
      more = entries.length === page;
    }
    return rows;
  }

  #begin(
    key: string,
    { nowMs, signal }: Options & { readonly nowMs: number },
    work: () => Promise<void>,
  ): void {
    if (this.#tasks.has(key) || (this.#retryAtMs.get(key) ?? 0) > nowMs) return;
    this.#retryAtMs.delete(key);
    const { log, clock, wake } = this.#parts;
    const task = work()
      .catch((cause: unknown) => {
        // At the end of the process work is broken off; the next one takes it up again.
        if (signal.aborted) return;
        log.error('work on an endpoint failed and will be tried again', cause, { endpoint: key });
        this.#retryAtMs.set(key, clock.nowMs() + retryMs);
      })
      .finally(() => {
        this.#tasks.delete(key);
        wake(this.name);
      });
    this.#tasks.set(key, task);
  }

  async #work(row: Endpoint, options: Options): Promise<void> {
    await this.#announce(row);
    if (row.status === 'Deleting') return this.#delete(row);
    const key = hostedKey(row.scope, row.name);
    const { fleet, clock, log } = this.#parts;
    if (row.active && !fleet.live(key)) await this.#recover(row, options);
    if (!row.pending) return log.error(`endpoint ${key} is ${row.status} with nothing pending`);
    const up = await this.#bringUp(row, row.pending, options);
    if (options.signal.aborted) return;
    const next = up.ok ? settled(row, clock.nowMs()) : failed(row, up.reason, clock.nowMs());
    // Requests must meet the new servers before anyone can read that they are in service.
    if (up.ok) this.#route(row, row.pending, up.value);
    await fleet.settled();
    await this.#replace(row, next);
    await this.#announce(next);
    void this.#retire(key);
  }

  /** Starts again what was in service; tried again later when that fails. */
  async #recover(row: Endpoint, options: Options): Promise<void> {
    if (!row.active) return;
    const key = hostedKey(row.scope, row.name);
    const up = await this.#bringUp(row, row.active, options);
    if (options.signal.aborted) return;
    if (up.ok) return this.#route(row, row.active, up.value);
    const { log, clock } = this.#parts;
    log.warn('an endpoint in service could not be started again', {
      endpoint: key,
      reason: up.reason,
    });
    this.#lost?.add(key);
    this.#retryAtMs.set(key, clock.nowMs() + retryMs);
  }

  async #bringUp(
    row: Endpoint,
    deployment: Deployment,
    options: Options,
  ): Promise<Outcome<ReadonlyMap<string, Instance>>> {
    const wanted = [...deployment.variants, ...deployment.shadows];
    const usable = await this.#volumeUsable(row, deployment);
    if (!usable.ok) return usable;
    const started = await Promise.allSettled(
      wanted.map((variant) => this.#start(row, variant, options)),
    );
    const instances = new Map<string, Instance>();
    const reasons: string[] = [];
    started.forEach((end, at) => {
      if (end.status === 'rejected') throw end.reason;
      const outcome = end.value;
      if (outcome.ok) instances.set(outcome.value.id, outcome.value);
      else reasons.push(`production variant ${wanted[at]?.name}: ${outcome.reason}`);
    });
    if (reasons.length === 0) return ok(instances);
    await this.#retire(hostedKey(row.scope, row.name));
    return refuse(reasons.join('; '));
  }

  /** Servers that run already have what they need. */
  async #volumeUsable(
    { scope, name }: Endpoint,
    { volumeKeyId: keyId, variants, shadows }: Deployment,
  ): Promise<Outcome<undefined>> {
    const { fleet, safekeeping } = this.#parts;
    const key = hostedKey(scope, name);
    const wanted = [...variants, ...shadows];
    const isUp = wanted.every(({ instanceId }) => fleet.instance(key, instanceId) !== undefined);
    if (keyId === undefined || isUp) return ok(undefined);
    const usable = await safekeeping.usable({ member: 'KmsKeyId', keyId, scope });
    return usable.ok ? ok(undefined) : usable;
  }

  async #start(row: Endpoint, variant: Variant, options: Options): Promise<Outcome<Instance>> {
    const key = hostedKey(row.scope, row.name);
    const running = this.#parts.fleet.instance(key, variant.instanceId);
    if (running) return ok(running);
    return this.#lanes(async () => {
      const server = await startModel(this.#parts, variant, {
        ...options,
        scope: row.scope,
        sourceArn: row.arn,
        name: `${row.name}-${variant.name}-${variant.instanceId.slice(0, 8)}`,
        onLog: (line) => this.#parts.onServerLog?.(row, variant, line),
      });
      if (!server.ok) return server;
      const instance = new Instance(variant.instanceId, server.value);
      this.#parts.fleet.add(key, instance);
      return ok(instance);
    });
  }

  #route(row: Endpoint, to: Deployment, instances: ReadonlyMap<string, Instance>): void {
    const running = (variants: readonly Variant[]): readonly RunningVariant[] =>
      variants.flatMap((variant) => {
        const instance = instances.get(variant.instanceId);
        return instance ? [{ variant, instance }] : [];
      });
    const { name, arn, scope } = row;
    this.#parts.fleet.route({
      key: hostedKey(scope, name),
      name,
      arn,
      scope,
      variants: running(to.variants),
      shadows: running(to.shadows),
      ...(to.capture ? { capture: to.capture } : {}),
    });
  }

  /** Ends the servers that no request can reach any more, once their last requests are answered. */
  async #retire(key: string): Promise<void> {
    const { fleet } = this.#parts;
    const ending = fleet.unrouted(key).map((instance) => {
      const retiring = this.#retiring.get(instance) ?? this.#end(key, instance);
      this.#retiring.set(instance, retiring);
      return retiring;
    });
    await Promise.all(ending);
  }

  async #end(key: string, instance: Instance): Promise<void> {
    const { fleet, log } = this.#parts;
    try {
      const drained = await instance.drained(drainTimeoutMs);
      if (!drained) log.warn('a model server is stopped with requests in flight', { key });
      await instance.server.stop({ graceMs: stopGraceMs });
    } catch (cause) {
      log.error('a model server could not be stopped', cause, { key });
    } finally {
      fleet.remove(key, instance);
      this.#retiring.delete(instance);
    }
  }

  async #delete(row: Endpoint): Promise<void> {
    const { fleet, store } = this.#parts;
    const key = hostedKey(row.scope, row.name);
    fleet.withdraw(key);
    await this.#retire(key);
    await store.write(async (tx) => {
      const now = await tx.get(endpoints, key);
      if (now?.generation !== row.generation) return;
      await tx.delete(endpoints, key);
      await dropTags(tx, row.arn);
    });
  }

  async #replace(row: Endpoint, next: Endpoint): Promise<void> {
    const key = hostedKey(row.scope, row.name);
    await this.#parts.store.write(async (tx) => {
      const now = await tx.get(endpoints, key);
      if (now?.generation === row.generation) await tx.put(endpoints, key, next);
    });
  }

  async #announce(row: Endpoint): Promise<void> {
    const { events, store } = this.#parts;
    await events.publish(stateChange(row, await tagsOf(store, row.arn)));
  }
}
