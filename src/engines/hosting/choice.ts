/** Which variant takes a request, and whether a shadow gets a copy. */
import type { Random } from '../../kernel/random.ts';

interface Weighted {
  readonly variant: { readonly name: string; readonly weight: number };
}

/** Each variant with the probability weight / sum of weights; undefined when all weigh nothing. */
export function chooseByWeight<T extends Weighted>(
  variants: readonly T[],
  random: Random,
): T | undefined {
  const total = variants.reduce((sum, { variant }) => sum + variant.weight, 0);
  if (!(total > 0)) return undefined;
  let left = random.next01() * total;
  for (const candidate of variants) {
    left -= candidate.variant.weight;
    if (left < 0) return candidate;
  }
  // Rounding may leave a crumb: it belongs to the last variant that takes any traffic.
  return variants.findLast(({ variant }) => variant.weight > 0);
}

/** A shadow sees shadow weight / production weight of the requests, all of them from 1 on. */
export function shadowTakes(shadow: Weighted, production: Weighted, random: Random): boolean {
  const share = shadow.variant.weight / production.variant.weight;
  return share >= 1 || random.next01() < share;
}
