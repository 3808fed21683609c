/** JSON for messages. */

/** What is nested too deep to be written, and can only have been read, is told by that. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch (cause) {
    if (cause instanceof RangeError) return 'nested too deep to be shown';
    throw cause;
  }
}

/** The same value, which can no longer be changed; JSON has no cycles. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
