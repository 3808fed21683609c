/** What a data folder holds and whether its server answers, for people. Reads, never writes. */
import { existsSync } from 'node:fs';
import { alarms } from '../engines/alarms/rows.ts';
import { endpoints } from '../engines/hosting/rows.ts';
import { executions, schedules } from '../engines/monitoring/rows.ts';
import { processingJobs } from '../engines/processing/rows.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { Collection, MetadataStore } from '../ports/metadata-store.ts';
import type { Config } from './config.ts';
import { readNote } from './data-folder.ts';
import { metadataPath, openMetadata } from './metadata.ts';
import { openKeyring } from './unseal.ts';

export interface Status {
  readonly url: string;
  readonly ready: boolean;
  /** Of processes beside the server, as it was started; `ready`: one of them answers. */
  readonly dataPlane?: {
    readonly url: string;
    readonly processes: number;
    readonly ready: boolean;
  };
  /** It answers, and waits to be unsealed: nothing else is known of it. */
  readonly isSealed?: boolean;
  /** Kind to how many of each status: `endpoints` to `2 (InService 1, Failed 1)`. */
  readonly counts: Readonly<Record<string, string>>;
  readonly schedules: readonly string[];
}

const healthTimeoutMs = 2_000;
const mostRows = 10_000;

export async function readStatus(config: Config): Promise<Outcome<Status>> {
  const note = await readNote(config);
  if (!note.ok) return note;
  const { url, dataPlane } = note.value;
  const health = await healthOf(url);
  const ready = health?.ok ?? false;
  if (health?.status === 503) {
    return ok({ url, ready, isSealed: true, counts: {}, schedules: [] });
  }
  const apart = dataPlane && {
    dataPlane: { ...dataPlane, ready: (await healthOf(dataPlane.url))?.ok ?? false },
  };
  if (!existsSync(metadataPath(config.data))) {
    return ok({ url, ready, ...apart, counts: {}, schedules: [] });
  }
  const keyring = await openKeyring(config);
  if (!keyring.ok) return keyring;
  const store = await openMetadata(config.data, keyring.value);
  try {
    const counts = {
      endpoints: await countBy(store, endpoints, (row) => row.status),
      jobs: await countBy(store, processingJobs, (row) => row.status),
      runs: await countBy(store, executions, (row) => row.status),
      alarms: await countBy(store, alarms, (row) => row.state.value),
    };
    return ok({ url, ready, ...apart, counts, schedules: await scheduleLines(store) });
  } finally {
    await store.close();
  }
}

async function healthOf(url: string): Promise<Response | undefined> {
  const signal = AbortSignal.timeout(healthTimeoutMs);
  return fetch(`${url}/_modelkeep/health`, { signal }).catch(() => undefined);
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
