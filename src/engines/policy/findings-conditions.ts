/** What can be wrong with conditions: unknown keys, values of another type, and known traps. */
import { isIP } from 'node:net';
import { parseArn } from '../../kernel/arn.ts';
import { actionsMatching, type KeyType, stemOf } from './findings-catalogue.ts';
import {
  familyOf,
  fits,
  isEverywhere,
  isManyValued,
  kindOfKey,
  type OperatorFamily,
  typeOfKey,
} from './findings-keys.ts';
import { type Draft, type Examined, hasVariable, named, type Rule } from './findings-types.ts';
import type { Condition, Statement } from './types.ts';

export const conditionRules: readonly Rule[] = [unknownKeys, types, values, empty, sets, mfaTraps];

function* unknownKeys(statement: Statement): Iterable<Draft> {
  for (const { key } of statement.conditions) {
    if (typeOfKey(key) !== undefined) {
      yield* unsupported(statement, key);
      continue;
    }
    const kind = kindOfKey(key);
    if (kind === 'foreign') continue;
    const code =
      kind === 'global' ? 'INVALID_GLOBAL_CONDITION_KEY' : 'INVALID_SERVICE_CONDITION_KEY';
    yield { severity: 'error', code, message: `There is no condition key ${key}.` };
  }
}

/** A key that the requests of none of the statement's actions have. */
function* unsupported({ actions }: Statement, key: string): Iterable<Draft> {
  const name = key.toLowerCase();
  if (!actions || kindOfKey(key) !== 'service' || isEverywhere(key)) return;
  const lacking: string[] = [];
  for (const pattern of actions) {
    for (const { action, keys } of actionsMatching(pattern) ?? [{ action: pattern, keys: null }]) {
      if (!keys) return;
      const known = keys.has(name) || keys.has(stemOf(name));
      if (known && /[*?]/.test(pattern)) return;
      if (!known) lacking.push(action);
    }
  }
  if (lacking.length === 0) return;
  const message = `Requests of ${named(lacking)} have no ${key}.`;
  yield { severity: 'warning', code: 'UNSUPPORTED_ACTION_CONDITION_KEY', message };
}

function* types({ conditions }: Statement): Iterable<Draft> {
  for (const { operator, key } of conditions) {
    const family = familyOf(operator);
    const type = typeOfKey(key);
    if (!family || !type || fits(family, type, key)) continue;
    yield {
      severity: 'error',
      code: 'DATA_TYPE_MISMATCH',
      message: `${operator} does not compare values of ${key}, whose type is ${type}.`,
    };
  }
}

type Check = readonly [code: string, what: string, holds: (value: string) => boolean];

const checks: Readonly<Partial<Record<OperatorFamily, Check>>> = {
  Numeric: ['NUMBER', 'a number', (value) => value.trim() !== '' && Number.isFinite(Number(value))],
  Bool: ['BOOLEAN', 'true or false', (value) => /^(true|false)$/i.test(value)],
  Ip: ['IP_RANGE', 'an IP address or a range of them', isRange],
  Binary: [
    'BASE64',
    'base64',
    (value) => /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2,3}=*)?$/.test(value),
  ],
  Arn: ['ARN', 'an ARN', (value) => value === '*' || isArnPattern(value)],
};

function* values({ conditions }: Statement): Iterable<Draft> {
  for (const { operator, key, values: given } of conditions) {
    const family = familyOf(operator);
    const check: Check | undefined =
      operator.toLowerCase() === 'null'
        ? ['BOOLEAN', 'true or false', (value) => /^(true|false)$/i.test(value)]
        : family && checks[family];
    if (!check) continue;
    const [code, what, holds] = check;
    const bad = given.filter((value) => !hasVariable(value) && !holds(value));
    if (bad.length === 0) continue;
    const message = `${operator} on ${key} needs ${what}, which ${named(bad)} is not.`;
    yield { severity: 'error', code: `TYPE_MISMATCH_${code}`, message };
  }
}

function* empty({ conditions }: Statement): Iterable<Draft> {
  for (const { key } of conditions.filter((one) => one.values.length === 0)) {
    const message = `The condition on ${key} has no values to compare with.`;
    yield { severity: 'warning', code: 'EMPTY_ARRAY_CONDITION', message };
  }
}

function isRange(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

/** ArnLike compares six parts: a pattern of fewer matches nothing. */
function isArnPattern(value: string): boolean {
  return value.split(':').length >= 6 && (parseArn(value).ok || /^\*|^arn:[*?]/.test(value));
}

function* sets(statement: Statement): Iterable<Draft> {
  for (const condition of statement.conditions) {
    const type = typeOfKey(condition.key);
    if (type && familyOf(condition.operator)) yield* setOf(statement, condition, type);
  }
}

function* setOf(statement: Statement, { set, key }: Condition, type: KeyType): Iterable<Draft> {
  const many = isManyValued(type);
  if (many && !set) {
    yield {
      severity: 'error',
      code: 'MISSING_QUALIFIER',
      message: `${key} has many values: say ForAnyValue or ForAllValues.`,
    };
  }
  if (!many && set) {
    const prefix = set === 'all' ? 'ForAllValues' : 'ForAnyValue';
    const trap = set === 'all' ? ', which holds, too, when there is none' : '';
    yield {
      severity: set === 'all' && statement.effect === 'Allow' ? 'security' : 'warning',
      code: `${set === 'all' ? 'FOR_ALL_VALUES' : 'FOR_ANY_VALUE'}_WITH_SINGLE_VALUED_KEY`,
      message: `${key} has one value: leave out ${prefix}${trap}.`,
    };
  }
  if (many && set === 'all' && statement.effect === 'Allow' && !isGuarded(statement, key)) {
    yield {
      severity: 'security',
      code: 'FOR_ALL_VALUES_WITHOUT_NULL_CHECK',
      message: `ForAllValues holds when the request has no ${key}: add Null on ${key} with false.`,
    };
  }
}

function isGuarded({ conditions }: Statement, key: string): boolean {
  return conditions.some(
    (one) =>
      one.operator.toLowerCase() === 'null' &&
      one.key.toLowerCase() === key.toLowerCase() &&
      one.values.every((value) => value.toLowerCase() === 'false'),
  );
}

const mfaKey = 'aws:multifactorauthpresent';

/** Requests signed with long-term keys have no such key at all. */
function* mfaTraps({ effect, conditions }: Statement, _about: Examined): Iterable<Draft> {
  for (const { operator, ifExists, key, values: given } of conditions) {
    if (key.toLowerCase() !== mfaKey || operator.toLowerCase() !== 'bool') continue;
    const asks = (value: string) => given.some((one) => one.toLowerCase() === value);
    if (effect === 'Deny' && !ifExists && asks('false')) {
      yield {
        severity: 'security',
        code: 'MFA_DENY_MISSES_LONG_TERM_KEYS',
        message: 'Calls signed with long-term keys are not denied: use BoolIfExists.',
      };
    }
    if (effect === 'Allow' && ifExists && asks('true')) {
      yield {
        severity: 'security',
        code: 'MFA_ALLOW_ADMITS_LONG_TERM_KEYS',
        message: 'Calls signed with long-term keys are allowed without a device: use Bool.',
      };
    }
  }
}
