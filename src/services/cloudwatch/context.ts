/** What operations of this service are given besides their input. */
import type { Series } from '../../engines/series/series.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Wake } from '../../kernel/loop.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';

export interface CloudWatchParts {
  readonly store: MetadataStore;
  readonly series: Series;
  readonly clock: Clock;
  readonly wake: Wake;
}

export type CloudWatchCtx = Call & CloudWatchParts;
