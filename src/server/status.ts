/** What a data folder holds and whether its server answers, for people. Reads, never writes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sqliteMetadataStore } from '../adapters/sqlite/metadata-store.ts';
import { alarms } from '../engines/alarms/rows.ts';
import { endpoints } from '../engines/hosting/rows.ts';
import { executions, schedules } from '../engines/monitoring/rows.ts';
import { processingJobs } from '../engines/processing/rows.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { Collection, MetadataStore } from '../ports/metadata-store.ts';
import type { Config } from './config.ts';
import { readNote } from './data-folder.ts';

export interface Status {
  readonly url: string;
  readonly ready: boolean;
  /** Kind to how many of each status: `endpoints` to `2 (InService 1, Failed 1)`. */
  readonly counts: Readonly<Record<string, string>>;
  readonly schedules: readonly string[];
}

const healthTimeoutMs = 2_000;
const mostRows = 10_000;

export async function readStatus(config: Config): Promise<Outcome<Status>> {
  const note = await readNote(config);
  if (!note.ok) return note;
  const { url } = note.value;
  const ready = await answers(url);
  const path = join(config.data, 'metadata.db');
  if (!existsSync(path)) return ok({ url, ready, counts: {}, schedules: [] });
  const store = await sqliteMetadataStore(path);
  try {
    const counts = {
      endpoints: await countBy(store, endpoints, (row) => row.status),
      jobs: await countBy(store, processingJobs, (row) => row.status),
      runs: await countBy(store, executions, (row) => row.status),
      alarms: await countBy(store, alarms, (row) => row.state.value),
    };
    return ok({ url, ready, counts, schedules: await scheduleLines(store) });
  } finally {
    await store.close();
  }
}

async function answers(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(healthTimeoutMs);
  const response = await fetch(`${url}/_modelkeep/health`, { signal }).catch(() => undefined);
  return response?.ok ?? false;
}

async function countBy<Row>(
  store: MetadataStore,
  collection: Collection<Row>,
  statusOf: (row: Row) => string,
): Promise<string> {
  const rows = await store.list(collection, { limit: mostRows });
  const counts = new Map<string, number>();
  for (const { row } of rows) counts.set(statusOf(row), (counts.get(statusOf(row)) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => `${status} ${count}`);
  return parts.length === 0 ? '0' : `${rows.length} (${parts.join(', ')})`;
}

async function scheduleLines(store: MetadataStore): Promise<readonly string[]> {
  const rows = await store.list(schedules, { limit: mostRows });
  return rows.map(({ row }) => {
    const next = row.nextRunAtMs === undefined ? 'none' : new Date(row.nextRunAtMs).toISOString();
    return `${row.name} (${row.status}) on ${row.endpointName}, next run ${next}`;
  });
}
