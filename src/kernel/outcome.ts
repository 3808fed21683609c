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

/** What a thrown value says, for a refusal. An error for several tries says what each said. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const each = cause instanceof AggregateError ? cause.errors.map(reasonOf).join('; ') : '';
  return cause.message || each || cause.name;
}
