/**
 * How names and values of policies are brought to one case. ASCII and nothing else where a name is
 * meant: no letter of another script may become one of ours (the Kelvin sign is not a `k`).
 */

const upper = /[A-Z]/;

export function lowerAscii(text: string): string {
  return upper.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text;
}

/** For values compared without regard to case, in any script. */
export function foldCase(text: string): string {
  return text.replace(/[^\u0130\u212a]+/g, (run) => run.toLowerCase());
}

/**
 * The name under which a condition key is asked for: lower case, but what follows a slash, which is
 * the key of a tag, as it is written.
 */
export function keyName(written: string): string {
  const slash = written.indexOf('/');
  if (slash === -1) return lowerAscii(written);
  return lowerAscii(written.slice(0, slash)) + written.slice(slash);
}
