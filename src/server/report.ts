/** Compares two data files with the monitor's own engine. Needs no running server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { duckdbAnalytics } from '../adapters/duckdb/analytics.ts';
import {
  compareFiles,
  renderHtml,
  renderJson,
  renderTerminal,
} from '../jobs/data-quality/compare.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';

const memoryLimit = '1GB';

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
  const threads = availableParallelism();
  const analytics = duckdbAnalytics({ temporaryFolder, threads, memoryLimit });
  try {
    const paths = [baselinePath, currentPath] as const;
    const found = await compareFiles({ analytics }, paths, header === undefined ? {} : { header });
    if (!found.ok) return found;
    const report = found.value;
    return ok({
      terminal: renderTerminal(report, { color }),
      html: renderHtml(report),
      json: renderJson(report),
    });
  } finally {
    await analytics.close();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}
