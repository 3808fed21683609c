/**
 * One-time codes of devices by time: RFC 6238 with SHA-1, steps of 30 s and 6 digits, which is what
 * every authenticator app takes. Pure: what was accepted is remembered by `mfa.ts`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../kernel/random.ts';
import type { MfaDeviceRow } from './rows.ts';

export const stepMs = 30_000;
const digits = 6;
/** 160 bits, as RFC 4226 (4, R6) recommends. */
const seedBytes = 20;
/** Steps that a code may be early or late, beside the drift that is known of the device. */
const toleranceSteps = 1;
/** Five minutes: how far off a device's clock may be when it is enabled or brought in step. */
const searchSteps = 10;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What the seed of a device is bound to where it is sealed. */
export function sealedSeedContext(serial: string): Readonly<Record<string, string>> {
  return { collection: 'identity/mfa-devices', serial };
}

/** Base32 without padding, as devices take it. `random` must be fit for keys. */
export function newSeed(random: Random): string {
  return encodeBase32(random.bytes(seedBytes));
}

/** What a QR code says to an authenticator app; `label` is `DEVICE@ACCOUNT`. */
export function uriOf(label: string, seed: string): string {
  return `otpauth://totp/${encodeURIComponent(label)}?secret=${seed}`;
}

export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / stepMs);
}

/** The code of one step. `seed` is base32. RFC 4226 (5.3), RFC 6238 (4.2). */
export function codeAt(seed: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', decodeBase32(seed)).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** What a device remembers of the codes it gave. */
export type DeviceTime = Pick<MfaDeviceRow, 'lastStep' | 'driftSteps'>;

/**
 * The step whose code this is, if it may still be used: within the tolerance around the device's
 * time and later than the last one that was accepted. Changes nothing.
 */
export function peekCode(
  seed: string,
  code: string,
  { device, nowMs }: { readonly device: DeviceTime; readonly nowMs: number },
): number | undefined {
  const middle = stepAt(nowMs) + (device.driftSteps ?? 0);
  let found: number | undefined;
  // Every step is compared, whichever matches, so that the time taken tells nothing.
  for (let step = middle - toleranceSteps; step <= middle + toleranceSteps; step += 1) {
    const usable = step > (device.lastStep ?? -1) && step >= 0;
    if (sameCode(codeAt(seed, Math.max(0, step)), code) && usable) found ??= step;
  }
  return found;
}

/**
 * What two codes of successive steps say of a device's clock, when it is enabled or brought in step
 * again. Undefined when they are not two in a row, or not later than what was accepted before.
 */
export function consecutiveCodes(
  seed: string,
  codes: readonly [string, string],
  { nowMs, lastStep = -1 }: { readonly nowMs: number; readonly lastStep?: number | undefined },
): Required<DeviceTime> | undefined {
  const now = stepAt(nowMs);
  let found: number | undefined;
  for (let second = now - searchSteps; second <= now + searchSteps; second += 1) {
    if (second - 1 <= lastStep || second < 1) continue;
    const first = sameCode(codeAt(seed, second - 1), codes[0]);
    if (sameCode(codeAt(seed, second), codes[1]) && first) found ??= second;
  }
  if (found === undefined) return undefined;
  // A code typed as it ran out is no drift.
  const apart = found - now;
  return { lastStep: found, driftSteps: Math.abs(apart) <= toleranceSteps ? 0 : apart };
}

function sameCode(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      text += alphabet[(held >> heldBits) & 31];
    }
    held &= (1 << heldBits) - 1;
  }
  return heldBits === 0 ? text : text + alphabet[(held << (5 - heldBits)) & 31];
}

function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const letter of text) {
    held = (held << 5) | alphabet.indexOf(letter);
    heldBits += 5;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes.push((held >> heldBits) & 255);
    held &= (1 << heldBits) - 1;
  }
  return Buffer.from(bytes);
}
