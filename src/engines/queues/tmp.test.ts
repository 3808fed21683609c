/** tmp */
import { mkdtempSync } from 'node:fs';
import { test } from 'vitest';
import { sqliteMetadataStore } from '../../adapters/sqlite/metadata-store.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeQueues } from './queues.ts';
test('perf', async () => {
  const store = await sqliteMetadataStore(mkdtempSync('/tmp/q') + '/a.db');
  const queues = makeQueues({ store, clock: { nowMs: () => Date.now() }, random: seededRandom(1), wait: async () => {} });
  const at = { partition: 'aws', region: 'r', account: '1', name: 'q' };
  await queues.create(at, { tags: {}, settings: { delaySeconds: 0, maximumMessageBytes: 1e6, retentionSeconds: 1000, waitSeconds: 0, visibilitySeconds: 30, fifo: false, contentDeduplication: false, deduplicationScope: 'queue', further: {} } });
  const m = { body: 'x'.repeat(1000), attributes: {}, system: {}, senderId: 'a' };
  const signal = new AbortController().signal;
  const time = async (name: string, n: number, f: () => Promise<unknown>) => { const t = performance.now(); await f(); console.log(name, ((performance.now() - t) / n * 1000).toFixed(0), 'us each'); };
  await time('send seq', 1000, async () => { for (let i = 0; i < 1000; i++) await queues.send(at, [m]); });
  await time('send par', 1000, async () => { await Promise.all(Array.from({ length: 1000 }, () => queues.send(at, [m]))); });
  await time('send batch', 20000, async () => { for (let i = 0; i < 2000; i++) await queues.send(at, Array.from({ length: 10 }, () => m)); });
  const handles: string[] = [];
  await time('receive 10', 2000, async () => { for (let i = 0; i < 200; i++) { const r = await queues.receive(at, { limit: 10, signal }); if (r.ok && r.value !== 'overLimit') handles.push(...r.value.map((x) => x.receiptHandle)); } });
  await time('delete 1', 1000, async () => { for (const h of handles.slice(0, 1000)) await queues.settle(at, [h]); });
  await time('counts', 1, async () => console.log(await queues.counts(at)));
}, 60000);
