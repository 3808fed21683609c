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
/** Rows of one stream moved in one transaction, which others wait for. */
const rowsPerMove = 120;
/** Streams whose rows are moved in one transaction. */
const movesPerWrite = 50;
/** A metric is forgotten this long after its last data could be asked for. */
const forgetMs = hourKeepMs + 7 * dayMs;

export async function age(store: MetadataStore, nowMs: number, ageing: Ageing): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const range = { limit: metricsPerPage, ...(after === undefined ? {} : { after }) };
    const page = await store.list(metrics, range);
    await agePage(store, { page, nowMs }, ageing);
    after = page.at(-1)?.key;
    if (page.length < metricsPerPage) return;
  }
}

interface Aged {
  readonly page: readonly Entry<MetricRow>[];
  readonly nowMs: number;
}

async function agePage(store: MetadataStore, { page, nowMs }: Aged, ageing: Ageing) {
  const streams = page.flatMap(({ key, row }) => row.units.map((unit) => streamKey(key, unit)));
  // Level by level: what one level lets go of may be too old for the next one already.
  for (const level of levels) {
    const moves = streams.map((stream) => ({ stream, level, nowMs }));
    await moveAll(store, moves, ageing);
  }
  const forgotten = page.filter(({ row }) => row.lastDataMs < nowMs - forgetMs);
  for (const { key } of forgotten) await forget(store, { key, nowMs }, ageing);
}

async function forget(
  store: MetadataStore,
  { key, nowMs }: { readonly key: string; readonly nowMs: number },
  ageing: Ageing,
): Promise<void> {
  await ageing.inTurn(async () => {
    await store.write(async (tx) => {
      const latest = await tx.get(metrics, key);
      if (latest && latest.lastDataMs < nowMs - forgetMs) await tx.delete(metrics, key);
    });
    ageing.forgotten(key);
  });
}

interface Move {
  readonly stream: string;
  readonly level: Level;
  readonly nowMs: number;
}

async function moveAll(
  store: MetadataStore,
  moves: readonly Move[],
  ageing: Ageing,
): Promise<void> {
  const due: Move[] = [];
  for (const move of moves) {
    ageing.signal.throwIfAborted();
    const range = rangeOf(move);
    if (range && (await store.list(blocks, { ...range, limit: 1 })).length > 0) due.push(move);
  }
  while (due.length > 0) {
    ageing.signal.throwIfAborted();
    due.push(...(await moveSome(store, due.splice(0, movesPerWrite), ageing)));
  }
}

/** The keys of the rows that are past the level's time; none before the first could be. */
function rangeOf({ stream, level, nowMs }: Move) {
  const lastStartMs = nowMs - level.keepMs - level.spanMs;
  if (lastStartMs < 0) return undefined;
  const from = blockKey(stream, level, 0);
  return { from, to: blockKey(stream, level, lastStartMs + 1), limit: rowsPerMove };
}

/** In one transaction; answers the moves that may have more to do. */
async function moveSome(
  store: MetadataStore,
  moves: readonly Move[],
  ageing: Ageing,
): Promise<readonly Move[]> {
  return ageing.inTurn(async () => {
    const { left, touched } = await store.write(async (tx) => {
      const left: Move[] = [];
      const touched: string[] = [];
      for (const move of moves) {
        const range = rangeOf(move);
        const entries = range ? await tx.list(blocks, range) : [];
        touched.push(...(await moveRows(tx, entries, move)));
        if (entries.length === rowsPerMove) left.push(move);
      }
      return { left, touched };
    });
    for (const key of touched) ageing.changed(key);
    return left;
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
