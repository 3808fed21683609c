/** Joins the processes of the data plane to one server, where they were asked for. */

import type { Spool } from '../../engines/capture/spool.ts';
import type { Keyring } from '../../engines/envelope/keyring.ts';
import type { RequestCounters } from '../../engines/hosting/counters.ts';
import type { Fleet } from '../../engines/hosting/fleet.ts';
import type { Guards } from '../guards.ts';
import type { Loops } from '../loops.ts';
import type { Safekeeping } from '../safekeeping.ts';
import { partition } from '../services.ts';
import type { World } from '../world.ts';
import { DataPlane } from './data-plane.ts';
import type { ProcessConfig } from './messages.ts';
import type { WatchedStore } from './watched-store.ts';

export interface JoinParts {
  /** The world's store; undefined where no other process follows what is written to it. */
  readonly watched?: WatchedStore | undefined;
  readonly keyring: Keyring;
  readonly publicUrl: () => string;
  readonly engines: {
    readonly fleet: Fleet;
    readonly counters: RequestCounters;
    readonly spool: Spool;
  };
  readonly guards: Guards;
  readonly safekeeping: Safekeeping;
  readonly loops: Loops;
}

export function joinDataPlane(world: World, parts: JoinParts): DataPlane | undefined {
  const { config, journals, wallClock: clock, random, log } = world;
  const { watched: store, keyring, publicUrl, engines, guards, safekeeping, loops } = parts;
  if (!store) return undefined;
  const { fleet, counters, spool } = engines;
  const { host, dataPlaneProcesses: count, dataPlanePort: port = 0 } = config;
  return new DataPlane({
    ...{ store, fleet, counters, spool, count, host, port, journals, clock, random, log },
    trail: safekeeping.trail,
    noteUse: guards.identity.noteUse,
    script: new URL('./process.js', import.meta.url),
    setup: () => ({
      config: processConfig(config),
      keys: keyring.all,
      processes: count + 1,
      partition,
      mainUrl: publicUrl(),
    }),
    onCounted: () => loops.wake('endpoint-metrics'),
  });
}

/** Neither what opens the folder nor the administrator's keys. */
function processConfig(config: ProcessConfig): ProcessConfig {
  const { data, account, logLevel, maxConnections, bodyMemoryMb, captureFlushSeconds } = config;
  const { tlsCertificate, tlsKey, tlsClientAuthority } = config;
  return {
    ...{ data, account, logLevel, maxConnections, bodyMemoryMb, captureFlushSeconds },
    ...{ tlsCertificate, tlsKey, tlsClientAuthority },
  };
}
