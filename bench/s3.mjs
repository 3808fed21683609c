/**
 * Objects over S3 on the whole server, everything on: small ones a second, large ones in MB a second,
 * lists, and memory while much goes through. Against files of the same bytes written and read by the
 * least server there could be, with the same syncs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { largeClaims } from './s3/large.mjs';
import { listClaims } from './s3/listing.mjs';
import { memoryClaims } from './s3/memory.mjs';
import { smallClaims } from './s3/small.mjs';

export const title = 'objects put, got and listed, against plain files with the same syncs';

const chapters = {
  small: smallClaims,
  large: largeClaims,
  list: listClaims,
  memory: memoryClaims,
};

/** `S3_BENCH=small,list` in the environment leaves out the rest. */
export async function run({ say, quick }) {
  const asked = process.env.S3_BENCH?.split(',') ?? Object.keys(chapters);
  const claims = [];
  for (const name of asked) {
    const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-s3-'));
    try {
      claims.push(...(await chapters[name]({ folder, say, quick })));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return claims;
}
