/** Finds the server that takes an invocation, in memory where the endpoint is up. */
import { chooseByWeight } from '../engines/hosting/choice.ts';
import type { Fleet, LiveEndpoint, RunningVariant } from '../engines/hosting/fleet.ts';
import { hostedKey } from '../engines/hosting/names.ts';
import { endpoints } from '../engines/hosting/rows.ts';
import type { Scope } from '../kernel/arn.ts';
import type { Random } from '../kernel/random.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { faults } from './faults.ts';
import { targetVariant } from './headers.ts';

export interface RouteParts {
  readonly fleet: Fleet;
  readonly store: MetadataStore;
  readonly random: Random;
}

export interface Wanted {
  readonly scope: Scope;
  readonly endpointName: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Throws the `Fault` that says why there is none. */
export async function liveEndpoint(wanted: Wanted, parts: RouteParts): Promise<LiveEndpoint> {
  const key = hostedKey(wanted.scope, wanted.endpointName);
  const live = parts.fleet.live(key);
  if (live) return live;
  const row = await parts.store.get(endpoints, key);
  if (!row) throw faults.noEndpoint(wanted);
  if (row.status === 'InService' || row.status === 'Updating') {
    // It may have come up while the row was read.
    const now = parts.fleet.live(key);
    if (now) return now;
    throw faults.unavailable(
      `Endpoint ${wanted.endpointName} is being started again after a restart of the server. ` +
        'Try again.',
    );
  }
  throw faults.notInService(wanted, row.status);
}

/** The named variant, or one by weight. */
export function chooseVariant(live: LiveEndpoint, wanted: Wanted, random: Random): RunningVariant {
  const name = wanted.headers[targetVariant];
  if (name === undefined) {
    const chosen = chooseByWeight(live.variants, random);
    if (!chosen) throw faults.noTraffic(wanted);
    return chosen;
  }
  const named = live.variants.find(({ variant }) => variant.name === name);
  if (!named) throw faults.noVariant(wanted, name);
  return named;
}
