/**
 * Ageing: rows past their level's time are merged into the next level and go. A move is one
 * transaction, so a sample is never lost and never counted twice, whenever the process dies.
 */
import { dayMs } from '../../kernel/clock.ts';
import type { Entry, MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import { type Bucket, emptyBucket, mergeBucket, unpackBucket } from './bucket.ts';
import {
  type Block,
  blockKey,
  blockStartMs,
  blocks,
  floorTo,
  hourKeepMs,
  type Level,
  levels,
} from './levels.ts';
import { type MetricRow, metrics, streamKey } from './metrics.ts';
import { type Additions, addToBlock } from './writing.ts';

export interface Ageing {
  readonly signal: AbortSignal;
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called for each row that is no longer what it was. */
  readonly changed: (blockKey: string) => void;
  readonly forgotten: (metricKey: string) => void;
}

const metricsPerPage = 200;
/** Rows moved in one transaction, which others wait for. */
const rowsPerMove = 120;
/** A metric is forgotten this long after its last data could be asked for. */
const forgetMs = hourKeepMs + 7 * dayMs;

export async function age(store: MetadataStore, nowMs: number, ageing: Ageing): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const range = { limit: metricsPerPage, ...(after === undefined ? {} : { after }) };
    const page = await store.list(metrics, range);
    for (const entry of page) {
      ageing.signal.throwIfAborted();
      await ageMetric(store, { entry, nowMs }, ageing);
    }
    after = page.at(-1)?.key;
    if (page.length < metricsPerPage) return;
  }
}

interface Aged {
  readonly entry: Entry<MetricRow>;
  readonly nowMs: number;
}

async function ageMetric(store: MetadataStore, aged: Aged, ageing: Ageing): Promise<void> {
  const { key, row } = aged.entry;
  for (const unit of row.units) {
    const stream = streamKey(key, unit);
    for (const level of levels) {
      const move = { stream, level, nowMs: aged.nowMs };
      while (await moveSome(store, move, ageing)) ageing.signal.throwIfAborted();
    }
  }
  if (row.lastDataMs >= aged.nowMs - forgetMs) return;
  await ageing.inTurn(async () => {
    await store.write(async (tx) => {
      const latest = await tx.get(metrics, key);
      if (latest && latest.lastDataMs < aged.nowMs - forgetMs) await tx.delete(metrics, key);
    });
    ageing.forgotten(key);
  });
}

interface Move {
  readonly stream: string;
  readonly level: Level;
  readonly nowMs: number;
}

/** True when there may be more to move. */
async function moveSome(store: MetadataStore, move: Move, ageing: Ageing): Promise<boolean> {
  const { stream, level, nowMs } = move;
  const lastStartMs = nowMs - level.keepMs - level.spanMs;
  if (lastStartMs < 0) return false;
  const from = blockKey(stream, level, 0);
  const to = blockKey(stream, level, lastStartMs + 1);
  const range = { from, to, limit: rowsPerMove };
  if ((await store.list(blocks, { ...range, limit: 1 })).length === 0) return false;
  return ageing.inTurn(async () => {
    const { moved, touched } = await store.write(async (tx) => {
      const entries = await tx.list(blocks, range);
      return { moved: entries.length, touched: await moveRows(tx, entries, move) };
    });
    for (const key of touched) ageing.changed(key);
    return moved === rowsPerMove;
  });
}

async function moveRows(
  tx: Transaction,
  entries: readonly Entry<Block>[],
  { stream, level }: Move,
): Promise<readonly string[]> {
  const touched = new Set<string>();
  const targets = new Map<string, Additions>();
  for (const { key, row } of entries) {
    touched.add(key);
    await tx.delete(blocks, key);
    if (level.next) coarsen(row, { stream, level, rowMs: blockStartMs(key) }, targets);
  }
  for (const [key, additions] of targets) {
    touched.add(key);
    await tx.put(blocks, key, addToBlock(await tx.get(blocks, key), additions));
  }
  return [...touched];
}

interface Row {
  readonly stream: string;
  readonly level: Level;
  readonly rowMs: number;
}

function coarsen(row: Block, { stream, level, rowMs }: Row, targets: Map<string, Additions>): void {
  const next = level.next;
  if (!next) return;
  for (const [offset, packed] of row.buckets) {
    const atMs = rowMs + offset * level.stepMs;
    const targetMs = floorTo(atMs, next.spanMs);
    const key = blockKey(stream, next, targetMs);
    const additions = targets.get(key) ?? new Map<number, Bucket>();
    const at = Math.floor((atMs - targetMs) / next.stepMs);
    const bucket = additions.get(at) ?? emptyBucket();
    mergeBucket(bucket, unpackBucket(packed));
    additions.set(at, bucket);
    targets.set(key, additions);
  }
}
