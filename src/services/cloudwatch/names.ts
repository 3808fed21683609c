/** Names of metrics as requests have them: checked, and in the form the engines use. */
import type { Dimension as WireDimension } from '@aws-sdk/client-cloudwatch';
import { alignStart } from '../../engines/series/levels.ts';
import type { Dimension } from '../../engines/series/recorder.ts';
import { secondMs } from '../../kernel/clock.ts';
import { faults } from './faults.ts';

const maxDimensions = 30;
const printableAscii = /^[\x20-\x7e]*$/;

/** `at` is where the list stands in the request, as refusals name it. */
export function dimensionsOf(
  dimensions: readonly WireDimension[] | undefined,
  at: string,
): readonly Dimension[] {
  if (!dimensions) return [];
  if (dimensions.length > maxDimensions) throw faults.tooMany(at, maxDimensions);
  const seen = new Set<string>();
  return dimensions.map(({ Name: name = '', Value: value = '' }, i) => {
    const member = `${at}.member.${i + 1}`;
    if (name.trim() === '' || name.startsWith(':')) throw faults.badValue(name, `${member}.Name`);
    if (value.trim() === '') throw faults.badValue(value, `${member}.Value`);
    for (const [what, text] of Object.entries({ Name: name, Value: value })) {
      if (printableAscii.test(text)) continue;
      throw faults.invalidValue(
        `The parameter ${member}.${what} must contain only printable ASCII characters.`,
      );
    }
    if (seen.has(name)) {
      throw faults.invalidValue(`The parameter ${at} has the dimension ${name} more than once.`);
    }
    seen.add(name);
    return { name, value };
  });
}

/** Refuses what could not be stored or listed again. */
export function checkText(text: string, parameter: string): void {
  // Half a surrogate pair cannot be stored as UTF-8.
  if (/[\p{Cc}\p{Cs}]/u.test(text)) {
    throw faults.invalidValue(`The parameter ${parameter} must not contain control characters.`);
  }
}

export function isPeriod(seconds: number): boolean {
  return [1, 5, 10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0);
}

export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** The range as points are made from it, its start rounded down as the original does. */
export function alignedRange(range: TimeRange, periodSeconds: number, nowMs: number): TimeRange {
  const startMs = Math.max(0, alignStart(range.startMs, periodSeconds, nowMs));
  return { startMs, endMs: range.endMs };
}

export function pointsIn({ startMs, endMs }: TimeRange, periodSeconds: number): number {
  return Math.ceil((endMs - startMs) / (periodSeconds * secondMs));
}
