/**
 * Decimal digits as the double nearest to them, for readers of bytes: what `Number` answers for the
 * same digits, or nothing where that takes more than a few multiplications.
 */

/** Digits of which every number is a double. */
export const exactDigits = 15;
/** Further digits that `nearestDouble` takes. */
export const lowDigits = 4;
/** Powers of ten up to this are doubles. */
export const largestTens = 22;

export const powersOfTen = Float64Array.from({ length: largestTens + 1 }, (_, i) =>
  Number(`1e${i}`),
);

const splitter = 2 ** 27 + 1;
const lowScale = 10 ** lowDigits;
/** Far above the error of the quotient below, which is under 2^-102 of it. */
const doubt = 2 ** -98;

/**
 * (high × 10⁴ + low) / 10^tens, for `high` of at most 15 digits, `low` of at most four and `tens`
 * from 0 to 22. NaN when it is too close to the middle of two doubles to say which is nearest. The
 * quotient is taken in two parts (Dekker 1971), the second far smaller than half a unit of the
 * first's last place.
 */
export function nearestDouble(high: number, low: number, tens: number): number {
  const product = high * lowScale;
  const upper = splitter * high - (splitter * high - high);
  const productRest = upper * lowScale - product + (high - upper) * lowScale;
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
