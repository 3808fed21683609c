/**
 * The operators of a pattern, each compiled to a test of one leaf. The refusals carry the texts
 * that clients of the original see.
 */
import { BlockList, isIP } from 'node:net';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { isScalar, type Scalar } from './fields.ts';
import { matchesRuns, parseWildcard } from './wildcard.ts';

/** What a field must be: there or not, or have a value that passes. */
export type Matcher =
  | { readonly kind: 'exists'; readonly wanted: boolean }
  | { readonly kind: 'value'; readonly test: (value: Scalar) => boolean };

type Test = (value: Scalar) => boolean;
type Compile = (argument: unknown) => Outcome<Test>;

const operators: Readonly<Record<string, Compile>> = {
  prefix: folding('prefix', (text, wanted) => text.startsWith(wanted)),
  suffix: folding('suffix', (text, wanted) => text.endsWith(wanted)),
  'equals-ignore-case': ofText('equals-ignore-case', (wanted) => {
    const folded = fold(wanted);
    return ok((text) => fold(text) === folded);
  }),
  exactly: ofText('exactly', (wanted) => ok((text) => text === wanted)),
  wildcard: ofText('wildcard', (wanted) => {
    const runs = parseWildcard(wanted);
    return runs.ok ? ok((text) => matchesRuns(runs.value, text)) : runs;
  }),
  'anything-but': anythingBut,
  numeric: numericTest,
  cidr: cidrTest,
};

/** Names that make an object inside `$or` a matcher, and so no alternative. */
export const reservedWords: ReadonlySet<string> = new Set([
  ...Object.keys(operators),
  'exists',
  '=',
  '<',
  '<=',
  '>',
  '>=',
  'regex',
  'not-wildcard',
  'not-equals-ignore-case',
  'date-after',
  'date-on-or-after',
  'date-before',
  'date-on-or-before',
  'in-date-range',
  'ip-address-in-range',
]);

/** A matcher is a plain value, or an object of one operator. */
export function compileMatcher(source: unknown): Outcome<Matcher> {
  if (isScalar(source)) return ok(value((found) => found === source));
  if (Array.isArray(source) || typeof source !== 'object') {
    return refuse('Match value must be String, number, true, false, or null');
  }
  const entries = Object.entries(source ?? {});
  const [entry] = entries;
  if (entry === undefined) return refuse('Empty objects are not allowed');
  if (entries.length > 1) return refuse('Only one key allowed in match expression');
  const [name, argument] = entry;
  if (name === 'exists') {
    if (typeof argument === 'boolean') return ok({ kind: 'exists', wanted: argument });
    return refuse('exists match pattern must be either true or false.');
  }
  const compile = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!compile) return refuse(`Unrecognized match type ${name}`);
  const test = compile(argument);
  return test.ok ? ok(value(test.value)) : test;
}

function value(test: Test): Matcher {
  return { kind: 'value', test };
}

function ofText(name: string, compile: (wanted: string) => Outcome<(text: string) => boolean>) {
  return (argument: unknown): Outcome<Test> => {
    if (typeof argument !== 'string') return refuse(`${name} match pattern must be a string`);
    const test = compile(argument);
    if (!test.ok) return test;
    return ok((found) => typeof found === 'string' && test.value(found));
  };
}

/** An operator that also takes `{ "equals-ignore-case": text }`. */
function folding(name: string, holds: (text: string, wanted: string) => boolean): Compile {
  const plain = ofText(name, (wanted) => ok((text) => holds(text, wanted)));
  return (argument) => {
    const inner = onlyMember(argument, 'equals-ignore-case');
    if (inner === undefined) return plain(argument);
    if (typeof inner !== 'string') return refuse(`${name} match pattern must be a string`);
    const folded = fold(inner);
    return ok((found) => typeof found === 'string' && holds(fold(found), folded));
  };
}

function fold(text: string): string {
  return text.toLowerCase();
}

function onlyMember(argument: unknown, name: string): unknown {
  if (typeof argument !== 'object' || argument === null) return undefined;
  const entries = Object.entries(argument);
  return entries.length === 1 && entries[0]?.[0] === name ? entries[0][1] : undefined;
}

const insideAnythingBut = new Set(['prefix', 'suffix', 'equals-ignore-case', 'wildcard']);

