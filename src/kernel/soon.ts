/**
 * Values that are nearly always there already. Awaiting what is no promise makes one and goes
 * through the queue of microtasks all the same, which on a busy path costs more than the work: such
 * a path asks first. Not for rare work, which is `async` as ever.
 */

/** May throw instead of rejecting. */
export type Soon<T> = T | Promise<T>;

export function isPromise<T>(value: Soon<T>): value is Promise<T> {
  return value instanceof Promise;
}
