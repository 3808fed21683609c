/**
 * A device that holds a key which never leaves it: a token or a hardware security module. Small
 * secrets are wrapped by the device itself.
 */
import type { Outcome } from '../kernel/outcome.ts';

export interface KeyDevice {
  /** Makes the key unless there is one; refused when the device will not. */
  ensureKey(): Promise<Outcome<void>>;
  /** AES-256-GCM; `binding` is authenticated and must be given again. */
  wrap(secret: Uint8Array, binding: Uint8Array): Promise<Outcome<Uint8Array>>;
  /** Refused with the reason: no key, another key, damage. */
  unwrap(wrapped: Uint8Array, binding: Uint8Array): Promise<Outcome<Uint8Array>>;
  close(): Promise<void>;
}

/** Which key of which device, and what opens it. */
export interface DeviceKey {
  /** The device's library, which runs in this process: never taken from stored data. */
  readonly module: string;
  readonly token: string;
  readonly key: string;
  readonly pin: string;
}

/** Refused when the device, its token or its driver is not there, or the PIN is wrong. */
export type OpenKeyDevice = (of: DeviceKey) => Promise<Outcome<KeyDevice>>;
