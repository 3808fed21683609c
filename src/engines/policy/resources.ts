/**
 * Whether a resource is among those that a statement names. Case matters; a variable has its
 * meaning after the fifth colon and stands for itself before it.
 */
import { arnParts, matchesParts, splitArn } from './arns.ts';
import { compileGlob, type Glob, globMatches, piecesOf } from './patterns.ts';
import { type AskKey, compileTemplate, isFixed, type Matcher, templateOf } from './variables.ts';

/** An ARN, or `*`, which only the pattern `*` matches. */
export type MatchesResource = (resource: string, ask: AskKey) => boolean;

/** Whether any of the patterns matches. `variables`: whether the document has them. */
export function resourceMatcher(patterns: readonly string[], variables: boolean): MatchesResource {
  if (patterns.includes('*')) return () => true;
  const each = patterns.map((pattern) => compilePattern(pattern, variables));
  return (resource, ask) => {
    for (const pattern of each) {
      if (pattern.whole) {
        if (globMatches(pattern.whole, resource)) return true;
      } else if (pattern.parts) {
        const found = partsOf(resource);
        if (found && matchesParts(pattern.parts, found, ask)) return true;
      }
    }
    return false;
  };
}

/** One of the two. */
interface CompiledPattern {
  readonly whole: Glob | undefined;
  readonly parts: readonly Matcher[] | undefined;
}

function compilePattern(pattern: string, variables: boolean): CompiledPattern {
  const parts = [...(splitArn(pattern) ?? shortParts(pattern))];
  const last = templateOf(parts.pop() ?? '', { wildcards: true, variables });
  const before = parts.join(':');
  if (!/[*?]/.test(before) && isFixed(last)) {
    // The colons of the fixed part hold the parts in their places.
    const whole = compileGlob([{ kind: 'text', text: `${before}:` }, ...last]);
    return { whole, parts: undefined };
  }
  const matchers = [...parts.map((part) => compileGlob(piecesOf(part))), compileTemplate(last)];
  return { whole: undefined, parts: matchers };
}

/** What the original does with a pattern of fewer parts: the rest may be anything. */
function shortParts(pattern: string): readonly string[] {
  const parts = pattern.split(':');
  return [...parts, ...Array<string>(arnParts - parts.length).fill('*')];
}

let lastSplit = { resource: '', parts: splitArn('') };

/** One question is put to many statements: the last split is kept. */
function partsOf(resource: string): readonly string[] | undefined {
  if (lastSplit.resource !== resource) lastSplit = { resource, parts: splitArn(resource) };
  return lastSplit.parts;
}
