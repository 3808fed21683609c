/** A result whose failure is expected. Bugs throw; refusals are returned. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

export interface Refusal {
  readonly ok: false;
  readonly reason: string;
}

export function ok<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refuse(reason: string): Refusal {
  return { ok: false, reason };
}
