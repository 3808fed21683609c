/**
 * Durable work with leases, kept in the metadata store. A worker that dies loses its lease and the
 * item is claimed again, so every worker must be idempotent.
 */
import type { Outcome } from '../../kernel/outcome.ts';

export interface WorkItem<Payload> extends Lease {
  readonly payload: Payload;
  readonly dueAtMs: number;
}

/** What a worker shows to say that it is the one who has the item; a claimed item is its lease. */
export interface Lease {
  readonly id: string;
  /** How often it was claimed, this time included. */
  readonly attempt: number;
  readonly holder: string;
}

export interface WorkQueue<Payload> {
  /** False when an item with this id is already there: enqueueing twice is harmless. */
  enqueue(id: string, payload: Payload, dueAtMs: number): Promise<boolean>;
  /** The oldest due items nobody holds, leased to the caller until `nowMs + leaseMs`. */
  claim(nowMs: number, options: ClaimOptions): Promise<readonly WorkItem<Payload>[]>;
  /** Refused when the lease was lost meanwhile. */
  renew(lease: Lease, nowMs: number, leaseMs: number): Promise<Outcome<void>>;
  /** Done: the item goes. Refused when the lease was lost meanwhile. */
  complete(lease: Lease): Promise<Outcome<void>>;
  /**
   * Gives the item back as if it had not been claimed, from `dueAtMs` on; nothing when the lease
   * was lost.
   */
  release(lease: Lease, dueAtMs: number): Promise<void>;
  /** Removes it whoever holds it. */
  cancel(id: string): Promise<void>;
  /**
   * Ends every lease there is, so that the items can be claimed at once: for a process that knows
   * itself the only one on the store, at its start.
   */
  endLeases(): Promise<void>;
  /** When the next item can be claimed; `Infinity` when there is none. */
  nextDueMs(): Promise<number>;
}

export interface ClaimOptions {
  readonly leaseMs: number;
  readonly limit: number;
  /** Who claims: the same holder may claim its own expired items again. */
  readonly holder: string;
}
