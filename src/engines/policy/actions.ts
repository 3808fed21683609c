/** Whether an action is among those that a statement names; case does not matter. */
import { compileGlob, type Glob, globMatches, piecesOf } from './patterns.ts';
import { lowerAscii } from './text.ts';

export type Matches = (text: string) => boolean;

/** Takes the action in lower case. A `*` does not cross the colon, unless it is all there is. */
export function actionMatcher(patterns: readonly string[]): Matches {
  if (patterns.some((pattern) => pattern === '*')) return () => true;
  const each = patterns.map(oneMatcher);
  return (action) => each.some((matches) => matches(action));
}

function oneMatcher(pattern: string): Matches {
  const lower = lowerAscii(pattern);
  const colon = lower.indexOf(':');
  const service = compileGlob(piecesOf(colon === -1 ? lower : lower.slice(0, colon)));
  let name: Glob | undefined;
  return (action) => {
    const at = action.indexOf(':');
    if (at === -1 || colon === -1 || !globMatches(service, action.slice(0, at))) return false;
    // Most are never asked about an action of their service.
    name ??= compileGlob(piecesOf(lower.slice(colon + 1)));
    return globMatches(name, action.slice(at + 1));
  };
}
