/** What the server and its analysis thread tell each other: plain data. */
import type { DataQualityRequest } from '../jobs/data-quality/analyze.ts';
import type { InputFile } from '../jobs/processing/analysis.ts';
import type { Outcome } from '../kernel/outcome.ts';

export interface WorkerOptions {
  readonly temporaryFolder: string;
  readonly threads: number;
  readonly memoryLimit: string;
}

export type Task =
  | { readonly kind: 'analyze'; readonly request: DataQualityRequest }
  | {
      readonly kind: 'profile';
      readonly groups: readonly (readonly InputFile[])[];
      readonly datasetFormat: string;
    };

/** Without a task: cancels the one of that id. */
export interface ToWorker {
  readonly id: number;
  readonly task?: Task;
}

/** A failure is a bug: the stack of what was thrown. */
export interface FromWorker {
  readonly id: number;
  readonly outcome?: Outcome<unknown>;
  readonly failure?: string;
}
