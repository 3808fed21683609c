/** What the server and its analysis thread tell each other: plain data. */
import type { Profile } from '../engines/profile/profile.ts';
import type { ClarifyRequest } from '../jobs/clarify/analyze.ts';
import type { DataQualityRequest } from '../jobs/data-quality/analyze.ts';
import type { Share } from '../jobs/data-quality/pieces.ts';
import type { MergeRequest } from '../jobs/ground-truth/merge.ts';
import type { ModelQualityRequest } from '../jobs/model-quality/analyze.ts';
import type { InputFile } from '../jobs/processing/analysis.ts';
import type { Outcome } from '../kernel/outcome.ts';
import type { ScriptSource } from '../ports/scripts.ts';

export interface WorkerOptions {
  readonly temporaryFolder: string;
  readonly threads: number;
  readonly memoryLimit: string;
}

export type Task =
  | { readonly kind: 'data-quality'; readonly request: DataQualityRequest }
  | {
      readonly kind: 'profile';
      readonly groups: readonly (readonly InputFile[])[];
      readonly datasetFormat: string;
      readonly preprocessor?: ScriptSource;
    }
  | { readonly kind: 'merge'; readonly request: MergeRequest }
  | { readonly kind: 'model-quality'; readonly request: ModelQualityRequest }
  | { readonly kind: 'clarify'; readonly request: ClarifyRequest };

/** To a helper of the analysis thread; without a share: cancels the one of that id. */
export interface ToHelper {
  readonly id: number;
  readonly share?: Share;
}

/** The outcome of a share, or a failure: a bug, and the stack of it. */
export interface FromHelper {
  readonly id: number;
  readonly outcome?: Outcome<Profile | undefined>;
  readonly failure?: string;
}

/** Without a task: cancels the one of that id. */
export interface ToWorker {
  readonly id: number;
  readonly task?: Task;
}

/** The last message of a task has its outcome, or a failure: a bug, and the stack of it. */
export interface FromWorker {
  readonly id: number;
  /** A line for the job's log; the task goes on. */
  readonly said?: string;
  readonly outcome?: Outcome<unknown>;
  readonly failure?: string;
}
