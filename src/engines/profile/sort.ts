/**
 * Sorts doubles in place by the digits of their bits, faster than by comparing them: level 0 of a
 * sketch is sorted once for every 2,050 numbers of every column. Only the upper half of the bits is
 * looked at (sign, exponent, twenty bits of the fraction); insertion sets right what is left, and
 * where that is much, as among times of one day in milliseconds, the items are compared after all.
 */

const digits = 2_048;
/** Fewer than these, and more, are compared. */
const leastItems = 256;
const mostItems = 8_192;
/** Places moved by insertion, for each item, after which comparing is quicker. */
const movesPerItem = 16;

const low = new Uint32Array(digits);
const middle = new Uint32Array(digits);
const high = new Uint32Array(digits);
const source = new Float64Array(mostItems);
const sourceWords = new Uint32Array(source.buffer);
const [keysA, keysB] = [new Uint32Array(mostItems), new Uint32Array(mostItems)];
const [placesA, placesB] = [new Uint16Array(mostItems), new Uint16Array(mostItems)];
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Ascending, as `items.sort()`; there is no NaN and no -0 among them. */
export function sortNumbers(items: Float64Array): void {
  const length = items.length;
  if (length < leastItems || length > mostItems) {
    items.sort();
    return;
  }
  source.set(items);
  countDigits(sourceWords, keysA, length);
  scatterFirst({ keys: keysA, intoKeys: keysB, intoPlaces: placesB, starts: low }, length);
  scatterSecond(length);
  scatterLast(items, length);
  if (!insert(items, length)) items.sort();
}

/** Keys whose unsigned order is that of the upper words, and where each of their digits starts. */
function countDigits(words: Uint32Array, keys: Uint32Array, length: number): void {
  low.fill(0);
  middle.fill(0);
  high.fill(0);
  const upper = littleEndian ? 1 : 0;
  for (let i = 0; i < length; i += 1) {
    const word = words[2 * i + upper] as number;
    const key = (word ^ (-(word >>> 31) | 0x80000000)) >>> 0;
    keys[i] = key;
    low[key & 2_047] = (low[key & 2_047] as number) + 1;
    middle[(key >>> 11) & 2_047] = (middle[(key >>> 11) & 2_047] as number) + 1;
    high[key >>> 22] = (high[key >>> 22] as number) + 1;
  }
  let [a, b, c] = [0, 0, 0];
  for (let digit = 0; digit < digits; digit += 1) {
    const [inLow, inMiddle, inHigh] = [low[digit], middle[digit], high[digit]];
    low[digit] = a;
    middle[digit] = b;
    high[digit] = c;
    a += inLow as number;
    b += inMiddle as number;
    c += inHigh as number;
  }
}

interface Scatter {
  readonly keys: Uint32Array;
  readonly intoKeys: Uint32Array;
  readonly intoPlaces: Uint16Array;
  readonly starts: Uint32Array;
}

function scatterFirst({ keys, intoKeys, intoPlaces, starts }: Scatter, length: number): void {
  for (let i = 0; i < length; i += 1) {
    const key = keys[i] as number;
    const at = starts[key & 2_047] as number;
    starts[key & 2_047] = at + 1;
    intoKeys[at] = key;
    intoPlaces[at] = i;
  }
}

function scatterSecond(length: number): void {
  for (let i = 0; i < length; i += 1) {
    const key = keysB[i] as number;
    const digit = (key >>> 11) & 2_047;
    const at = middle[digit] as number;
    middle[digit] = at + 1;
    keysA[at] = key;
    placesA[at] = placesB[i] as number;
  }
}

function scatterLast(items: Float64Array, length: number): void {
  for (let i = 0; i < length; i += 1) {
    const digit = (keysA[i] as number) >>> 22;
    const at = high[digit] as number;
    high[digit] = at + 1;
    items[at] = source[placesA[i] as number] as number;
  }
}

/** False when it took too many moves and was given up; the items are all still there. */
function insert(items: Float64Array, length: number): boolean {
  let budget = movesPerItem * length;
  for (let i = 1; i < length; i += 1) {
    const item = items[i] as number;
    let at = i;
    while (at > 0 && (items[at - 1] as number) > item) {
      items[at] = items[at - 1] as number;
      at -= 1;
    }
    items[at] = item;
    budget -= i - at;
    if (budget < 0) return false;
  }
  return true;
}
