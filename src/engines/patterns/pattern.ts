/**
 * Patterns: which documents are wanted. Grammar of EventBridge patterns and of SNS filter policies:
 * all fields must match, each by one of its matchers, on one of the document's values for it; `$or`
 * offers alternatives. Compiled once, then matched against the leaves of any number of documents.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Fields, fieldsOf, type Scalar } from './fields.ts';
import { compileMatcher, type Matcher, reservedWords } from './matchers.ts';

export interface Pattern {
  matches(fields: Fields): boolean;
  /** Matches the leaves of a JSON value. */
  matchesDocument(document: unknown): boolean;
}

/** All leaves, and one alternative of each group. */
interface Node {
  readonly leaves: (readonly [path: string, matchers: readonly Matcher[]])[];
  readonly alternatives: (readonly Node[])[];
}

/** Deeper than any document a client may send. */
const depthLimit = 64;

/** Refused with the text of the first mistake. */
export function compilePattern(source: unknown): Outcome<Pattern> {
  if (!isObject(source)) return refuse('Filter is not an object');
  const node: Node = { leaves: [], alternatives: [] };
  const mistake = addObject(node, source, { path: '', depth: 0 });
  if (mistake !== undefined) return refuse(mistake);
  return ok({
    matches: (fields) => matchesNode(node, fields),
    matchesDocument: (document) => matchesNode(node, fieldsOf(document)),
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `$or` is an operator only with at least two objects that are no matchers. */
export function isAlternatives(
  key: string,
  value: unknown,
): value is readonly Readonly<Record<string, unknown>>[] {
  if (key !== '$or' || !Array.isArray(value) || value.length < 2) return false;
  return value.every(
    (member) => isObject(member) && !Object.keys(member).some((word) => reservedWords.has(word)),
  );
}

interface Place {
  readonly path: string;
  readonly depth: number;
}

/** Adds to the node; answers the first mistake. */
function addObject(
  node: Node,
  source: Readonly<Record<string, unknown>>,
  { path, depth }: Place,
): string | undefined {
  const entries = Object.entries(source);
  if (entries.length === 0) return 'Empty objects are not allowed';
  if (depth > depthLimit) return `Patterns may be nested ${depthLimit} deep`;
  for (const [key, value] of entries) {
    const place = { path: path === '' ? key : `${path}.${key}`, depth: depth + 1 };
    const mistake = isAlternatives(key, value)
      ? addAlternatives(node, value, { path, depth: depth + 1 })
      : addField(node, value, { ...place, key });
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}

function addField(
  node: Node,
  value: unknown,
  place: Place & { readonly key: string },
): string | undefined {
  if (isObject(value)) return addObject(node, value, place);
  if (!Array.isArray(value)) return `"${place.key}" must be an object or an array`;
  if (value.length === 0) return 'Empty arrays are not allowed';
  const matchers: Matcher[] = [];
  for (const member of value) {
    const matcher = compileMatcher(member);
    if (!matcher.ok) return matcher.reason;
    matchers.push(matcher.value);
  }
  node.leaves.push([place.path, matchers]);
  return undefined;
}

function addAlternatives(
  node: Node,
  members: readonly Readonly<Record<string, unknown>>[],
  place: Place,
): string | undefined {
  const nodes: Node[] = [];
  for (const member of members) {
    const alternative: Node = { leaves: [], alternatives: [] };
    const mistake = addObject(alternative, member, place);
    if (mistake !== undefined) return mistake;
    nodes.push(alternative);
  }
  node.alternatives.push(nodes);
  return undefined;
}

function matchesNode(node: Node, fields: Fields): boolean {
  return (
    node.leaves.every(([path, matchers]) => matchesLeaf(matchers, fields.get(path))) &&
    node.alternatives.every((nodes) => nodes.some((one) => matchesNode(one, fields)))
  );
}

function matchesLeaf(matchers: readonly Matcher[], values: readonly Scalar[] | undefined) {
  return matchers.some((matcher) => {
    if (matcher.kind === 'exists') return matcher.wanted === (values !== undefined);
    return values?.some(matcher.test) ?? false;
  });
}
