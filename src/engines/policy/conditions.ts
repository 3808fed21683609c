/**
 * Whether a condition of a statement holds for a request: missing keys, keys of many values, sets
 * and `IfExists`. How single values compare is in `operators.ts`.
 */
import { defined } from '../../kernel/assert.ts';
import type { KeyValue } from '../../kernel/check.ts';
import { type Compares, operators } from './operators.ts';
import { keyName, lowerAscii } from './text.ts';
import type { Condition } from './types.ts';
import type { AskKey } from './variables.ts';

export type Holds = (ask: AskKey) => boolean;

/** `Null` and the operators of the table. */
export function isOperator(name: string): boolean {
  return name === 'Null' || operators.has(name);
}

/** `variables`: whether the document is of a version that has them. */
export function compileCondition(condition: Condition, variables: boolean): Holds {
  const key = keyName(condition.key);
  if (condition.operator === 'Null') return compileNull(key, condition.values);
  const found = operators.get(condition.operator);
  const { prepare, negated } = defined(found, `operator ${condition.operator}`);
  const compares = prepare(condition.values, variables);
  const whenMissing = condition.ifExists || valueWhenMissing(condition, negated);
  const judge = judges[condition.set ?? (negated ? 'none' : 'any')];
  const wanted = condition.set === undefined || !negated;
  return (ask) => {
    const value = ask(key);
    if (isMissing(value)) return whenMissing;
    return judge({ value, compares, ask, wanted });
  };
}

/**
 * `ForAllValues` holds for no values and `ForAnyValue` does not, negated or not; else a key that is
 * not there is not equal to anything.
 */
function valueWhenMissing({ set }: Condition, negated: boolean): boolean {
  return set === undefined ? negated : set === 'all';
}

interface Judged {
  readonly value: KeyValue;
  readonly compares: Compares;
  readonly ask: AskKey;
  /** What `compares` has to say of one value for the operator to hold of it. */
  readonly wanted: boolean;
}

/** A key of many values without a set is judged as one of which any may match. */
const judges: Readonly<Record<'any' | 'all' | 'none', (judged: Judged) => boolean>> = {
  any({ value, compares, ask, wanted }) {
    if (!isMany(value)) return compares(value, ask) === wanted;
    return value.some((each) => compares(each, ask) === wanted);
  },
  all({ value, compares, ask, wanted }) {
    if (!isMany(value)) return compares(value, ask) === wanted;
    return value.every((each) => compares(each, ask) === wanted);
  },
  none({ value, compares, ask }) {
    if (!isMany(value)) return !compares(value, ask);
    return !value.some((each) => compares(each, ask));
  },
};

function isMany(value: KeyValue): value is readonly string[] {
  return Array.isArray(value);
}

function isMissing(value: KeyValue | undefined): value is undefined {
  return value === undefined || (isMany(value) && value.length === 0);
}

function compileNull(key: string, values: readonly string[]): Holds {
  const listed = new Set(values.map(lowerAscii));
  return (ask) => listed.has(isMissing(ask(key)) ? 'true' : 'false');
}
