/** The patterns of a model, compiled when first used. */
import type { StringType } from '../model/types.ts';

/** Longest text a pattern is run on; no constrained member is longer, and its cost is bounded. */
const patternCharacters = 64 * 1024;

const compiled = new WeakMap<StringType, RegExp>();

/** Whether the whole text matches. Texts beyond the limit do not. */
export function matches(type: StringType, text: string): boolean {
  if (text.length > patternCharacters) return false;
  const known = compiled.get(type);
  if (known) return known.test(text);
  const made = new RegExp(`^(?:${type.source ?? type.pattern ?? ''})$`, 'u');
  compiled.set(type, made);
  return made.test(text);
}
