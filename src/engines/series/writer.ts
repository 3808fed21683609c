/**
 * The writing side of the series: calls that wait for one another are written together, and the
 * rows being written are held in memory as well, so that a record reads nothing back. INVARIANT:
 * one process at a time owns the series of a store; a second one that recorded into the same store
 * would overwrite rows this one holds.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import { type Block, blocks } from './levels.ts';
import { type MetricRow, metrics } from './metrics.ts';
import { makeRecent, type Recent } from './recent.ts';
import type { Datum, MetricRecorder } from './recorder.ts';
import type { Ageing } from './retention.ts';
import { addToBlock, blockWeight, type Draft, draftData, mergeMetric } from './writing.ts';

export interface SeriesWriter extends MetricRecorder, Omit<Ageing, 'signal'> {
  /** The metric's row as it was last written. */
  metric(key: string): Promise<MetricRow | undefined>;
}

export interface SeriesWriterParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
}

/** Bound of the rows in memory, in values held; 400,000 are about 30 MB. */
const maxHeldValues = 400_000;
const maxHeldMetrics = 50_000;
/** Data of calls that wait for one another go to the store together, up to this many. */
const maxBatchData = 5_000;
interface Waiting {
  readonly scope: Scope;
  readonly data: readonly Datum[];
  readonly done: () => void;
  readonly failed: (cause: unknown) => void;
}

export function makeWriter({ store, clock }: SeriesWriterParts): SeriesWriter {
  const held: Held = { blocks: makeRecent(maxHeldValues), metrics: makeRecent(maxHeldMetrics) };
  const waiting: Waiting[] = [];
  const inTurn = makeTurns();

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    let batch: Waiting[] = [];
    try {
      const written = await store.write((tx) => {
        // Taken only now: calls that came while this waited for its turn go along. Of a write that
        // is run again the batch stays.
        if (batch.length === 0) batch = takeBatch(waiting);
        return writeDraft(tx, draftData(batch, clock.nowMs()), held);
      });
      for (const [key, row] of written.metrics) held.metrics.set(key, row, 1);
      for (const [key, block] of written.blocks) held.blocks.set(key, block, blockWeight(block));
      for (const { done } of batch) done();
    } catch (cause) {
      if (batch.length === 0) batch = takeBatch(waiting);
      for (const { failed } of batch) failed(cause);
    }
  }

  return {
    record(scope, data) {
      if (data.length === 0) return Promise.resolve();
      const recorded = new Promise<void>((done, failed) => {
        waiting.push({ scope, data, done, failed });
      });
      void inTurn(flush);
      return recorded;
    },
    metric: async (key) => held.metrics.get(key) ?? store.get(metrics, key),
    inTurn,
    changed: (key) => held.blocks.delete(key),
    forgotten: (key) => held.metrics.delete(key),
  };
}

/** Work done one after another: what is held in memory then never misses another's write. */
function makeTurns(): Ageing['inTurn'] {
  let tail: Promise<void> = Promise.resolve();
  return (work) => {
    const run = tail.then(work);
    // Whoever asked for the work hears of its failure; the next in turn starts all the same.
    const ended = () => {};
    tail = run.then(ended, ended);
    return run;
  };
}

interface Held {
  readonly blocks: Recent<Block>;
  readonly metrics: Recent<MetricRow>;
}

async function writeDraft(tx: Transaction, draft: Draft, held: Held): Promise<Written> {
  const written: Written = { metrics: new Map(), blocks: new Map() };
  for (const [key, more] of draft.metrics) {
    const old = held.metrics.get(key) ?? (await tx.get(metrics, key));
    const row = mergeMetric(old, more);
    if (row !== old) await tx.put(metrics, key, row);
    written.metrics.set(key, row);
  }
  for (const [key, additions] of draft.blocks) {
    const old = held.blocks.get(key) ?? (await tx.get(blocks, key));
    const block = addToBlock(old, additions);
    await tx.put(blocks, key, block);
    written.blocks.set(key, block);
  }
  return written;
}

interface Written {
  readonly metrics: Map<string, MetricRow>;
  readonly blocks: Map<string, Block>;
}

/** The oldest waiting calls; at least one whatever its size. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let size = 0;
  const count = waiting.findIndex(({ data }, i) => {
    size += data.length;
    return i > 0 && size > maxBatchData;
  });
  return waiting.splice(0, count < 0 ? waiting.length : count);
}
