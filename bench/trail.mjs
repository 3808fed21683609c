/**
 * What the audit trail costs: requests for each second of CPU that a server takes with it and without
 * it, everything else as users have it. Stretches are sealed while requests are served.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { costOfPart } from './support/sides.mjs';

export const title = 'what the audit trail costs, data events of endpoints included';

const script = fileURLToPath(new URL('./trail/server.mjs', import.meta.url));

export async function run({ say, quick }) {
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-trail-'));
  try {
    return await costOfPart({ part: 'the audit trail', script, folder, goal: 0.9, say, quick });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
