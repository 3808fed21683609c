/**
 * Programs of the operator's that are called with an event and answer with a value: a file in
 * Python or JavaScript whose handler takes `(event, context)`. Each call is a process of its own,
 * bounded in time and memory. Not a service: which functions there are is configuration.
 */
import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from './metadata-store.ts';

export interface FunctionCall extends Abortable {
  /** The name it is configured under. */
  readonly name: string;
  readonly event: object;
  /** Beside the function's own: endpoint address, region, credentials. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Each line the program prints. */
  readonly say?: (line: string) => void;
}

export interface Functions {
  has(name: string): boolean;
  /**
   * What the handler answered, as JSON. Refused, with the reason for people, when there is no such
   * function, when it raised, ended, answered no JSON, or was killed for its bounds.
   */
  call(call: FunctionCall): Promise<Outcome<unknown>>;
  /** The role whose credentials it is given; undefined: none. */
  roleOf(name: string): string | undefined;
}
