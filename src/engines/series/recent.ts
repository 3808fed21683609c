/** A map that forgets what was used longest ago once its weight passes a bound. */

export interface Recent<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, weight: number): void;
  delete(key: string): void;
}

export function makeRecent<Value>(maxWeight: number): Recent<Value> {
  const entries = new Map<string, { readonly value: Value; readonly weight: number }>();
  let heldWeight = 0;
  const remove = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return undefined;
    entries.delete(key);
    heldWeight -= entry.weight;
    return entry;
  };
  return {
    get(key) {
      const entry = remove(key);
      if (!entry) return undefined;
      entries.set(key, entry);
      heldWeight += entry.weight;
      return entry.value;
    },
    set(key, value, weight) {
      remove(key);
      entries.set(key, { value, weight });
      heldWeight += weight;
      for (const oldest of entries.keys()) {
        if (heldWeight <= maxWeight) break;
        remove(oldest);
      }
    },
    delete: (key) => void remove(key),
  };
}
