/**
 * What reads tables, loaded by the first that is read: threads that have only captured lines to
 * read, as most have, start sooner without, and are smaller by half of what it is.
 */
import type { Analytics } from '../ports/analytics.ts';
import type { WorkerOptions } from './analysis-messages.ts';

export function analyticsOnDemand(options: WorkerOptions): Analytics {
  let made: Promise<Analytics> | undefined;
  const load = async () => {
    const { duckdbAnalytics } = await import('../adapters/duckdb/analytics.ts');
    return duckdbAnalytics(options);
  };
  return {
    async *scan(source, abort) {
      made ??= load();
      yield* (await made).scan(source, abort);
    },
    async close() {
      await (await made)?.close();
    },
  };
}
