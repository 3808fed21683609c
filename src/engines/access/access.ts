/**
 * Whether a caller may do a thing: the question that every call, every job and every delivery
 * asks. The contract; `authorizer.ts` answers it.
 */
import type { Caller } from '../../kernel/caller.ts';
import type { Check, RequestFacts } from '../../kernel/check.ts';
import type { Outcome } from '../../kernel/outcome.ts';

export interface Access {
  /** Undefined when it may. Fails closed: what cannot be evaluated is refused. */
  refusalOf(check: Check, asking: Asking): Promise<AccessRefusal | undefined>;
  /**
   * Whether it is known without reading anything that it may, which is so for nearly all that
   * callers ask for again. False says nothing: then ask for the refusal.
   */
  mayAlready?(check: Check, caller: Caller): boolean;
  /**
   * The caller that a service becomes when it takes a role over for a job or a model. Refused when
   * there is no such role, or when its trust policy does not let the service in.
   */
  assumedBy(service: ServiceRole): Promise<Outcome<Caller>>;
}

export interface Asking {
  readonly caller: Caller;
  readonly facts: RequestFacts;
}

export interface AccessRefusal {
  readonly effect: 'explicitDeny' | 'implicitDeny';
  /**
   * In Amazon's words: `User: ARN is not authorized to perform: ACTION on resource: ARN because no
   * identity-based policy allows the ACTION action`.
   */
  readonly message: string;
  /** What was decided and why, as JSON, for DecodeAuthorizationMessage; holds no secret. */
  readonly details: string;
}

export interface ServiceRole {
  readonly roleArn: string;
  /** `sagemaker.amazonaws.com`, … */
  readonly service: string;
  readonly sessionName: string;
  /** For `aws:SourceArn` in the trust policy: what the service acts for. */
  readonly sourceArn?: string;
  readonly account: string;
}
