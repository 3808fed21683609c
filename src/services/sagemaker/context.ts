/** What SageMaker operations are given beyond the call itself. Nothing here is global. */
import type { Access } from '../../engines/access/access.ts';
import type { Fleet } from '../../engines/hosting/fleet.ts';
import type { Keys } from '../../engines/keys/keys.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Wake } from '../../kernel/loop.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore, Reader } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';

export interface HostingParts {
  readonly access: Access;
  readonly keys: Keys;
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Requests to an endpoint that is being deleted are refused at once. */
  readonly fleet: Fleet;
  /** Called with a loop's name after a change it has to act on. */
  readonly wake: Wake;
  /** The names of the monitoring schedules that watch an endpoint, read inside the transaction. */
  readonly schedulesOn?: (reader: Reader, endpointName: EndpointName) => Promise<readonly string[]>;
}

export interface EndpointName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export type Ctx = Call & HostingParts;
