/**
 * The parts in which files of lines are profiled, side by side where there are threads for it. How
 * files are cut depends on their sizes alone, and the profiles are merged in the order of the
 * files, so that results do not depend on how many threads there were.
 */
import { stat } from 'node:fs/promises';
import type { ColumnProfile } from '../../engines/profile/column.ts';
import { absorbProfile, emptyProfile, type Profile } from '../../engines/profile/profile.ts';
import type { CaptureFormat } from '../../engines/records/rows.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { FilePart } from './blocks.ts';
import type { CsvHead } from './csv-head.ts';

/** Parts of files, one after another. */
export type Piece = readonly FilePart[];

/** What of a scan one thread does. */
export type Share =
  | { readonly kind: 'capture'; readonly piece: Piece; readonly as: CaptureFormat }
  | {
      readonly kind: 'csv';
      readonly piece: Piece;
      readonly head: CsvHead;
      readonly header: boolean;
    }
  /** Every `of`th column of files with types, from column `index` on. */
  | {
      readonly kind: 'columns';
      readonly paths: readonly string[];
      readonly index: number;
      readonly of: number;
    };

/** Undefined when the lines are written in a way that only the analytics adapter reads. */
export type ProfileShare = (
  share: Share,
  options: Abortable,
) => Promise<Outcome<Profile | undefined>>;

/** The threads that do shares. */
export interface Sharing {
  /** How many shares are done at a time; more have to wait. */
  readonly width: number;
  readonly profile: ProfileShare;
}

/** A piece has about this much; smaller files are put together. */
export const pieceBytes = 32 * 1024 * 1024;

/** Throws `UnreadableData` for a file that is not there. */
export async function piecesOf(paths: readonly string[]): Promise<readonly Piece[]> {
  const pieces: FilePart[][] = [];
  let room = 0;
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) throw new UnreadableData(path, 'there is no such file');
    const { size } = found;
    for (let from = 0; from === 0 || from < size; ) {
      if (room <= 0) {
        pieces.push([]);
        room = pieceBytes;
      }
      const to = Math.min(size, from + room);
      pieces.at(-1)?.push({ path, from, to });
      room -= to - from;
      if (to === from) break;
      from = to;
    }
  }
  return pieces;
}

/** The first refusal in the order of the shares, or the first that nobody could do, ends it. */
export async function profileShares(
  shares: readonly Share[],
  { width, profile }: Sharing,
  options: Abortable,
): Promise<Outcome<Profile | undefined>> {
  const done = new Map<number, Profile>();
  let [next, merged] = [0, 0];
  let whole = emptyProfile();
  const ends: { readonly at: number; readonly outcome: Outcome<undefined> }[] = [];
  const work = async () => {
    for (let at = next++; at < shares.length && ends.length === 0; at = next++) {
      const share = shares[at];
      const outcome = share && (await profile(share, options));
      if (!outcome?.ok || !outcome.value) {
        ends.push({ at, outcome: outcome?.ok === false ? outcome : ok(undefined) });
        return;
      }
      done.set(at, outcome.value);
      for (let made = done.get(merged); made; made = done.get(merged)) {
        if (merged === 0) whole = made;
        else absorbProfile(whole, made);
        done.delete(merged);
        merged += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, shares.length) }, work));
  const [first] = ends.sort((a, b) => a.at - b.at);
  return first?.outcome ?? ok(whole);
}

/** Columns of the same rows, of which each share has every so manieth. */
export async function profileByColumns(
  paths: readonly string[],
  { width: of, profile }: Sharing,
  options: Abortable,
): Promise<Outcome<Profile>> {
  const indices = Array.from({ length: of }, (_, index) => index);
  const shared = await Promise.all(
    indices.map((index) => profile({ kind: 'columns', paths, index, of }, options)),
  );
  const whole = emptyProfile();
  const parts: (readonly ColumnProfile[])[] = [];
  for (const outcome of shared) {
    if (!outcome.ok) return outcome;
    whole.rows = Math.max(whole.rows, outcome.value?.rows ?? 0);
    parts.push([...(outcome.value?.columns.values() ?? [])]);
  }
  for (let at = 0; ; at += 1) {
    const column = parts[at % of]?.[Math.floor(at / of)];
    if (!column) return ok(whole);
    whole.columns.set(column.name, column);
  }
}
