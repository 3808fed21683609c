/** What examining a policy finds, and how its rules are written. No rules. */
import type { PolicyDocument, PolicyUse, Position, Statement } from './types.ts';

/**
 * `error`: the policy cannot do what it says. `security`: it lets in more than it seems to.
 * `warning`: it may not do what was meant. `suggestion`: it can be simpler.
 */
export type Severity = 'error' | 'security' | 'warning' | 'suggestion';

export interface Finding {
  readonly severity: Severity;
  /** `PASS_ROLE_WITH_STAR_IN_RESOURCE`, …: the original's code where it has one. */
  readonly code: string;
  readonly message: string;
  /** Index of the statement; undefined for what is about the document. */
  readonly statement?: number;
  /** Where the statement starts, or the document. */
  readonly position: Position;
  /** A page that says more. */
  readonly learn: string;
}

export interface Draft {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
}

export interface Examined {
  readonly document: PolicyDocument;
  readonly use: PolicyUse;
  /** The account that the policy is for: its own root is no stranger. */
  readonly account?: string;
}

/** What a rule says of one statement. */
export type Rule = (statement: Statement, about: Examined) => Iterable<Draft>;

/** Lists in messages name this many. */
const mostNamed = 3;

export function named(texts: readonly string[]): string {
  const more = texts.length - mostNamed;
  const shown = texts.slice(0, mostNamed).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

export function hasVariable(text: string): boolean {
  return text.includes('${');
}

/** Whether the statement looks at one of these keys, whatever it asks of them. */
export function looksAt(statement: Statement, keys: readonly string[]): boolean {
  return statement.conditions.some(({ key }) => keys.includes(key.toLowerCase()));
}
