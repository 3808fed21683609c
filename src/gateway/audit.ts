/** What the gateway tells the trail of an invocation, when somebody wants to know. */
import type { Scope } from '../kernel/arn.ts';
import type { Caller } from '../kernel/caller.ts';
import type { Check } from '../kernel/check.ts';
import { faults } from '../wire/faults.ts';
import type { Fault, TlsFacts } from '../wire/operation.ts';

/** An invocation whose signature holds; whether it is allowed is not decided yet. */
export interface Invoked {
  readonly action: 'InvokeEndpoint' | 'InvokeEndpointWithResponseStream';
  readonly endpointName: string;
  readonly requestId: string;
  readonly scope: Scope;
  readonly caller: Caller;
  readonly check: Check;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceAddress?: string;
  readonly tls?: TlsFacts;
}

/** Undefined when nobody wants a record of it. */
export type InvocationAudit = (invoked: Invoked) => InvocationRecord | undefined;

export interface InvocationRecord {
  /** False when a record could not be kept: the invocation is refused before it runs. */
  canRecord(): boolean | Promise<boolean>;
  /** Awaited before the answer leaves; rejects with a `Fault` when it cannot be kept. */
  record(fault?: Fault): Promise<void>;
}

/** The one record of an invocation: what comes after the first `done` is not told again. */
export interface OneRecord {
  /** Throws the `Fault` of an invocation that could not be recorded. */
  mustBePossible(): Promise<void> | undefined;
  done(fault?: Fault): Promise<void>;
}

export function oneRecord(wanted: InvocationRecord): OneRecord {
  let told = false;
  return {
    mustBePossible() {
      const possible = wanted.canRecord();
      return possible === true ? undefined : mustBe(possible);
    },
    done(fault) {
      if (told) return nothing;
      told = true;
      return wanted.record(fault);
    },
  };
}

const nothing = Promise.resolve();

async function mustBe(possible: boolean | Promise<boolean>): Promise<void> {
  if (!(await possible)) throw faults.unaudited();
}
