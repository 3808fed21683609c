/** Runs at most so many pieces of work at once; the others wait their turn, first come first. */

export type Lanes = <T>(work: () => Promise<T>) => Promise<T>;

export function makeLanes(count: number): Lanes {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      // The lane passes straight to the next in line, so nobody can slip in between.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
