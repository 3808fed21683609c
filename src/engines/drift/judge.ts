/**
 * All measures of one column and the verdict on them. A difference is drift where it is large
 * enough to matter and larger than samples of these sizes differ by chance; p-values inform.
 */
import { type Cumulative, quantileOf, rankBelow, rankOf } from '../profile/kll.ts';
import type { Categorical } from '../quality/distances.ts';
import { noiseFloors } from './noise.ts';
import { cramerVonMisesPValue, ksPValue } from './p-values.ts';
import { sampleDistances } from './samples.ts';
import type { Band, Decisive, DriftSettings } from './settings.ts';
import {
  hellinger,
  type Independence,
  independence,
  jensenShannon,
  kullbackLeibler,
  largestDifference,
  populationStability,
  smoothedShares,
  totalVariation,
} from './shares.ts';

/** A measure that has no value is absent, and `Judgement.unmeasured` says why. */
export interface Measures {
  /** Over bins between the deciles of the baseline, or over categories, with half a count added. */
  readonly psi?: number;
  /** In nats, of the same smoothed shares: current from baseline. */
  readonly kl?: number;
  /** The next four are over the same bins without smoothing. */
  readonly js?: number;
  readonly hellinger?: number;
  readonly totalVariation?: number;
  readonly lInfinity?: number;
  /** In standard deviations of the baseline. */
  readonly wasserstein?: number;
  /** In the unit of √value, as scipy has it. */
  readonly energy?: number;
  readonly ks?: { readonly distance: number; readonly pValue: number };
  readonly cvm?: { readonly statistic: number; readonly pValue: number };
  /** Over the bins or categories. */
  readonly chi2?: Independence;
}

export type Level = 'none' | 'moderate' | 'large';

/** One measure against its band and its noise floor. */
export interface Effect {
  readonly measure: Decisive;
  readonly value: number;
  readonly threshold: number;
  /** What chance explains; drawn only where the value is at or over the threshold. */
  readonly floor?: number;
  readonly level: Level;
}

export interface Judgement {
  readonly measures: Measures;
  readonly unmeasured: Readonly<Record<string, string>>;
  /** The measure that says most: of the highest level, and most above what it must pass. */
  readonly effect?: Effect;
  readonly level: Level;
}

export interface Judging {
  readonly settings: DriftSettings;
  /** Of `alphaOf`. */
  readonly alpha: number;
}

const stabilityBins = 10;

export interface NumberPair {
  readonly before: Cumulative;
  readonly after: Cumulative;
  /** Standard deviation of the baseline; 0 or NaN leaves Wasserstein's distance out. */
  readonly deviation: number;
}

/** Both sides must have values. */
export function judgeNumbers(pair: NumberPair, judging: Judging): Judgement {
  const { before: a, after: b, deviation } = pair;
  const sizes = { n: a.total, m: b.total };
  const walked = sampleDistances(a, b);
  const deciles = edgesBetween(a, stabilityBins);
  const [p, q] = [countsBetween(a, deciles), countsBetween(b, deciles)];
  const unmeasured: Record<string, string> = {};
  const scale = deviation > 0 && Number.isFinite(deviation) ? deviation : undefined;
  if (scale === undefined) unmeasured['wasserstein'] = 'the baseline has no standard deviation';
  const raw: Measures = {
    ...shareMeasures(p, q),
    ...(scale === undefined ? {} : { wasserstein: walked.wasserstein / scale }),
    energy: walked.energy,
    ks: { distance: walked.ks, pValue: ksPValue(walked.ks, sizes) },
    cvm: {
      statistic: walked.cramerVonMises,
      pValue: cramerVonMisesPValue(walked.cramerVonMises, sizes),
    },
  };
  const measures = finiteOf(raw, unmeasured);
  const values = { ks: walked.ks, wasserstein: measures.wasserstein, psi: measures.psi };
  const floors = (alpha: number) => numberFloors(pair, deciles, { ...sizes, alpha });
  return { measures, unmeasured, ...verdictOn(values, floors, judging) };
}

/** Categories beyond which a stability index or Jensen-Shannon distance decides nothing. */
export const decisiveCategories = 500;

export interface CategoryPair {
  readonly before: Categorical & { readonly exact: boolean };
  readonly after: Categorical & { readonly exact: boolean };
}

