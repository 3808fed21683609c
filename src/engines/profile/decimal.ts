/**
 * Decimal digits as the double nearest to them, for readers of bytes: what `Number` answers for the
 * same digits, or nothing where that takes more than a few multiplications.
 */

/** Digits that are read at a time. */
export const groupDigits = 9;
export const groupScale = 10 ** groupDigits;

/** Powers of ten up to this are doubles. */
const largestTens = 22;
const powersOfTen = Float64Array.from({ length: largestTens + 1 }, (_, i) => Number(`1e${i}`));

const splitter = 2 ** 27 + 1;
/** Far above the error of the quotient below, which is under 2^-102 of it. */
const doubt = 2 ** -98;

/**
 * The number of which `tens` digits stand behind the point: `low` is the last group of them, of
 * one to nine digits, and `high` what stands before it. `tens` is from 1 to 18, and `high` a group
 * and more only when it is above nine. NaN when that is too close to the middle of two doubles, or
 * `high` is no safe integer.
 */
export function decimal(high: number, low: number, tens: number): number {
  const digits = tens > groupDigits ? tens - groupDigits : tens;
  const whole = high * (powersOfTen[digits] as number) + low;
  if (whole <= Number.MAX_SAFE_INTEGER) return whole / (powersOfTen[tens] as number);
  if (high > Number.MAX_SAFE_INTEGER) return Number.NaN;
  const rest = groupDigits - digits;
  return nearestDouble(high, low * (powersOfTen[rest] as number), tens + rest);
}

/**
 * (high × 10⁹ + low) / 10^tens, for `high` up to 2^53, `low` below 10⁹ and `tens` from 0 to 22.
 * NaN when it is too close to the middle of two doubles to say which is nearest. The quotient is
 * taken in two parts (Dekker 1971), the second far smaller than half a unit of the first's last
 * place.
 */
export function nearestDouble(high: number, low: number, tens: number): number {
  const product = high * groupScale;
  const upper = splitter * high - (splitter * high - high);
  const productRest = upper * groupScale - product + (high - upper) * groupScale;
  const whole = product + low;
  const added = whole - product;
  const wholeRest = product - (whole - added) + (low - added) + productRest;
  const divisor = powersOfTen[tens] as number;
  const quotient = whole / divisor;
  const quotientUpper = splitter * quotient - (splitter * quotient - quotient);
  const quotientLower = quotient - quotientUpper;
  const divisorUpper = splitter * divisor - (splitter * divisor - divisor);
  const divisorLower = divisor - divisorUpper;
  const back = quotient * divisor;
  const backRest =
    quotientUpper * divisorUpper -
    back +
    quotientUpper * divisorLower +
    quotientLower * divisorUpper +
    quotientLower * divisorLower;
  const rest = (whole - back - backRest + wholeRest) / divisor;
  const slack = quotient * doubt;
  const nearest = quotient + (rest - slack);
  return nearest === quotient + (rest + slack) ? nearest : Number.NaN;
}
