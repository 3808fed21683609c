/** Compares two data files with the monitor's own engine. Needs no running server. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { duckdbAnalytics } from '../adapters/duckdb/analytics.ts';
import {
  compareFiles,
  type ProfileFile,
  renderHtml,
  renderJson,
  renderTerminal,
} from '../jobs/data-quality/compare.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { ProfileThread } from './profile-worker.ts';

const memoryLimit = '1GB';
/** With less to read, starting a thread takes longer than it saves. */
const worthThreadBytes = 4 * 1024 * 1024;

export interface Reports {
  readonly terminal: string;
  readonly html: string;
  readonly json: string;
}

export interface ReportRequest {
  readonly baselinePath: string;
  readonly currentPath: string;
  /** Of CSV files; told from the first row when undefined. */
  readonly header: boolean | undefined;
  readonly color: boolean;
}

export async function makeReports(request: ReportRequest): Promise<Outcome<Reports>> {
  const { baselinePath, currentPath, header, color } = request;
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'modelkeep-report-'));
  const paths = [baselinePath, currentPath] as const;
  const sideBySide = availableParallelism() > 1 && (await areLarge(paths));
  const threads = Math.ceil(availableParallelism() / (sideBySide ? 2 : 1));
  const settings = { temporaryFolder, threads, memoryLimit };
  const analytics = duckdbAnalytics(settings);
  const thread = sideBySide ? profileThread(settings) : undefined;
  try {
    const parts = { analytics, ...(thread ? { beside: thread.profile } : {}) };
    const found = await compareFiles(parts, paths, header === undefined ? {} : { header });
    if (!found.ok) return found;
    const report = found.value;
    return ok({
      terminal: renderTerminal(report, { color }),
      html: renderHtml(report),
      json: renderJson(report),
    });
  } finally {
    await thread?.close();
    await analytics.close();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

/** What cannot be looked at is not large: it is refused where it is read. */
async function areLarge(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return found.every((file) => file !== undefined && file.size >= worthThreadBytes);
}

/** Profiles one file in a thread of its own. */
function profileThread(settings: ProfileThread['settings']): {
  readonly profile: ProfileFile;
  close(): Promise<void>;
} {
  let worker: Worker | undefined;
  return {
    profile: (path, { header }) =>
      new Promise((resolve, reject) => {
        const task: ProfileThread = { settings, path, ...(header === undefined ? {} : { header }) };
        const workerData = task;
        worker = new Worker(new URL('./profile-worker.js', import.meta.url), { workerData });
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('the thread ended without a profile')));
      }),
    async close() {
      await worker?.terminate();
    },
  };
}
