/** Chance, as an argument. Tests pass a seeded source; the server passes the system's. */

export interface Random {
  /** Uniform in [0, 1). */
  next01(): number;
  /** `count` bytes; from the system's source they are fit for keys. */
  bytes(count: number): Uint8Array;
}

/** mulberry32: small, fast, good enough for sampling in tests; never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next01 = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => next01() * 256);
  return { next01, bytes };
}
