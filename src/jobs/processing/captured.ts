/** Finds the records and labels of a run's window by the hours in their folders' names. */

import {
  type ObjectAddress,
  type ObjectSpace,
  objectsUnder,
  parseObjectUri,
} from '../../engines/objects/space.ts';
import type { MonitoringOfJob } from '../../engines/processing/rows.ts';
import { hourFolder, hoursIn } from '../../kernel/hours.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { batchObjects, watchedSide } from './batches.ts';
import type { Found, InputParts } from './objects.ts';

/**
 * The captured objects of a run's window, in order of time within each variant. Looks into the
 * hours' folders alone: an endpoint's captured records may be years long.
 */
export async function capturedObjects(
  monitoring: MonitoringOfJob,
  parts: InputParts,
): Promise<Outcome<readonly Found[]>> {
  const { endpointName, fileSuffix, windowStartMs: startMs, windowEndMs: endMs } = monitoring;
  const at = parseObjectUri(monitoring.captureUri);
  if (!at.ok) return at;
  const folder = { bucket: at.value.bucket, key: at.value.key.replace(/\/*$/, '/') };
  const hours = hoursIn(startMs, endMs).map(hourFolder);
  if (endpointName === undefined && fileSuffix === undefined) {
    return batchObjects(folder, hours, { ...parts, side: watchedSide(monitoring) });
  }
  const variants = endpointName === undefined ? [''] : foldersIn(folder, parts.objects);
  const found: Found[] = [];
  for await (const variant of variants) {
    const below = variant === '' ? folder : { ...folder, key: `${folder.key}${variant}/` };
    for await (const one of inHours(below, hours, parts.objects)) {
      if (fileSuffix !== undefined && !one.key.endsWith(fileSuffix)) continue;
      found.push({ ...one, relative: one.key.slice(folder.key.length) });
    }
  }
  return ok(found);
}

/**
 * The uploaded labels of a merge: of the window's hours, and of those since until the run, because
 * a label is often uploaded under the hour in which it became known.
 */
export async function labelObjects(
  { groundTruthUri, windowStartMs, windowEndMs, scheduledAtMs }: MonitoringOfJob,
  { objects }: InputParts,
): Promise<Outcome<readonly Found[]>> {
  const at = parseObjectUri(groundTruthUri ?? '');
  if (!at.ok) return at;
  const folder = { bucket: at.value.bucket, key: at.value.key.replace(/\/*$/, '/') };
  if (at.value.key === '') folder.key = '';
  const hours = hoursIn(windowStartMs, Math.max(windowEndMs, scheduledAtMs)).map(hourFolder);
  const found: Found[] = [];
  for await (const one of inHours(folder, hours, objects)) {
    found.push({ ...one, relative: one.key.slice(folder.key.length) });
  }
  return ok(found);
}

async function* inHours(
  { bucket, key }: ObjectAddress,
  hours: readonly string[],
  objects: ObjectSpace,
): AsyncIterable<Omit<Found, 'relative'>> {
  for (const hour of hours) {
    for await (const one of objectsUnder(objects, { bucket, key: `${key}${hour}/` })) {
      yield { bucket, key: one.key, etag: one.etag };
    }
  }
}

/** Names of the folders right below a folder, each found by one look past the one before. */
async function* foldersIn(at: ObjectAddress, objects: ObjectSpace): AsyncIterable<string> {
  let after: string | undefined;
  for (;;) {
    const range = { prefix: at.key, limit: 1, ...(after === undefined ? {} : { after }) };
    const [next] = await objects.list(at.bucket, range);
    if (!next) return;
    const [name = '', ...rest] = next.key.slice(at.key.length).split('/');
    if (rest.length > 0) yield name;
    // No key that begins with `name/` comes after `name/` and the last code point.
    after = rest.length > 0 ? `${at.key}${name}/\u{10ffff}` : next.key;
  }
}
