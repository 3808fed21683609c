/** Two readers of the same cells must agree: SQL in the adapter, JavaScript in the engine. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { batchOf } from '../../engines/profile/batcher.ts';

const pieces = [
  '-',
  '+',
  ' ',
  '.',
  'e',
  'E',
  '0',
  '1',
  '12',
  '007',
  '999',
  'true',
  'false',
  'NaN',
  'x',
  ',',
  '"',
  'é',
  '\t',
];
const cell = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
);

test('random cells have the same kind, number and text in both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agree-'));
  const analytics = duckdbAnalytics({ temporaryFolder: folder, threads: 2, memoryLimit: '512MB' });
  const path = join(folder, 'cells.csv');
  const check = async (texts: readonly string[]) => {
    const lines = texts.map((text, i) => `${i},"${text.replaceAll('"', '""')}"\n`);
    await writeFile(path, `i,cell\n${lines.join('')}`);
    const names = ['i', 'cell'];
    const rows = texts.map((text, i) => ({ names, cells: [String(i), text] }));
    const expected = batchOf(rows).columns[1];
    const kinds: number[] = [];
    const numbers: number[] = [];
    const found: (string | undefined)[] = [];
    const format = { kind: 'csv', header: true } as const;
    for await (const batch of analytics.scan({ paths: [path], format })) {
      kinds.push(...(batch.columns[1]?.kinds ?? []));
      numbers.push(...(batch.columns[1]?.numbers ?? []));
      found.push(...(batch.columns[1]?.texts ?? []));
    }
    expect(kinds).toEqual([...(expected?.kinds ?? [])]);
    expect(found).toEqual([...(expected?.texts ?? [])]);
    expect(numbers.map((x) => x + 0)).toEqual([...(expected?.numbers ?? [])].map((x) => x + 0));
  };
  const columns = fc.array(cell, { minLength: 500, maxLength: 500 });
  await fc.assert(fc.asyncProperty(columns, check), { numRuns: 12 });
  await rm(folder, { recursive: true });
});
