/**
 * The fleet as a process of the data plane sees it, kept in step by the main process: which
 * endpoints there are, and at which addresses their servers listen. Servers are neither started nor
 * ended here. One that no request can reach any more is let go of once its last request has ended.
 */
import { Fleet, Instance, type RunningVariant } from '../../engines/hosting/fleet.ts';
import type { ModelServer } from '../../ports/launcher.ts';
import type { FleetChange, Moved, Released, ToldEndpoint, ToldVariant } from './messages.ts';

/** Some days, as long as a timer can be; requests end in minutes. */
const longestMs = 2 ** 31 - 1;

interface Held {
  readonly instance: Instance;
  readonly server: { invocationsUrl: URL };
  /** No request reaches it any more, and whoever holds it waits for the last. */
  leaving: boolean;
}

export class FleetMirror {
  readonly fleet = new Fleet();
  readonly #release: (released: Released) => void;
  readonly #held = new Map<string, Held>();
  #version = 0;

  constructor(release: (released: Released) => void) {
    this.#release = release;
  }

  apply({ version, routed, withdrawn }: FleetChange): void {
    this.#version = version;
    for (const key of withdrawn) this.fleet.withdraw(key);
    for (const told of routed) this.#route(told);
    const reached = new Set(
      this.fleet
        .all()
        .flatMap(({ variants, shadows }) => [...variants, ...shadows])
        .map(({ instance }) => instance.id),
    );
    for (const [id, held] of this.#held) {
      if (reached.has(id)) held.leaving = false;
      else if (!held.leaving) void this.#leave(id, held);
    }
  }

  moved({ instanceId, url }: Moved): void {
    const held = this.#held.get(instanceId);
    if (held) held.server.invocationsUrl = new URL(url);
  }

  #route({ variants, shadows, ...endpoint }: ToldEndpoint): void {
    this.fleet.route({
      ...endpoint,
      variants: variants.map((told) => this.#running(told)),
      shadows: shadows.map((told) => this.#running(told)),
    });
  }

  #running({ variant, url }: ToldVariant): RunningVariant {
    const id = variant.instanceId;
    let held = this.#held.get(id);
    if (!held) {
      const server = remoteServer(url);
      held = { instance: new Instance(id, server), server, leaving: false };
      this.#held.set(id, held);
    }
    held.server.invocationsUrl = new URL(url);
    return { variant, instance: held.instance };
  }

  async #leave(id: string, held: Held): Promise<void> {
    held.leaving = true;
    await held.instance.drained(longestMs);
    // It may have been routed to again meanwhile, or be waited for by a later call.
    if (!held.leaving || this.#held.get(id) !== held) return;
    this.#held.delete(id);
    this.#release({ instanceId: id, version: this.#version });
  }
}

/** All that requests need of a server; the main process does the rest. */
function remoteServer(url: string): ModelServer & { invocationsUrl: URL } {
  return {
    invocationsUrl: new URL(url),
    healthy: async () => true,
    usage: async () => undefined,
    stop: async () => {},
  };
}
