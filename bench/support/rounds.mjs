/** Sides of a comparison measured in turn, so that none has the quieter half of a noisy machine. */

/**
 * `sides`: name → async () => number. Runs each once to warm up and then `rounds` times, in an order
 * that turns round each time. Resolves with name → numbers.
 */
export async function inTurn(sides, rounds) {
  const names = Object.keys(sides);
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await sides[name]();
      if (round > 0) found[name].push(value);
    }
  }
  return found;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The median of what each round's pair says: what slows a whole round down cancels out. */
export function medianRatio(values, baseline) {
  return median(values.map((value, at) => value / baseline[at]));
}

/**
 * Requests a second of CPU that a process spends while `load` runs, and for `settleMs` after that:
 * its throughput on one core.
 */
export async function perCpuSecond(process, load, { settleMs = 0 } = {}) {
  const beforeMs = process.cpuMs();
  const told = await load();
  if (settleMs > 0) await new Promise((resolve) => setTimeout(resolve, settleMs));
  return { ...told, perCpuSecond: (told.answered * 1_000) / (process.cpuMs() - beforeMs) };
}
