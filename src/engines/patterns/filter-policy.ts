/**
 * Filter policies: patterns within narrower bounds, matched against a message's attributes or its
 * body. Bounds and texts are those of SNS.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Fields, isScalar, type Scalar } from './fields.ts';
import { compilePattern, isAlternatives, isObject, type Pattern } from './pattern.ts';

export type FilterScope = 'attributes' | 'body';

export interface FilterPolicy {
  matches(message: FilteredMessage): boolean;
}

export interface FilteredMessage {
  readonly body: string;
  /** Type as declared (`String`, `String.Array`, `Number`, …); `text` is absent for binaries. */
  readonly attributes: Readonly<Record<string, { readonly type: string; readonly text?: string }>>;
}

const limits = { keys: 5, combinations: 150 };
const nestingLimit = 128;
const everything: FilterPolicy = { matches: () => true };

/** The policy of a JSON text; an empty object lets everything through. */
export function compileFilterPolicy(text: string, scope: FilterScope): Outcome<FilterPolicy> {
  const source = parse(text);
  if (source === undefined) return refuse('failed to parse JSON.');
  if (!isObject(source)) return refuse('Filter is not an object');
  if (Object.keys(source).length === 0) return ok(everything);
  if (Object.keys(source).length > limits.keys) {
    return refuse(`Filter policy can not have more than ${limits.keys} keys`);
  }
  if (scope === 'attributes' && hasNesting(source)) {
    return refuse('Filter policy scope MessageAttributes does not support nested filter policy');
  }
  if (combinations(source, 1, 1) > limits.combinations) {
    return refuse('Filter policy is too complex');
  }
  const pattern = compilePattern(source);
  return pattern.ok ? ok(policyOf(pattern.value, scope)) : pattern;
}

function policyOf(pattern: Pattern, scope: FilterScope): FilterPolicy {
  if (scope === 'attributes') {
    return { matches: ({ attributes }) => pattern.matches(attributeFields(attributes)) };
  }
  return {
    matches({ body }) {
      const document = parse(body);
      return isObject(document) && pattern.matchesDocument(document);
    },
  };
}

type Source = Readonly<Record<string, unknown>>;

function hasNesting(source: Source): boolean {
  return Object.entries(source).some(([key, value]) =>
    isAlternatives(key, value) ? value.some(hasNesting) : isObject(value),
  );
}

/** Values times depth, multiplied over the fields, and added over alternatives. */
function combinations(source: Source, depth: number, before: number): number {
  let product = before;
  for (const [key, value] of Object.entries(source)) {
    if (isObject(value)) {
      product = combinations(value, depth + 1, product);
    } else if (isAlternatives(key, value)) {
      const each = value.map((member) => combinations(member, depth, product));
      product = each.reduce((sum, count) => sum + count, 0);
    } else if (Array.isArray(value)) {
      product *= value.length * depth;
    }
  }
  return product;
}

/** Attributes as leaves: an array has several values, a binary is not there. */
function attributeFields(attributes: FilteredMessage['attributes']): Fields {
  const fields = new Map<string, readonly Scalar[]>();
  for (const [name, { type, text }] of Object.entries(attributes)) {
    if (text === undefined) continue;
    if (type === 'String.Array') {
      const members = parse(text);
      fields.set(name, Array.isArray(members) ? members.filter(isScalar) : []);
    } else {
      fields.set(name, [/^Number(\.|$)/.test(type) ? Number(text) : text]);
    }
  }
  return fields;
}

/** Undefined for what is no JSON, and for what is nested too deeply to be walked. */
function parse(text: string): unknown {
  try {
    return nestingOf(text) > nestingLimit ? undefined : (JSON.parse(text) as unknown);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

/** How deep objects and arrays go; brackets inside strings do not count. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
