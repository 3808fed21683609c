/** Texts with `*` for any run of characters; `\*` and `\\` stand for themselves. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** Literal runs between the wildcards: one more than there are wildcards. */
export function parseWildcard(text: string): Outcome<readonly string[]> {
  const runs: string[] = [];
  let run = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (char === '\\') {
      const next = text[i + 1] ?? '';
      if (next !== '*' && next !== '\\') return refuse(`Invalid escape character at pos ${i}`);
      run += next;
      i += 1;
    } else if (char === '*') {
      if (text[i + 1] === '*') return refuse(`Consecutive wildcard characters at pos ${i}`);
      runs.push(run);
      run = '';
    } else {
      run += char;
    }
  }
  return ok([...runs, run]);
}

/** Each run is looked for as early as possible; the first and last are anchored. */
export function matchesRuns(runs: readonly string[], text: string): boolean {
  const [first = '', ...rest] = runs;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const run of rest) {
    const at = text.indexOf(run, from);
    if (at === -1 || at + run.length > end) return false;
    from = at + run.length;
  }
  return from <= end && text.endsWith(last);
}
