/** What the monitoring and processing operations are given beyond the call itself. */
import type { Access } from '../../engines/access/access.ts';
import type { ProcessingWork } from '../../engines/processing/rows.ts';
import type { WorkQueue } from '../../engines/work/queue.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Wake } from '../../kernel/loop.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';

export interface MonitoringParts {
  readonly access: Access;
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly wake: Wake;
  readonly processingQueue: WorkQueue<ProcessingWork>;
  /** Ends the program of a running job; its row already says Stopping. */
  readonly stopProcessing: (key: string) => void;
}

export type MonitoringCtx = Call & MonitoringParts;
