/** What a server finds of the one before it, where its analyses write. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuse } from '../kernel/outcome.ts';
import { makeAnalyzers } from './analyzers.ts';
import type { World } from './world.ts';

test('temporary files of a server that was killed are removed at start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-analyzers-'));
  const temporaryFolder = join(folder, 'temporary');
  await mkdir(temporaryFolder);
  await writeFile(join(temporaryFolder, 'merge-1.jsonl'), '{}');
  const never = async () => refuse('nobody may');
  const world = { temporaryFolder, config: { minimumSampleSize: 0 } } as unknown as World;
  const analyzers = makeAnalyzers(world, {
    access: { refusalOf: async () => undefined, assumedBy: never },
    objectsFor: never,
    safekeeping: { usable: never, ready: never, environment: never },
  });
  expect(existsSync(join(temporaryFolder, 'merge-1.jsonl'))).toBe(false);
  expect(existsSync(folder)).toBe(true);
  await analyzers.close();
  await rm(folder, { recursive: true });
});
