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

/** The JSON of a text. Most have nothing to escape, and looking is cheaper than serializing. */
export function quoted(text: string): string {
  return escaped.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** A quote, a backslash, a control, or half of a pair. */
const escaped = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** The same value, which can no longer be changed; JSON has no cycles. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
