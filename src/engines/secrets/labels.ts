/** Where the staging labels of a secret stand, and what moving one does to the others. */
import { given, refusals, type SecretAnswer } from './answer.ts';
import { labels, type VersionRow } from './rows.ts';

export const mostLabels = 20;

export function holderOf(versions: readonly VersionRow[], label: string): VersionRow | undefined {
  return versions.find((version) => version.labels.includes(label));
}

/**
 * The versions that change when the label moves to a version; each label is on one at most. When
 * AWSCURRENT leaves a version, AWSPREVIOUS goes to it.
 */
export function moved(
  versions: readonly VersionRow[],
  label: string,
  to: string,
): SecretAnswer<readonly VersionRow[]> {
  const from = holderOf(versions, label);
  if (from?.id === to) return given([]);
  const follows = label === labels.current && from !== undefined;
  const changed = versions.flatMap((version) => {
    const others = version.labels.filter(
      (one) => one !== label && !(follows && one === labels.previous),
    );
    const after =
      version.id === to
        ? [...others, label]
        : follows && version.id === from.id
          ? [...others, labels.previous]
          : others;
    return same(after, version.labels) ? [] : [{ ...version, labels: after }];
  });
  if (changed.some((version) => version.labels.length > mostLabels)) {
    return refusals.tooManyLabels(mostLabels);
  }
  return given(changed);
}

/** Every version as it is after the changes. */
export function merged(
  versions: readonly VersionRow[],
  changed: readonly VersionRow[],
): readonly VersionRow[] {
  const byId = new Map(changed.map((version) => [version.id, version]));
  return versions.map((version) => byId.get(version.id) ?? version);
}

export interface LabelMove {
  readonly label: string;
  readonly to?: string;
  readonly from?: string;
}

/** A move as a client asks for it, with the original's conditions. */
export function moveAsked(
  versions: readonly VersionRow[],
  { label, to, from }: LabelMove,
): SecretAnswer<readonly VersionRow[]> {
  if (to === undefined && from === undefined) return refusals.nothingMoved();
  for (const id of [to, from]) {
    const isKnown = id === undefined || versions.some((version) => version.id === id);
    if (!isKnown) return refusals.noValue(`VersionId: ${id}`);
  }
  const holder = holderOf(versions, label);
  if (from !== undefined && holder?.id !== from) return refusals.notAttached(label, from);
  if (to !== undefined) {
    if (holder && holder.id !== to && from === undefined) {
      return refusals.notNamed(label, holder.id);
    }
    return moved(versions, label, to);
  }
  if (label === labels.current) return refusals.onlyMoved(label);
  return given(withoutLabel(versions, label));
}

/** The versions that change when nobody has the label any more. */
export function withoutLabel(
  versions: readonly VersionRow[],
  label: string,
): readonly VersionRow[] {
  return versions
    .filter((version) => version.labels.includes(label))
    .map((version) => ({ ...version, labels: version.labels.filter((one) => one !== label) }));
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}
