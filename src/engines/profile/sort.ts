/**
 * Sorts doubles in place by the digits of their bits, faster than by comparing them: level 0 of a
 * sketch is sorted once for every 2,050 numbers of every column. Of the upper half of the bits
 * (sign, exponent, twenty bits of the fraction) those are looked at, 22 of them, in which the items
 * differ most; insertion sets right what is left, and where that is much, as among numbers that
 * differ in the last bits only, the items are compared after all. Small whole numbers are counted.
 */

const digitBits = 11;
const digits = 1 << digitBits;
const digitMask = digits - 1;
const keyBits = 2 * digitBits;
/** Fewer than these, and more, are compared. */
const leastItems = 256;
const mostItems = 8_192;
/** Places moved by insertion, for each item, after which comparing is quicker. */
const movesPerItem = 16;

const low = new Uint32Array(digits);
const high = new Uint32Array(digits);
const source = new Float64Array(mostItems);
const sourceWords = new Uint32Array(source.buffer);
const keys = new Uint32Array(mostItems);
const [lowKeys, lowPlaces] = [new Uint16Array(mostItems), new Uint16Array(mostItems)];
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Ascending, as `items.sort()`; there is no NaN and no -0 among them. */
export function sortNumbers(items: Float64Array): void {
  const length = items.length;
  if (length < leastItems || length > mostItems) {
    items.sort();
    return;
  }
  if (countWhole(items)) return;
  source.set(items);
  makeKeys(length);
  countDigits(length);
  scatterLow(length);
  scatterHigh(items, length);
  if (!insert(items)) items.sort();
}

/** Whole numbers in a small range are only counted. False, and nothing done, for others. */
function countWhole(items: Float64Array): boolean {
  let least = items[0] as number;
  let largest = least;
  for (let i = 0; i < items.length; i += 1) {
    const item = items[i] as number;
    if (item !== (item | 0)) return false;
    if (item < least) least = item;
    if (item > largest) largest = item;
  }
  const range = largest - least + 1;
  if (range > digits) return false;
  low.fill(0, 0, range);
  for (let i = 0; i < items.length; i += 1) {
    const place = (items[i] as number) - least;
    low[place] = (low[place] as number) + 1;
  }
  let at = 0;
  for (let place = 0; place < range; place += 1) {
    const end = at + (low[place] as number);
    items.fill(least + place, at, end);
    at = end;
  }
  return true;
}

/** Keys of at most `keyBits` bits, whose order is that of the upper words, some of them equal. */
function makeKeys(length: number): void {
  const upper = littleEndian ? 1 : 0;
  let least = 0xffffffff;
  let largest = 0;
  for (let i = 0; i < length; i += 1) {
    const word = sourceWords[2 * i + upper] as number;
    const key = (word ^ ((word >> 31) | 0x80000000)) >>> 0;
    keys[i] = key;
    if (key < least) least = key;
    if (key > largest) largest = key;
  }
  const shift = Math.max(0, 32 - Math.clz32(largest - least) - keyBits);
  for (let i = 0; i < length; i += 1) keys[i] = ((keys[i] as number) - least) >>> shift;
}

/** Where each digit starts. */
function countDigits(length: number): void {
  low.fill(0);
  high.fill(0);
  for (let i = 0; i < length; i += 1) {
    const key = keys[i] as number;
    const inLow = key & digitMask;
    const inHigh = key >>> digitBits;
    low[inLow] = (low[inLow] as number) + 1;
    high[inHigh] = (high[inHigh] as number) + 1;
  }
  let [a, b] = [0, 0];
  for (let digit = 0; digit < digits; digit += 1) {
    const inLow = low[digit] as number;
    const inHigh = high[digit] as number;
    low[digit] = a;
    high[digit] = b;
    a += inLow;
    b += inHigh;
  }
}

function scatterLow(length: number): void {
  for (let i = 0; i < length; i += 1) {
    const key = keys[i] as number;
    const digit = key & digitMask;
    const at = low[digit] as number;
    low[digit] = at + 1;
    lowKeys[at] = key >>> digitBits;
    lowPlaces[at] = i;
  }
}

function scatterHigh(items: Float64Array, length: number): void {
  for (let i = 0; i < length; i += 1) {
    const digit = lowKeys[i] as number;
    const at = high[digit] as number;
    high[digit] = at + 1;
    items[at] = source[lowPlaces[i] as number] as number;
  }
}

/** False when it took too many moves and was given up; the items are all still there. */
function insert(items: Float64Array): boolean {
  let budget = movesPerItem * items.length;
  let before = items[0] as number;
  for (let i = 1; i < items.length; i += 1) {
    const item = items[i] as number;
    if (before <= item) {
      before = item;
      continue;
    }
    let at = i;
    do {
      items[at] = items[at - 1] as number;
      at -= 1;
    } while (at > 0 && (items[at - 1] as number) > item);
    items[at] = item;
    budget -= i - at;
    if (budget < 0) return false;
  }
  return true;
}
