/** What the transform operations are given beyond the call itself. */
import type { Access } from '../../engines/access/access.ts';
import type { TransformWork } from '../../engines/transform/rows.ts';
import type { WorkQueue } from '../../engines/work/queue.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Wake } from '../../kernel/loop.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';

export interface TransformJobParts {
  readonly access: Access;
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly wake: Wake;
  readonly transformQueue: WorkQueue<TransformWork>;
  /** Breaks off a running job; its row already says Stopping. */
  readonly stopTransform: (key: string) => void;
}

export type TransformCtx = Call & TransformJobParts;
