/**
 * Policy documents made ready for many questions: patterns are taken apart once, and which
 * statements are about an action is looked up. How the answers of several policies add up is
 * decided in `decide.ts`.
 */
import { assert } from '../../kernel/assert.ts';
import { actionMatcher, type Matches } from './actions.ts';
import { compileCondition, type Holds, isOperator } from './conditions.ts';
import { contextKeysOf } from './context-keys.ts';
import { exceptionMatcher, type NamesCaller, principalMatcher } from './principals.ts';
import { resourceMatcher } from './resources.ts';
import { keyName, lowerAscii } from './text.ts';
import type {
  Applied,
  CompiledPolicy,
  NamedAs,
  PolicyDocument,
  Question,
  Statement,
} from './types.ts';
import type { AskKey } from './variables.ts';

/** Actions whose statements one policy remembers; past it, it starts anew. */
const rememberedActionsLimit = 256;

const nothing: Applied = { denies: [], allows: [], namedAs: [] };

/** Throws (a bug) for a document with an operator that does not exist, which is never parsed. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const statements = document.statements.map((statement) => compileStatement(statement, document));
  let keys: ReadonlySet<string> | undefined;
  const remembered = new Map<string, readonly Ready[]>();

  function about(action: string): readonly Ready[] {
    const found = remembered.get(action);
    if (found) return found;
    const lower = lowerAscii(action);
    const named = statements.filter((statement) => statement.isAbout(lower));
    const made = named.map((statement) => statement.ready());
    if (remembered.size >= rememberedActionsLimit) remembered.clear();
    remembered.set(action, made);
    return made;
  }

  return {
    document,
    apply: (question) => applied(about(question.action), question),
    get keys() {
      keys ??= new Set(contextKeysOf(document).map(keyName));
      return keys;
    },
  };
}

interface Compiled {
  isAbout: Matches;
  /** The rest is taken apart when an action that it is about is first asked for: few ever are. */
  ready(): Ready;
}

interface Ready {
  readonly index: number;
  readonly denies: boolean;
  /** As what the caller is named; absent where policies name none. */
  readonly names: ((question: Question) => NamedAs | undefined) | undefined;
  /** Whether it is about the resource. */
  covers: (resource: string, ask: AskKey) => boolean;
  readonly conditions: readonly Holds[];
}

function compileStatement(statement: Statement, { version }: PolicyDocument): Compiled {
  const { actions, notActions = [], conditions } = statement;
  for (const { operator } of conditions) assert(isOperator(operator), `operator ${operator}`);
  const named = actionMatcher(actions ?? notActions);
  let ready: Ready | undefined;
  return {
    isAbout: actions ? named : (action) => !named(action),
    ready() {
      ready ??= readied(statement, version === '2012-10-17');
      return ready;
    },
  };
}

function readied(statement: Statement, variables: boolean): Ready {
  const { index, effect, resources, notResources, conditions } = statement;
  return {
    index,
    denies: effect === 'Deny',
    names: callerMatcher(statement),
    covers: coverage(resources, notResources, variables),
    conditions: conditions.map((each) => compileCondition(each, variables)),
  };
}

function coverage(
  resources: readonly string[] | undefined,
  notResources: readonly string[] | undefined,
  variables: boolean,
): Ready['covers'] {
  if (resources) return resourceMatcher(resources, variables);
  if (!notResources) return () => true;
  const excepted = resourceMatcher(notResources, variables);
  return (resource, ask) => !excepted(resource, ask);
}

function callerMatcher({ principals, notPrincipals }: Statement): Ready['names'] {
  if (principals) {
    const names: NamesCaller = principalMatcher(principals);
    return ({ principal }) => names(principal);
  }
  if (!notPrincipals) return undefined;
  const excepts = exceptionMatcher(notPrincipals);
  return ({ principal }) => (excepts(principal) ? undefined : 'everybody');
}

function applied(statements: readonly Ready[], question: Question): Applied {
  let denies: number[] | undefined;
  let allows: number[] | undefined;
  let namedAs: NamedAs[] | undefined;
  for (const statement of statements) {
    const name = nameIfApplies(statement, question);
    if (name === undefined) continue;
    if (statement.denies) {
      denies ??= [];
      denies.push(statement.index);
      continue;
    }
    allows ??= [];
    allows.push(statement.index);
    if (name === '') continue;
    namedAs ??= [];
    namedAs.push(name);
  }
  if (!denies && !allows) return nothing;
  return {
    denies: denies ?? nothing.denies,
    allows: allows ?? nothing.allows,
    namedAs: namedAs ?? nothing.namedAs,
  };
}

/** Keys are asked for last: they may be costly. */
function nameIfApplies(statement: Ready, question: Question): NamedAs | '' | undefined {
  const name = statement.names ? statement.names(question) : '';
  if (name === undefined || !statement.covers(question.resource, question.key)) return undefined;
  for (const holds of statement.conditions) if (!holds(question.key)) return undefined;
  return name;
}
