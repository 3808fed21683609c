/** What was read from the store, kept until the next write to identities, within a bound. */
import type { IdentitySpace } from '../identity/space.ts';

export type Memo<T> = (key: string, read: () => Promise<T>) => Promise<T>;

/** Past `most` all of it goes. What was read while something was written is not kept. */
export function makeMemo<T>(space: Pick<IdentitySpace, 'generation'>, most: number): Memo<T> {
  let kept = new Map<string, T>();
  let keptAt = space.generation();
  return async (key, read) => {
    if (keptAt !== space.generation()) {
      kept = new Map();
      keptAt = space.generation();
    }
    const into = kept;
    const found = into.get(key);
    if (found !== undefined) return found;
    const value = await read();
    if (into.size >= most) into.clear();
    // A write since then has replaced the map, or will before it is asked.
    into.set(key, value);
    return value;
  };
}
