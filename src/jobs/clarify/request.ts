/** What one analysis is asked, in plain data, and the parts it works with. */
import type { Clock } from '../../kernel/clock.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { Analytics } from '../../ports/analytics.ts';
import type { Forwarder } from '../../ports/forwarder.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { InputFile } from '../processing/analysis.ts';
import { type Asking, askingOf } from './asking.ts';
import type { Judged } from './bias.ts';
import type { ClarifyConfig, DatasetType } from './config.ts';
import type { Attributes } from './observed.ts';

export interface ClarifyParts {
  readonly analytics: Analytics;
  readonly forwarder: Forwarder;
  readonly query: JsonQuery;
  readonly clock: Clock;
  /** The model in an archive of the ONNX server; refused when there is none, or it is too large. */
  readonly modelInArchive: (path: string, options: Abortable) => Promise<Outcome<Uint8Array>>;
  /** Where local values are written; the caller of the analysis takes the file. */
  readonly temporaryFolder: string;
}

/** Plain data: it may be sent to another thread. */
export interface ClarifyRequest {
  readonly config: ClarifyConfig;
  readonly files: {
    /** For a run of a schedule the captured or merged records of its window. */
    readonly dataset: readonly InputFile[];
    readonly predictedLabels: readonly InputFile[];
    readonly facets: readonly InputFile[];
    readonly baseline: readonly InputFile[];
  };
  /** Where requests to the model go; undefined where it is not asked. */
  readonly modelUrl: string | undefined;
  /** Of a model that runs on the built-in ONNX server, where its archive can be looked into. */
  readonly onnxArchivePath: string | undefined;
  /** Unique among the analyses that run; names temporary files. */
  readonly key: string;
  /** Of a run of a schedule. */
  readonly monitor: MonitorRequest | undefined;
}

export interface MonitorRequest {
  readonly type: 'ModelBias' | 'ModelExplainability';
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly attributes: Attributes;
  /** Where the files are tables of a batch and no captured records. */
  readonly batchType: DatasetType | undefined;
  /** An `analysis.json`; without it nothing is judged. */
  readonly baselineText: string | undefined;
}

export interface ClarifyOptions {
  readonly signal: AbortSignal;
  /** Lines for the job's log. */
  readonly say: (line: string) => void;
}

/** An analysis under way: its data has been read. */
export interface Run {
  readonly parts: ClarifyParts;
  readonly request: ClarifyRequest;
  readonly options: ClarifyOptions;
  readonly judged: Judged;
}

/** The model, as the configuration says it is asked. */
export function askingIn({ parts, request, options, judged }: Run): Outcome<Asking> {
  const { config, modelUrl: url } = request;
  return askingOf(parts, {
    url,
    plan: config.predictor,
    featureNames: judged.dataset.features,
    extras: config.extras,
    signal: options.signal,
  });
}
