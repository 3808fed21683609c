/**
 * Profiles of single hours of captured records, kept so that a longer window merges them instead of
 * reading its files again. An hour is known by the names and ETags of its objects.
 */
import { createHash } from 'node:crypto';
import { dayMs } from '../../kernel/clock.ts';
import { hourFolder } from '../../kernel/hours.ts';
import type { Collection, MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import type { InputFile } from '../processing/analysis.ts';

export interface Hour {
  /** `<capture prefix>/<variant>/yyyy/mm/dd/hh` and the data format, for the key of its row. */
  readonly key: string;
  readonly startMs: number;
  readonly fingerprint: string;
  readonly files: readonly InputFile[];
}

interface HourProfileRow {
  readonly fingerprint: string;
  readonly profile: string;
}

/** Keyed by `Hour.key`. */
const hourProfiles: Collection<HourProfileRow> = { name: 'monitoring/hour-profile' };

/** The files by hour folder, in order of time; within an hour in their own order. */
export function hoursOfFiles(files: readonly InputFile[], datasetFormat: string): readonly Hour[] {
  const byFolder = new Map<string, InputFile[]>();
  for (const file of files) {
    const folder = file.uri.slice(0, file.uri.lastIndexOf('/'));
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), file]);
  }
  const format = digest(datasetFormat).slice(0, 16);
  return [...byFolder]
    .sort(([a], [b]) => (timeOf(a) < timeOf(b) ? -1 : 1))
    .map(([folder, inFolder]) => ({
      key: `${folder}#${format}`,
      startMs: startOf(folder),
      fingerprint: digest(inFolder.map(({ uri, etag }) => `${uri} ${etag}`).join('\n')),
      files: inFolder,
    }));
}

/** The hour first, then the variant: hours of several variants interleave by time. */
function timeOf(folder: string): string {
  const parts = folder.split('/');
  return [...parts.slice(-4), ...parts.slice(0, -4)].join('/');
}

/** Folders end in `yyyy/mm/dd/hh`. */
function startOf(folder: string): number {
  const [year = 0, month = 1, day = 1, hour = 0] = folder.split('/').slice(-4).map(Number);
  return Date.UTC(year, month - 1, day, hour);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** By key, those whose objects have not changed since they were profiled. */
export async function knownProfiles(
  store: MetadataStore,
  hours: readonly Hour[],
): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const { key, fingerprint } of hours) {
    const row = await store.get(hourProfiles, key);
    if (row?.fingerprint === fingerprint) known.set(key, row.profile);
  }
  return known;
}

/** Kept this long behind the newest hour of a variant: windows look back a day or a few. */
const keptMs = 40 * dayMs;
const mostPrunedAtOnce = 200;

export async function keepProfiles(
  store: MetadataStore,
  hours: readonly Hour[],
  profiles: readonly string[],
): Promise<void> {
  if (hours.length === 0) return;
  await store.write(async (tx) => {
    for (const [at, { key, fingerprint }] of hours.entries()) {
      await tx.put(hourProfiles, key, { fingerprint, profile: profiles[at] ?? '' });
    }
    const newest = new Map(hours.map((hour) => [variantOf(hour), hour.startMs]));
    for (const [variant, startMs] of newest) await prune(tx, variant, startMs - keptMs);
  });
}

/** The key up to the date: `<capture prefix>/<variant>/`. */
function variantOf({ key }: Hour): string {
  return key.slice(0, key.lastIndexOf('#') - 'yyyy/mm/dd/hh'.length);
}

async function prune(tx: Transaction, variant: string, beforeMs: number): Promise<void> {
  const to = `${variant}${hourFolder(beforeMs)}`;
  const old = await tx.list(hourProfiles, { prefix: variant, to, limit: mostPrunedAtOnce });
  for (const { key } of old) await tx.delete(hourProfiles, key);
}
