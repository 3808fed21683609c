/** The patterns of a model, compiled when first used. */
import type { StringType } from '../model/types.ts';

/** Longest text a pattern is run on, so that its cost is bounded. */
const usualCharacters = 64 * 1024;
/** Of types whose own limit is longer: as long as policies may be. */
const mostCharacters = 128 * 1024;

const compiled = new WeakMap<StringType, RegExp>();

/** Whether the whole text matches. Texts beyond the limit do not. */
export function matches(type: StringType, text: string): boolean {
  const longest = Math.max(usualCharacters, Math.min(type.max ?? 0, mostCharacters));
  if (text.length > longest) return false;
  const known = compiled.get(type);
  if (known) return known.test(text);
  const made = new RegExp(`^(?:${type.source ?? type.pattern ?? ''})$`, 'u');
  compiled.set(type, made);
  return made.test(text);
}
