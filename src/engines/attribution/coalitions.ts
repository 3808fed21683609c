/**
 * Which coalitions of features are asked, and with what weight: the sampling of the shap package's
 * KernelExplainer (0.51). Sizes are enumerated from the outside in, a size with its complement,
 * while the budget lasts; the weight that remains is spread over sampled pairs.
 *
 * π(z) = (M − 1) / (C(M, |z|) · |z| · (M − |z|)), scaled so that all weights add up to 1.
 */
import { assert } from '../../kernel/assert.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';

export interface Coalitions {
  readonly features: number;
  readonly count: number;
  /** Row c, feature j at `c · features + j`: 1 where the feature is the explained row's. */
  readonly masks: Uint8Array;
  readonly weights: Float64Array;
  /** All 2^M − 2 of them. */
  readonly exact: boolean;
}

/** How many coalitions a row of this many varying features takes within a budget. */
export function coalitionCount(features: number, budget: number): number {
  if (features < 2) return 0;
  return features > 30 ? budget : Math.min(budget, 2 ** features - 2);
}

/** Needs two features or more, and a budget of one or more. The same for the same arguments. */
export function coalitionsOf(features: number, budget: number, seed: number): Coalitions {
  assert(features >= 2 && budget >= 1, 'coalitions need features and a budget');
  const count = coalitionCount(features, budget);
  const set = gathered(features, count);
  const exact = features <= 30 && count === 2 ** features - 2;
  const sizes = sizeWeights(features);
  const enumerated = enumerate(set, sizes, exact);
  if (enumerated < sizes.length) sample(set, { sizes, enumerated, random: seededRandom(seed) });
  const used = set.added();
  return {
    features,
    count: used,
    masks: set.masks.subarray(0, used * features),
    weights: set.weights.subarray(0, used),
    exact,
  };
}

interface Gathered {
  readonly features: number;
  readonly capacity: number;
  /** Sizes whose complements are another size. */
  readonly paired: number;
  readonly masks: Uint8Array;
  readonly weights: Float64Array;
  added(): number;
  add(mask: Uint8Array, weight: number): number;
}

function gathered(features: number, capacity: number): Gathered {
  const masks = new Uint8Array(capacity * features);
  const weights = new Float64Array(capacity);
  let added = 0;
  return {
    features,
    capacity,
    paired: Math.floor((features - 1) / 2),
    masks,
    weights,
    added: () => added,
    add(mask, weight) {
      assert(added < capacity, 'more coalitions than the budget');
      masks.set(mask, added * features);
      weights[added] = weight;
      added += 1;
      return added - 1;
    },
  };
}

/** Weight of all coalitions of a size and of its complement; index 0 is size 1. Adds up to 1. */
function sizeWeights(features: number): number[] {
  const paired = Math.floor((features - 1) / 2);
  const raw = Array.from({ length: Math.ceil((features - 1) / 2) }, (_, at) => {
    const size = at + 1;
    return ((features - 1) / (size * (features - size))) * (size <= paired ? 2 : 1);
  });
  return normalised(raw);
}

function normalised(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Adds the sizes the budget covers; answers how many those are. */
function enumerate(set: Gathered, sizes: readonly number[], all: boolean): number {
  let left = set.capacity;
  let share = 1;
  for (const [at, weight] of sizes.entries()) {
    const size = at + 1;
    const isPaired = size <= set.paired;
    const subsets = binomial(set.features, size) * (isPaired ? 2 : 1);
    const portion = share > 0 ? Math.min(1, weight / share) : 1;
    if (!all && (left * portion) / subsets < 1 - 1e-8) return at;
    left -= subsets;
    share -= weight;
    addSize(set, size, weight / subsets);
  }
  return sizes.length;
}

function addSize(set: Gathered, size: number, weight: number): void {
  const isPaired = size <= set.paired;
  for (const members of combinations(set.features, size)) {
    const mask = new Uint8Array(set.features);
    for (const member of members) mask[member] = 1;
    set.add(mask, weight);
    if (isPaired) set.add(complement(mask), weight);
  }
}

interface Rest {
  readonly sizes: readonly number[];
  readonly enumerated: number;
  readonly random: Random;
}

/**
 * Draws pairs of the remaining sizes, at most four draws for each coalition wanted. A coalition
 * drawn again gains weight.
 */
function sample(set: Gathered, { sizes, enumerated, random }: Rest): void {
  const fixed = set.added();
  // Two coalitions come of each draw of a paired size, so its chance is half.
  const halves = sizes.map((weight, at) => (at < set.paired ? weight / 2 : weight));
  const chances = normalised(halves.slice(enumerated));
  const order = Int32Array.from({ length: set.features }, (_, at) => at);
  const seen = new Map<string, number>();
  const draws = 4 * (set.capacity - fixed);
  for (let draw = 0; draw < draws && set.added() < set.capacity; draw += 1) {
    const size = pick(chances, random) + enumerated + 1;
    const mask = subset(order, size, random);
    // One character a feature: the code units of the mask.
    const key = Buffer.from(mask).toString('latin1');
    const isPaired = size <= set.paired;
    const known = seen.get(key);
    if (known === undefined) {
      seen.set(key, set.add(mask, 1));
      if (isPaired && set.added() < set.capacity) set.add(complement(mask), 1);
    } else {
      raise(set.weights, known);
      if (isPaired) raise(set.weights, known + 1);
    }
  }
  const weightLeft = sizes.slice(enumerated).reduce((sum, weight) => sum + weight, 0);
  const drawn = set.weights.subarray(fixed, set.added());
  const total = drawn.reduce((sum, weight) => sum + weight, 0);
  for (const [at, weight] of drawn.entries()) drawn[at] = (weight * weightLeft) / total;
}

function raise(weights: Float64Array, at: number): void {
  weights[at] = (weights[at] ?? 0) + 1;
}

function pick(chances: readonly number[], random: Random): number {
  let left = random.next01();
  for (const [at, chance] of chances.entries()) {
    if (left < chance) return at;
    left -= chance;
  }
  return chances.length - 1;
}

/** The first `size` of a shuffle that is carried on from draw to draw. */
function subset(order: Int32Array, size: number, random: Random): Uint8Array {
  const mask = new Uint8Array(order.length);
  for (let at = 0; at < size; at += 1) {
    const other = at + Math.floor(random.next01() * (order.length - at));
    const member = order[other] ?? 0;
    order[other] = order[at] ?? 0;
    order[at] = member;
    mask[member] = 1;
  }
  return mask;
}

function complement(mask: Uint8Array): Uint8Array {
  return mask.map((bit) => 1 - bit);
}

export function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i += 1) product = (product * (n - k + i)) / i;
  return Math.round(product);
}

/** In lexicographic order. The yielded array is reused. */
function* combinations(n: number, size: number): Generator<Int32Array> {
  const members = Int32Array.from({ length: size }, (_, at) => at);
  for (;;) {
    yield members;
    let at = size - 1;
    while (at >= 0 && members[at] === n - size + at) at -= 1;
    if (at < 0) return;
    const next = (members[at] ?? 0) + 1;
    for (let i = at; i < size; i += 1) members[i] = next + i - at;
  }
}
