/**
 * What a call needs permission for, as plain data. Operations declare checks; whether one passes is
 * decided by the rules of policies elsewhere.
 */

/** Of condition keys: an array is a key of many values. An instant is in milliseconds. */
export type KeyValue = string | number | boolean | Uint8Array | readonly string[];

export interface Check {
  /** `service:Action`, as policies name it. */
  readonly action: string;
  /** An ARN, or `*` for an action that is about no single resource. */
  readonly resource: string;
  /** Condition keys beyond those of every request, lower-case names (tag keys keep their case). */
  readonly keys?: Readonly<Record<string, KeyValue>>;
  /** The account that owns the resource; the caller's when left out. */
  readonly owner?: string;
  /** The policy document on the resource itself, if it has one. */
  readonly resourcePolicy?: () => Promise<string | undefined>;
  /** Asked only when a policy that applies looks at `aws:ResourceTag`. */
  readonly resourceTags?: () => Promise<Readonly<Record<string, string>>>;
  /**
   * One of many that the call is about, by this name: when it is refused the call goes on without
   * it (`Call.refused`), as in the deletion of many objects. Without it the call is refused.
   */
  readonly item?: string;
  /**
   * How the resource's policy counts. `beside` (unless said): it or the caller's own policies
   * suffice. `trust` and `key`: it must itself allow the caller, or the account.
   */
  readonly rule?: 'beside' | 'trust' | 'key';
}

/** What is true of the request itself, whatever it asks for. */
export interface RequestFacts {
  readonly nowMs: number;
  readonly region: string;
  /** The client's address as the socket says; absent for calls that no request made. */
  readonly sourceAddress?: string;
  readonly userAgent?: string;
  readonly referer?: string;
  /** Whether it came over TLS. */
  readonly secure: boolean;
}
