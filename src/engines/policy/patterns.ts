/**
 * Texts with wildcards: `*` for any run of characters, `?` for any one. No regular expressions and
 * no backtracking past the last `*`: a hostile pattern costs no more than a search of the text, or
 * with `?` in it its length times the text's. A pattern is a list of pieces, so that what a
 * variable puts in is never a wildcard.
 */

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'run' }
  | { readonly kind: 'one' };

const run: Piece = { kind: 'run' };
const one: Piece = { kind: 'one' };

/** The pieces of a pattern as it is written. */
export function piecesOf(pattern: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const code = pattern.charCodeAt(at);
    if (code !== starCode && code !== questionCode) continue;
    if (at > from) pieces.push({ kind: 'text', text: pattern.slice(from, at) });
    pieces.push(code === starCode ? run : one);
    from = at + 1;
  }
  if (from < pattern.length) pieces.push({ kind: 'text', text: pattern.slice(from) });
  return pieces;
}

const starCode = 0x2a;
const questionCode = 0x3f;

/** A pattern made ready: plain data, so that trying many of them is one loop without calls. */
export type Glob =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact' | 'prefix'; readonly text: string }
  | { readonly kind: 'runs'; readonly runs: readonly string[] }
  | { readonly kind: 'codes'; readonly codes: Int32Array };

export function compileGlob(pieces: readonly Piece[]): Glob {
  const merged = mergedPieces(pieces);
  const [first, second] = merged;
  if (!first) return { kind: 'exact', text: '' };
  if (merged.length === 1 && first.kind === 'run') return { kind: 'any' };
  if (merged.length === 1 && first.kind === 'text') return { kind: 'exact', text: first.text };
  if (merged.length === 2 && first.kind === 'text' && second?.kind === 'run') {
    return { kind: 'prefix', text: first.text };
  }
  const ones = merged.some((piece) => piece.kind === 'one');
  if (ones) return { kind: 'codes', codes: codesOf(merged) };
  return { kind: 'runs', runs: runsOf(merged) };
}

export function globMatches(glob: Glob, text: string): boolean {
  switch (glob.kind) {
    case 'any':
      return true;
    case 'exact':
      return text.length === glob.text.length && startsWith(text, glob.text);
    case 'prefix':
      return startsWith(text, glob.text);
    case 'runs':
      return matchesRuns(glob.runs, text);
    case 'codes':
      return matchesCodes(glob.codes, text);
  }
}

/** The same as a function. */
export function glob(pieces: readonly Piece[]): (text: string) => boolean {
  const compiled = compileGlob(pieces);
  return (text) => globMatches(compiled, text);
}

/** The texts between the `*`: one more than there are of those. */
function runsOf(pieces: readonly Piece[]): readonly string[] {
  const runs = [''];
  for (const piece of pieces) {
    if (piece.kind === 'run') runs.push('');
    else if (piece.kind === 'text') runs[runs.length - 1] = piece.text;
  }
  return runs;
}

/** The first and the last are anchored; each of the others is found as early as it can be. */
function matchesRuns(runs: readonly string[], text: string): boolean {
  const first = runs[0] ?? '';
  const last = runs.at(-1) ?? '';
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (let i = 1; i < runs.length - 1; i += 1) {
    const sought = runs[i] ?? '';
    const at = text.indexOf(sought, from);
    if (at === -1 || at + sought.length > end) return false;
    from = at + sought.length;
  }
  return true;
}

/** From the end: names of one kind start alike. */
function startsWith(text: string, prefix: string): boolean {
  if (text.length < prefix.length) return false;
  for (let i = prefix.length - 1; i >= 0; i -= 1) {
    if (text.charCodeAt(i) !== prefix.charCodeAt(i)) return false;
  }
  return true;
}

/** Neighbouring texts become one; runs beside runs are one. */
function mergedPieces(pieces: readonly Piece[]): readonly Piece[] {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (piece.kind === 'run' && last?.kind === 'run') continue;
    if (piece.kind === 'text' && piece.text === '') continue;
    if (piece.kind === 'text' && last?.kind === 'text') {
      merged[merged.length - 1] = { kind: 'text', text: last.text + piece.text };
    } else {
      merged.push(piece);
    }
  }
  return merged;
}

const runCode = -1;
const oneCode = -2;

/** A code unit each, or a wildcard, which is negative. */
function codesOf(pieces: readonly Piece[]): Int32Array {
  const codes: number[] = [];
  for (const piece of pieces) {
    if (piece.kind === 'run') codes.push(runCode);
    else if (piece.kind === 'one') codes.push(oneCode);
    else for (let i = 0; i < piece.text.length; i += 1) codes.push(piece.text.charCodeAt(i));
  }
  return Int32Array.from(codes);
}

/**
 * Two pointers: on a mismatch the last run takes one character more. Earlier runs are never tried
 * again, for a longer one could not match more.
 */
function matchesCodes(codes: Int32Array, text: string): boolean {
  let at = 0;
  let next = 0;
  let lastRun = -1;
  let taken = 0;
  while (at < text.length) {
    const code = next < codes.length ? codes[next] : undefined;
    if (code === runCode) {
      lastRun = next;
      taken = at;
      next += 1;
    } else if (code === oneCode || code === text.charCodeAt(at)) {
      at += code === oneCode ? characterUnits(text, at) : 1;
      next += 1;
    } else if (lastRun !== -1) {
      taken += 1;
      at = taken;
      next = lastRun + 1;
    } else {
      return false;
    }
  }
  while (next < codes.length && codes[next] === runCode) next += 1;
  return next === codes.length;
}

/** One character may be two units of a JavaScript text. */
function characterUnits(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