/** Both sides must have values. */
export function judgeCategories({ before, after }: CategoryPair, judging: Judging): Judgement {
  const values = [...new Set([...before.counts.keys(), ...after.counts.keys()])];
  const [p, q] = [before, after].map(({ counts }) => values.map((v) => counts.get(v) ?? 0));
  const unmeasured: Record<string, string> = {};
  if (!p || !q) return { measures: {}, unmeasured, level: 'none' };
  const lInfinity = largestDifference(sharesOf(p, before.total), sharesOf(q, after.total));
  const exact = before.exact && after.exact;
  if (!exact) {
    const why = 'there are too many different values to count them all';
    for (const name of ['psi', 'kl', 'js', 'hellinger', 'totalVariation', 'chi2']) {
      unmeasured[name] = why;
    }
  }
  const raw: Measures = exact ? { ...shareMeasures(p, q), lInfinity } : { lInfinity };
  const measures = finiteOf(raw, unmeasured);
  const few = exact && values.length <= decisiveCategories;
  const decisive = few ? { lInfinity, js: measures.js, psi: measures.psi } : { lInfinity };
  const sizes = { n: before.total, m: after.total };
  const floors = (alpha: number) => categoryFloors(p, q, { ...sizes, alpha });
  return { measures, unmeasured, ...verdictOn(decisive, floors, judging) };
}