function anythingBut(argument: unknown): Outcome<Test> {
  if (typeof argument === 'string' || typeof argument === 'number') {
    return ok((found) => found !== argument);
  }
  if (Array.isArray(argument)) {
    if (argument.length === 0) return refuse('Empty arrays are not allowed');
    const [first] = argument;
    const uniform = argument.every((member) => typeof member === typeof first);
    if (!uniform || (typeof first !== 'string' && typeof first !== 'number')) {
      return refuse('Inside anything but list, start|null|boolean is not supported.');
    }
    const barred = new Set<Scalar>(argument as Scalar[]);
    return ok((found) => !barred.has(found));
  }
  if (typeof argument !== 'object' || argument === null) {
    return refuse('Value of anything-but must be an array or single string/number value.');
  }
  return anythingButOperator(argument);
}

function anythingButOperator(argument: object): Outcome<Test> {
  const entries = Object.entries(argument);
  const [name = '', inner] = entries[0] ?? [];
  if (entries.length !== 1) return refuse('Only one key allowed in match expression');
  const compile = insideAnythingBut.has(name) ? operators[name] : undefined;
  if (!compile) return refuse(`Unsupported anything-but pattern: ${name}`);
  const members: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  if (members.length === 0) return refuse('Empty arrays are not allowed');
  const tests: Test[] = [];
  for (const member of members) {
    if (Array.isArray(inner) && typeof member !== 'string') {
      const kinds = 'number|start|null|boolean is not supported.';
      return refuse(`Inside anything-but/${name} list, ${kinds}`);
    }
    if (member === '' && (name === 'prefix' || name === 'suffix')) {
      return refuse('Null prefix/suffix not allowed');
    }
    const test = compile(member);
    if (!test.ok) return test;
    tests.push(test.value);
  }
  return ok((found) => !tests.some((test) => test(found)));
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function numericTest(argument: unknown): Outcome<Test> {
  if (!Array.isArray(argument)) return refuse('Value of numeric must be an array.');
  const [operator, operand, upper, top, ...more] = argument as readonly unknown[];
  if (typeof operator !== 'string') {
    return refuse(`Invalid member in numeric match: ${argument.length ? String(operator) : ']'}`);
  }
  const lower = comparisonOf(operator);
  if (!lower) return refuse(`Unrecognized numeric range operator: ${operator}`);
  if (typeof operand !== 'number') {
    return refuse(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
  }
  if (argument.length === 2) return ok((n) => typeof n === 'number' && lower(n, operand));
  if (operator[0] !== '>') return refuse('Too many elements in numeric expression');
  if (typeof upper !== 'string') return refuse(`Bad value in numeric range: ${String(upper)}`);
  const higher = comparisonOf(upper);
  if (!higher || upper[0] !== '<') return refuse(`Bad numeric range operator: ${upper}`);
  if (typeof top !== 'number') return refuse(`Value of ${upper} must be numeric`);
  if (more.length > 0) return refuse('Too many terms in numeric range expression');
  if (operand >= top) return refuse('Bottom must be less than top');
  return ok((n) => typeof n === 'number' && lower(n, operand) && higher(n, top));
}

function comparisonOf(operator: string) {
  return Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
}

function cidrTest(argument: unknown): Outcome<Test> {
  // The original names the wrong operator here.
  if (typeof argument !== 'string') return refuse('prefix match pattern must be a string');
  const [address = '', bits = '', ...more] = argument.split('/');
  if (more.length > 0 || !argument.includes('/')) {
    return refuse("Malformed CIDR, one '/' required");
  }
  if (!/^-?\d+$/.test(bits)) return refuse('Malformed CIDR, mask bits must be an integer');
  const version = isIP(address);
  if (version === 0) return refuse(`Nonstandard IP address: ${address}`);
  const most = version === 4 ? 32 : 128;
  if (Number(bits) < 0) return refuse('Malformed CIDR, mask bits must not be negative');
  if (Number(bits) > most) return refuse(`IPv${version} mask bits must be <= ${most}`);
  const network = new BlockList();
  const family = version === 4 ? 'ipv4' : 'ipv6';
  network.addSubnet(address, Number(bits), family);
  return ok(
    (found) => typeof found === 'string' && isIP(found) === version && network.check(found, family),
  );
}
