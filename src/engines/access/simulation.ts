/**
 * What policies would answer to a question nobody asked yet: the same decision as for a request,
 * over policies and condition keys that are given, with the keys that it wanted and did not get.
 */
import type { KeyValue } from '../../kernel/check.ts';
import { compilePolicy } from '../policy/compile.ts';
import { contextKeysOf } from '../policy/context-keys.ts';
import { decide } from '../policy/decide.ts';
import type {
  CompiledPolicy,
  Decision,
  PolicyDocument,
  PolicySets,
  PrincipalFacts,
  Question,
  SourcedPolicy,
} from '../policy/types.ts';

export interface SimulationInput {
  /** Policies of the caller. */
  readonly identity: readonly SourcedPolicy[];
  readonly boundary?: SourcedPolicy;
  /** The policy on the resource. */
  readonly resource?: SourcedPolicy;
  readonly caller: PrincipalFacts;
  /** `service:Action`. */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resourceArn: string;
  /** The account that owns the resource; the caller's when left out. */
  readonly owner?: string;
  /** Condition keys; the case of their names does not matter. */
  readonly keys: Readonly<Record<string, KeyValue>>;
}

export interface Simulated {
  readonly decision: Decision;
  /**
   * Names, as policies write them, of the keys that statements about this action and resource look
   * at and that were not given; each once, in order of the policies.
   */
  readonly missing: readonly string[];
}

/** Pure. Throws only for bugs. */
export function simulate(input: SimulationInput): Simulated {
  const { identity, boundary, resource, caller } = input;
  const given = lowerCased(input.keys);
  const question: Question = {
    action: input.action,
    resource: input.resourceArn,
    principal: caller,
    key: (name) => given.get(name.toLowerCase()),
  };
  const sets: PolicySets = {
    identity,
    ...(boundary ? { boundary } : {}),
    ...(resource ? { resource } : {}),
    owner: input.owner ?? caller.account,
    rule: 'beside',
  };
  const missing = new Map<string, string>();
  for (const { compiled } of [...identity, ...list(boundary), ...list(resource)]) {
    for (const written of relevantKeys(compiled, question)) {
      const name = written.toLowerCase();
      if (!given.has(name) && !missing.has(name)) missing.set(name, written);
    }
  }
  return { decision: decide(question, sets), missing: [...missing.values()] };
}

/** Of the statements that would apply if only their conditions held. */
function relevantKeys(compiled: CompiledPolicy, question: Question): readonly string[] {
  return bareStatements(compiled.document).flatMap(({ keys, bare }) => {
    // A variable that has no value makes a resource match nothing: then the key is wanted too.
    let wantedMore = false;
    const key = (name: string) => {
      const value = question.key(name);
      wantedMore ||= value === undefined;
      return value;
    };
    const { denies, allows } = bare.apply({ ...question, key });
    return denies.length + allows.length > 0 || wantedMore ? keys : [];
  });
}

interface BareStatement {
  /** That the statement looks at, as written. */
  readonly keys: readonly string[];
  /** A document of this statement alone, without its conditions. */
  readonly bare: CompiledPolicy;
}

const bareByDocument = new WeakMap<PolicyDocument, readonly BareStatement[]>();

/** Kept as long as the document is: one is asked about many actions and resources. */
function bareStatements(document: PolicyDocument): readonly BareStatement[] {
  const known = bareByDocument.get(document);
  if (known) return known;
  const made = document.statements.map((statement) => ({
    keys: contextKeysOf({ ...document, statements: [statement] }),
    bare: compilePolicy({ ...document, statements: [{ ...statement, conditions: [] }] }),
  }));
  bareByDocument.set(document, made);
  return made;
}

function lowerCased(keys: Readonly<Record<string, KeyValue>>): ReadonlyMap<string, KeyValue> {
  return new Map(Object.entries(keys).map(([name, value]) => [name.toLowerCase(), value]));
}

function list<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one];
}
