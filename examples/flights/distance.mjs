/** The two-sample Kolmogorov-Smirnov distance, plain: what the demo checks the monitor's verdicts with. */

/** max over x of |F1(x) - F2(x)|, both arguments sorted ascending. */
export function kolmogorovSmirnov(first, second) {
  let i = 0;
  let j = 0;
  let largest = 0;
  while (i < first.length && j < second.length) {
    const x = Math.min(first[i], second[j]);
    while (i < first.length && first[i] <= x) i += 1;
    while (j < second.length && second[j] <= x) j += 1;
    largest = Math.max(largest, Math.abs(i / first.length - j / second.length));
  }
  return largest;
}

/** The same with the analyzer's allowance for sample sizes ("Robust"). */
export function robustDistance(first, second) {
  const allowance =
    1.8 * Math.sqrt((first.length + second.length) / (first.length * second.length));
  return Math.max(0, kolmogorovSmirnov(first, second) - allowance);
}

export const sorted = (values) => Float64Array.from(values).sort();
