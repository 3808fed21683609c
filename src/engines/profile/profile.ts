/**
 * What is known of a table after one pass: mergeable, so that an hour is read once and a day is the
 * merge of its hours. Everything that statistics, constraints and distances need is in it, and
 * memory does not grow with the rows.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { RowBatch } from '../../ports/analytics.ts';
import {
  absorbColumn,
  buffersOfColumn,
  type ColumnJson,
  type ColumnProfile,
  columnFromJson,
  columnToJson,
  emptyColumn,
  mergeColumns,
  observeColumn,
} from './column.ts';

export interface Profile {
  rows: number;
  /** True when rows came from JSON, where 3 and 3.0 are the same number. */
  looseNumbers: boolean;
  /** In order of first appearance. */
  readonly columns: Map<string, ColumnProfile>;
}

export function emptyProfile(): Profile {
  return { rows: 0, looseNumbers: false, columns: new Map() };
}

/** Adds the batch to `profile`, which is changed and returned. Columns may come and go. */
export function observe(profile: Profile, batch: RowBatch): Profile {
  profile.rows += batch.rows;
  for (const cells of batch.columns) {
    let column = profile.columns.get(cells.name);
    if (!column) {
      column = emptyColumn(cells.name);
      profile.columns.set(cells.name, column);
    }
    observeColumn(column, cells);
  }
  return profile;
}

/**
 * A new profile of the rows of both, `a`'s first. `emptyProfile()` is its identity. Statistics are
 * associative up to rounding; up to 2,050 numbers and the limits of `tally.ts` it equals the whole.
 */
export function mergeProfiles(a: Profile, b: Profile): Profile {
  const columns = new Map<string, ColumnProfile>();
  for (const name of new Set([...a.columns.keys(), ...b.columns.keys()])) {
    const left = a.columns.get(name) ?? emptyColumn(name);
    columns.set(name, mergeColumns(left, b.columns.get(name) ?? emptyColumn(name)));
  }
  const looseNumbers = a.looseNumbers || b.looseNumbers;
  return { rows: a.rows + b.rows, looseNumbers, columns };
}

/** As `mergeProfiles`, into `profile`, which is changed; `from` is not to be used any more. */
export function absorbProfile(profile: Profile, from: Profile): void {
  profile.rows += from.rows;
  profile.looseNumbers ||= from.looseNumbers;
  for (const [name, column] of from.columns) {
    const known = profile.columns.get(name);
    if (known) absorbColumn(known, column);
    else profile.columns.set(name, column);
  }
}

/**
 * The memory of its numbers, to be handed to another thread with it. Where it is only copied, what
 * is left here piles up: collecting it is far too seldom for its size.
 */
export function buffersOf(profile: Profile): readonly ArrayBuffer[] {
  const all = [...profile.columns.values()].flatMap(buffersOfColumn);
  return all.filter((buffer) => buffer instanceof ArrayBuffer);
}

/** The same profile under other names, by position; columns beyond `names` keep theirs. */
export function renameColumns(profile: Profile, names: readonly string[]): Profile {
  const columns = new Map<string, ColumnProfile>();
  [...profile.columns.values()].forEach((column, i) => {
    const name = names[i] ?? column.name;
    columns.set(name, { ...column, name });
  });
  return { ...profile, columns };
}

const formatVersion = 1;

export interface ProfileJson {
  readonly version: number;
  readonly rows: number;
  readonly looseNumbers: boolean;
  readonly columns: readonly ColumnJson[];
}

/** Shares arrays with `profile`: make text of it before the profile changes. */
export function profileToJson(profile: Profile): ProfileJson {
  const columns = [...profile.columns.values()].map(columnToJson);
  const { rows, looseNumbers } = profile;
  return { version: formatVersion, rows, looseNumbers, columns };
}

/** Refuses what this version did not write. */
export function profileFromJson(json: unknown): Outcome<Profile> {
  const { version, rows, looseNumbers = false, columns } = (json ?? {}) as Partial<ProfileJson>;
  if (version !== formatVersion || typeof rows !== 'number' || !Array.isArray(columns)) {
    return refuse(`not a stored profile of version ${formatVersion}`);
  }
  const made = (columns as readonly ColumnJson[]).map(columnFromJson);
  return ok({ rows, looseNumbers, columns: new Map(made.map((column) => [column.name, column])) });
}

export function profileToText(profile: Profile): string {
  return JSON.stringify(profileToJson(profile));
}

export function profileFromText(text: string): Outcome<Profile> {
  try {
    return profileFromJson(JSON.parse(text));
  } catch (cause) {
    return refuse(
      `not a stored profile: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}
