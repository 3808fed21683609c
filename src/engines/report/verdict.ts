/** The verdict on one column from everything measured of it, with its reasons in words. */
import type { Effect } from '../drift/judge.ts';
import { rareCountFloor, shareFloor } from '../drift/noise.ts';
import type { Both, FeatureComparison, Judging, Moved } from './compare.ts';
import { percent, short } from './markup.ts';

type Verdicted = Pick<FeatureComparison, 'verdict' | 'reasons'>;

/** Missing cells and types count where there are too few values for a distance, too. */
export function verdictOf(moved: Moved, both: Both, judging: Judging): Verdicted {
  const { before, after } = both;
  const fewest = Math.min(before.present, after.present);
  const few = fewest < judging.settings.minimumSampleSize;
  const missing = missingReason(moved, both, judging);
  if (typeChanged(both, judging.looseNumbers) && (after.type === 'String' || !few)) {
    return { verdict: 'type changed', reasons: [`${before.type} became ${after.type}`] };
  }
  if (missing && (fewest === 0 || Math.abs(moved.missingShift ?? 0) >= largeMissing01)) {
    return { verdict: 'large', reasons: [missing] };
  }
  if (few) {
    if (missing) return { verdict: 'moderate', reasons: [missing] };
    return { verdict: 'too few', reasons: [`${fewest} values on a side`] };
  }
  const { effect } = moved;
  const reasons = [
    effect && effect.level !== 'none' ? effectReason(effect) : undefined,
    missing,
    newReason(moved, both, judging),
  ].filter((reason) => reason !== undefined);
  if (effect?.level === 'large') return { verdict: 'large', reasons };
  return { verdict: reasons.length > 0 ? 'moderate' : 'none', reasons };
}

const largeMissing01 = 0.5;

/** Whole numbers are fractions too, and JSON does not tell them apart. */
function typeChanged({ before, after }: Both, looseNumbers: boolean): boolean {
  if (before.type === after.type) return false;
  if (before.type === 'Unknown' || after.type === 'Unknown') return false;
  if (before.type === 'Integral' && after.type === 'Fractional') return !looseNumbers;
  return !(before.type === 'Fractional' && after.type === 'Integral');
}

const names: Readonly<Record<Effect['measure'], string>> = {
  ks: 'Kolmogorov-Smirnov distance',
  wasserstein: 'Wasserstein distance in deviations',
  psi: 'population stability index',
  lInfinity: 'largest difference of a share',
  js: 'Jensen-Shannon distance',
};

function effectReason({ measure: name, value, threshold, floor = 0 }: Effect): string {
  const figure = (of: number) => of.toFixed(3);
  return `${names[name]} ${figure(value)}, limit ${short(threshold)}, chance ${figure(floor)}`;
}

function missingReason(moved: Moved, { before, after }: Both, judging: Judging) {
  const shift = Math.abs(moved.missingShift ?? 0);
  const [n, m] = [before.rows, after.rows];
  if (shift < judging.settings.missingShift01 || n === 0 || m === 0) return undefined;
  const pooled01 = (n - before.present + m - after.present) / (n + m);
  if (shift <= shareFloor(pooled01, { n, m, alpha: judging.alpha })) return undefined;
  const [a = 0, b = 0] = [moved.before?.missing01, moved.after?.missing01];
  return `missing cells ${percent(a)} → ${percent(b)}`;
}

/** Rare values of the baseline foretell how many a window has that it lacks (Good and Turing). */
function newReason({ newShare01 = 0 }: Moved, { before, after }: Both, judging: Judging) {
  if (newShare01 < judging.settings.newShare01 || !before.categories) return undefined;
  const once = [...before.categories.counts.values()].filter((count) => count === 1).length;
  const likely01 = (once + 1 + 2 * Math.sqrt(once + 1)) / before.present;
  const floor = rareCountFloor(after.present, Math.min(1, likely01), judging.alpha);
  if (newShare01 * after.present <= floor) return undefined;
  return `${percent(newShare01)} of values are of new categories`;
}
