/**
 * Wildcard patterns compared with each other: whether two can match the same text, and whether one
 * matches all that another does. Matching texts is not done here.
 */

/** Longer patterns are not compared: the work is the product of the two lengths. */
const longestCompared = 2_048;

/** Whether some text matches both. True, too, for patterns too long to compare. */
export function mayBothMatch(a: string, b: string): boolean {
  if (differEarly(a, b)) return false;
  if (a.length > longestCompared || b.length > longestCompared) return true;
  // reach[j]: the first i characters of `a` and the first j of `b` can match the same text.
  let reach = new Array<boolean>(b.length + 1).fill(false);
  reach[0] = true;
  for (let j = 1; j <= b.length; j += 1) reach[j] = reach[j - 1] === true && b[j - 1] === '*';
  for (let i = 1; i <= a.length; i += 1) {
    const before = reach;
    const x = a[i - 1];
    reach = [before[0] === true && x === '*'];
    for (let j = 1; j <= b.length; j += 1) {
      const y = b[j - 1];
      const star = x === '*' || y === '*';
      const same = x === y || x === '?' || y === '?';
      const passed = before[j] === true || reach[j - 1] === true;
      reach[j] = star ? passed : same && before[j - 1] === true;
    }
  }
  return reach[b.length] === true;
}

/** Most pairs differ before the first wildcard of either. */
function differEarly(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) {
    const x = a[i];
    const y = b[i];
    if (x === '*' || y === '*' || x === '?' || y === '?') return false;
    if (x !== y) return true;
  }
  return false;
}

/** Whether `wide` surely matches whatever `narrow` does, whose wildcards stand for any text. */
export function covers(wide: string, narrow: string): boolean {
  let i = 0;
  let j = 0;
  let star = -1;
  let from = 0;
  while (j < narrow.length) {
    const x = wide[i];
    const y = narrow[j];
    if (x === '*') {
      star = i;
      from = j;
      i += 1;
    } else if (x === y || (x === '?' && y !== '*')) {
      i += 1;
      j += 1;
    } else if (star >= 0) {
      from += 1;
      i = star + 1;
      j = from;
    } else return false;
  }
  while (wide[i] === '*') i += 1;
  return i === wide.length;
}
