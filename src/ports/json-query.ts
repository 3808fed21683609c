/** Picks parts of JSON documents by an expression: JMESPath, or the simple paths of JSONPath. */
import type { Outcome } from '../kernel/outcome.ts';

export interface JsonQuery {
  /**
   * Refused with the place and the reason when the expression is malformed. What the compiled
   * expression picks is `null` where the document has nothing there; it never throws.
   * `$.a[0].b` (JSONPath: members, indices and `[*]`) means the same as `a[0].b`.
   */
  compile(expression: string): Outcome<(document: unknown) => unknown>;
}
