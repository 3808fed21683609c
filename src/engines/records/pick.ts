/**
 * Picks one value per row out of JSON text by an expression: over the whole document
 * (`predictions[*].score`), or over each of its rows (`score`). Not a query language.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import { containers, shown } from './rows.ts';

type Expression = (document: unknown) => unknown;

const known = new WeakMap<JsonQuery, Map<string, Outcome<Expression>>>();

/** Compiles an expression once for each query. */
function compiled(expression: string, query: JsonQuery): Outcome<Expression> {
  const expressions = known.get(query) ?? new Map<string, Outcome<Expression>>();
  known.set(query, expressions);
  const found = expressions.get(expression) ?? query.compile(expression);
  expressions.set(expression, found);
  return found;
}

export function isWholeNumber(attribute: string): boolean {
  return /^\d+$/.test(attribute);
}

/**
 * The values in the order of the rows. A single list is ambiguous when nothing in the document
 * says that its items are rows: it is left as one value, for the other sides to tell.
 */
export function pickJson(
  text: string,
  expression: string,
  query: JsonQuery,
): Outcome<readonly unknown[]> {
  const pick = compiled(expression, query);
  if (!pick.ok) return refuse(`is malformed: ${pick.reason}`);
  const documents = documentsOf(text);
  if (!documents) return refuse('needs one JSON document, or one a line');
  const [first] = documents;
  if (documents.length !== 1) return perRow(documents, pick.value, expression);
  const whole = pick.value(first);
  const value = isNothing(whole) ? pick.value(memberOf(first, 'SageMakerOutput')) : whole;
  const rows = rowsIn(first);
  if (isNothing(value)) return perRow(rows ?? [first], pick.value, expression);
  if (!Array.isArray(value)) return ok([value]);
  return ok(isProjection(expression) || (rows && value.length === rows.length) ? value : [value]);
}

/** The items of a member that is a list; undefined when there is no such list. */
export function itemsOf(text: string, member: string): readonly unknown[] | undefined {
  const [first] = documentsOf(text) ?? [];
  const items = memberOf(first, member);
  return Array.isArray(items) ? items : undefined;
}

/** An expression with a wildcard, a flattening or a filter has a value for each match. */
function isProjection(expression: string): boolean {
  return /\[\*\]|\[\]|\[\?|\.\*|\[-?\d*:/.test(expression);
}

function perRow(
  rows: readonly unknown[],
  pick: Expression,
  expression: string,
): Outcome<readonly unknown[]> {
  const values = rows.map(pick);
  if (values.every(isNothing)) return refuse(`${shown(expression)} picks nothing`);
  return ok(values);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

/** One document, or one a line; undefined when the text is laid out otherwise. */
function documentsOf(text: string): readonly unknown[] | undefined {
  const whole = documentOf(text);
  if (whole !== undefined) return [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const each = lines.map(documentOf);
  return each.includes(undefined) ? undefined : each;
}

function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what is wrong with the text as a whole.
    return undefined;
  }
}

function memberOf(document: unknown, member: string): unknown {
  if (typeof document !== 'object' || document === null) return undefined;
  return (document as Readonly<Record<string, unknown>>)[member];
}

function rowsIn(document: unknown): readonly unknown[] | undefined {
  if (Array.isArray(document)) {
    const nested = document.every((item) => typeof item === 'object' && item !== null);
    return nested ? document : undefined;
  }
  const inner = memberOf(document, 'SageMakerOutput') ?? document;
  return containers.map((key) => memberOf(inner, key)).find(Array.isArray);
}
