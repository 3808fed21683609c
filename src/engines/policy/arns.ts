/** ARNs and patterns of them: six parts, each matched alone. What one names is not known here. */
import { type AskKey, type Matcher, matcherMatches, type TemplatePiece } from './variables.ts';

export const arnParts = 6;

/** At the first five colons; undefined for what has fewer, which is no ARN. */
export function splitArn(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let i = 1; i < arnParts; i += 1) {
    const colon = text.indexOf(':', from);
    if (colon === -1) return undefined;
    parts.push(text.slice(from, colon));
    from = colon + 1;
  }
  parts.push(text.slice(from));
  return parts;
}

/** Each pattern over its part, so that `*` crosses a colon in the last part alone. */
export function matchesParts(
  patterns: readonly Matcher[],
  parts: readonly string[],
  ask: AskKey,
): boolean {
  // Last first: it is the one that tells resources apart.
  for (let i = arnParts - 1; i >= 0; i -= 1) {
    const pattern = patterns[i];
    const part = parts[i];
    if (!pattern || part === undefined || !matcherMatches(pattern, part, ask)) return false;
  }
  return true;
}

/** The template at its first five colons; colons in names of variables are none. */
export function arnTemplate(template: readonly TemplatePiece[]): readonly TemplatePiece[][] {
  let last: TemplatePiece[] = [];
  const parts = [last];
  for (const piece of template) {
    if (piece.kind !== 'text') {
      last.push(piece);
      continue;
    }
    let rest = piece.text;
    for (let colon = rest.indexOf(':'); colon !== -1 && parts.length < arnParts; ) {
      last.push({ kind: 'text', text: rest.slice(0, colon) });
      last = [];
      parts.push(last);
      rest = rest.slice(colon + 1);
      colon = rest.indexOf(':');
    }
    last.push({ kind: 'text', text: rest });
  }
  return parts;
}
