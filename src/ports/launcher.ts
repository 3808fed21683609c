/**
 * Runs what a container definition names: a model server that answers HTTP, or a job that ends.
 * Which launcher takes which image is decided by `server/`, from the image's name.
 */

import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from './metadata-store.ts';

/** A model server to start, under the hosting contract (`/ping`, `/invocations`). */
export interface ServeSpec {
  /** Unique among running instances; used in log names and folders. */
  readonly name: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A local .tar.gz to unpack as the model folder. */
  readonly modelArchivePath?: string;
  readonly startTimeoutMs: number;
  /** Each line of the program's output. */
  readonly onLog: (line: string) => void;
}

/** A running model server; it listens until `stop`, and is started again when it dies. */
export interface ModelServer {
  /** Where requests go: `POST invocationsUrl`; undefined while it is being restarted. */
  readonly invocationsUrl: URL;
  healthy(options?: Abortable): Promise<boolean>;
  /** Undefined where the program is not ours to measure (a remote server). */
  usage(): Promise<Usage | undefined>;
  /** Asks to end, then kills after `graceMs`. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

export interface Usage {
  /** 100 is one core. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly diskPercent: number;
}

/** A program that runs to its end, under the processing container contract. */
export interface JobSpec {
  readonly name: string;
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The host folder that stands for `/opt/ml`. */
  readonly rootPath: string;
  readonly timeoutMs: number;
  readonly onLog: (line: string) => void;
}

export interface JobEnd {
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
  readonly stopped: boolean;
}

/** Both refuse, with a reason the user can act on, what cannot be started. */
export interface Launcher {
  /** True when this launcher is the one for the image. */
  accepts(image: string): boolean;
  serve(spec: ServeSpec, options?: Abortable): Promise<Outcome<ModelServer>>;
  run(spec: JobSpec, options?: Abortable): Promise<Outcome<JobEnd>>;
}
