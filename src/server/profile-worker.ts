/**
 * The thread in which `modelkeep report` profiles one of its two files while the main one has the
 * other. Answers one message, the outcome with its profile, and ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type DuckdbOptions, duckdbAnalytics } from '../adapters/duckdb/analytics.ts';
import { profileFile } from '../jobs/data-quality/compare.ts';
import { defined } from '../kernel/assert.ts';

export interface ProfileThread {
  readonly settings: DuckdbOptions;
  readonly path: string;
  /** Of CSV files; told from the first row when absent. */
  readonly header?: boolean;
}

const port = defined(parentPort, 'the port to the report');
const { settings, path, ...options } = workerData as ProfileThread;
const analytics = duckdbAnalytics(settings);
// Not as text: sums beyond doubles have no place in JSON.
port.postMessage(await profileFile({ analytics }, path, options));
await analytics.close();