function sharesOf(counts: readonly number[], total: number): readonly number[] {
  return counts.map((count) => count / total);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

function shareMeasures(p: readonly number[], q: readonly number[]): Measures {
  const [smoothP, smoothQ] = [smoothedShares(p), smoothedShares(q)];
  const [a, b] = [sharesOf(p, sum(p)), sharesOf(q, sum(q))];
  const chi2 = independence(p, q);
  return {
    psi: populationStability(smoothP, smoothQ),
    kl: kullbackLeibler(smoothQ, smoothP),
    js: jensenShannon(a, b),
    hellinger: hellinger(a, b),
    totalVariation: totalVariation(a, b),
    lInfinity: largestDifference(a, b),
    ...(chi2 ? { chi2 } : {}),
  };
}

/** Moves what is no number to the reasons. */
function finiteOf(measures: Measures, unmeasured: Record<string, string>): Measures {
  const kept = Object.entries(measures).filter(([name, value]) => {
    const numbers = typeof value === 'number' ? [value] : Object.values(value as object);
    if (numbers.every((part) => Number.isFinite(part))) return true;
    unmeasured[name] = 'the values are too large for it';
    return false;
  });
  if (!measures.chi2) unmeasured['chi2'] ??= 'there is only one bin or category';
  return Object.fromEntries(kept);
}

type Floors = Partial<Record<Decisive, number>>;

function verdictOn(
  values: Partial<Record<Decisive, number | undefined>>,
  floorsAt: (alpha: number) => Floors,
  { settings, alpha }: Judging,
): Pick<Judgement, 'effect' | 'level'> {
  const found = Object.entries(values).flatMap(([name, value]) => {
    const measure = name as Decisive;
    return value === undefined ? [] : [{ measure, value, band: settings.bands[measure] }];
  });
  const over = found.some(({ value, band }) => value >= band.moderate);
  const floors = over ? floorsAt(alpha) : undefined;
  const effects = found.map(({ measure, value, band }): Effect & { excess: number } => {
    const floor = floors?.[measure];
    const level = levelOf(value, band, floor);
    const excess = value / Math.max(band.moderate, floor ?? 0);
    const head = { measure, value, threshold: band.moderate, level, excess };
    return floor === undefined ? head : { ...head, floor };
  });
  effects.sort((x, y) => rank[y.level] - rank[x.level] || y.excess - x.excess);
  const [first] = effects;
  if (!first) return { level: 'none' };
  const { excess: _, ...effect } = first;
  return { effect, level: effect.level };
}

const rank: Readonly<Record<Level, number>> = { none: 0, moderate: 1, large: 2 };

function levelOf(value: number, band: Band, floor: number | undefined): Level {
  if (value < band.moderate || floor === undefined || value <= floor) return 'none';
  return value >= band.large ? 'large' : 'moderate';
}

/** Edges between `bins` bins of about equal weight; fewer where values repeat. */
export function edgesBetween(of: Cumulative, bins: number): readonly number[] {
  const edges = Array.from({ length: bins - 1 }, (_, i) => quantileOf(of, (i + 1) / bins));
  return [...new Set(edges)];
}

/** Weights below, between and from the edges up: one more than there are edges. */
export function countsBetween(of: Cumulative, edges: readonly number[]): readonly number[] {
  const ranks = [0, ...edges.map((edge) => rankBelow(of, edge)), of.total];
  return ranks.slice(1).map((rank01, i) => rank01 - (ranks[i] ?? 0));
}

/** Even steps, and finer ones towards both ends, where Wasserstein's distance has its noise. */
const floorLevels = [
  ...[4_096, 2_048, 1_024, 512, 256, 128].map((part) => 1 / part),
  ...Array.from({ length: 47 }, (_, i) => (i + 1) / 48),
  ...[128, 256, 512, 1_024, 2_048, 4_096].map((part) => 1 - 1 / part),
].sort((x, y) => x - y);

interface Chance {
  readonly n: number;
  readonly m: number;
  readonly alpha: number;
}

/** Noise of the distances between binned samples of the pooled distribution. */
function numberFloors(pair: NumberPair, deciles: readonly number[], chance: Chance): Floors {
  const { before, after, deviation } = pair;
  const levels = [before, after].flatMap((of) => floorLevels.map((q) => quantileOf(of, q)));
  const cuts = [...new Set([...deciles, ...levels])].sort((x, y) => x - y);
  const [a, b] = [countsBetween(before, cuts), countsBetween(after, cuts)];
  const pooled = a.map((count, i) => (count + (b[i] ?? 0)) / (chance.n + chance.m));
  const places = placesOf(cuts, pair);
  const inDecile = new Set(deciles.map((edge) => cuts.indexOf(edge)));
  const [ks, wasserstein, psi] = noiseFloors(pooled, chance, (x, y) => {
    let [f, g, most, area] = [0, 0, 0, 0];
    const [p, q] = [[0], [0]];
    for (let i = 0; i < x.length; i += 1) {
      const [inA, inB] = [x[i] ?? 0, y[i] ?? 0];
      f += inA / chance.n;
      g += inB / chance.m;
      most = Math.max(most, Math.abs(f - g));
      area += Math.abs(f - g) * ((places[i + 1] ?? places[i] ?? 0) - (places[i] ?? 0));
      p[p.length - 1] = (p[p.length - 1] ?? 0) + inA;
      q[q.length - 1] = (q[q.length - 1] ?? 0) + inB;
      if (!inDecile.has(i)) continue;
      p.push(0);
      q.push(0);
    }
    return [most, area / deviation, populationStability(smoothedShares(p), smoothedShares(q))];
  });
  return floorsOf({ ks, wasserstein, psi });
}

/** A value for each bin: its mean, nearly, as the middle of its ends. */
function placesOf(cuts: readonly number[], { before, after }: NumberPair): readonly number[] {
  const low = Math.min(before.values[0] ?? 0, after.values[0] ?? 0);
  const high = Math.max(before.values.at(-1) ?? 0, after.values.at(-1) ?? 0);
  const ends = [low, ...cuts, high];
  return ends.slice(1).map((end, i) => {
    const start = ends[i] ?? end;
    // Where a value repeats a bin is that value alone: nothing of either side lies inside it.
    const inside = [before, after].some((of) => rankBelow(of, end) > rankOf(of, start));
    return inside ? (start + end) / 2 : start;
  });
}

function categoryFloors(p: readonly number[], q: readonly number[], chance: Chance): Floors {
  const [counted, other] = [sum(p), sum(q)];
  const [restA, restB] = [Math.max(0, chance.n - counted), Math.max(0, chance.m - other)];
  const rest = restA + restB;
  const all = chance.n + chance.m;
  const pooled = p.map((count, i) => (count + (q[i] ?? 0)) / all);
  // Values that were not kept are drawn as one.
  const shares = rest > 0 ? [...pooled, rest / all] : pooled;
  const kept = shares.length > decisiveCategories ? mostFrequent(shares) : shares;
  const [lInfinity, js, psi] = noiseFloors(kept, chance, (x, y) => {
    const [a, b] = [Array.from(x), Array.from(y)];
    const [f, g] = [sharesOf(a, chance.n), sharesOf(b, chance.m)];
    return [
      largestDifference(f, g),
      jensenShannon(f, g),
      populationStability(smoothedShares(a), smoothedShares(b)),
    ];
  });
  return floorsOf({ lInfinity, js, psi });
}

/** Rare values move no share by much: the largest difference is among the frequent ones. */
function mostFrequent(shares: readonly number[]): readonly number[] {
  const top = [...shares].sort((x, y) => y - x).slice(0, decisiveCategories);
  return [...top, Math.max(0, 1 - sum(top))];
}

function floorsOf(of: Readonly<Record<string, number | undefined>>): Floors {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => Number.isFinite(value)));
}
