/**
 * The manifests of a batch: which objects it read and which it wrote, in the folder of the hour in
 * which it began. The data itself stays where it is.
 */
import { type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import { idsOf } from '../../engines/transform/records.ts';
import type { TransformJobRow } from '../../engines/transform/rows.ts';
import { once } from '../../kernel/bytes.ts';
import { hourFolder } from '../../kernel/hours.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** Larger manifests are cut into several: they are read whole. */
const manifestBytes = 8 * 1024 * 1024;

/** Objects named by a common prefix, `s3://…`, and what follows it. */
export interface Listing {
  readonly prefix: string;
  readonly keys: readonly string[];
}

export interface Captured {
  readonly input: Listing;
  readonly output: Listing;
}

/** Refused when the bucket is gone. A second run writes the same objects again. */
export async function writeManifests(
  job: TransformJobRow,
  captured: Captured,
  objects: ObjectSpace,
): Promise<Outcome<void>> {
  const { capture } = job.plan;
  if (!capture) return ok(undefined);
  const at = parseObjectUri(capture.destinationUri);
  if (!at.ok) return at;
  const base = at.value.key.replace(/\/+$/, '');
  const hour = hourFolder(job.startedAtMs ?? job.createdAtMs);
  for (const side of ['input', 'output'] as const) {
    for (const [index, text] of manifestsOf(captured[side]).entries()) {
      const file = `${job.name}-${idsOf(job.arn, job.createdAtMs, side)(index)}.jsonl`;
      const key = [...(base === '' ? [] : [base]), side, hour, file].join('/');
      const contentType = { contentType: 'application/json' };
      const to = { bucket: at.value.bucket, key };
      const put = await objects.put(to, once(Buffer.from(text)), contentType);
      if (!put.ok) return refuse(`DataCaptureConfig.DestinationS3Uri: ${put.reason}`);
    }
  }
  return ok(undefined);
}

function manifestsOf({ prefix, keys }: Listing): readonly string[] {
  const head = JSON.stringify({ prefix });
  const texts: string[] = [];
  let parts = [head];
  let sizeBytes = 0;
  for (const key of keys) {
    const part = JSON.stringify(key);
    if (sizeBytes + part.length > manifestBytes) {
      texts.push(`[${parts.join(',')}]`);
      parts = [head];
      sizeBytes = 0;
    }
    parts.push(part);
    sizeBytes += Buffer.byteLength(part) + 1;
  }
  return [...texts, `[${parts.join(',')}]`];
}
