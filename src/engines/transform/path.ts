/**
 * The part of JSONPath that picks out of one record: members (`.a`, `['a','b']`), items and ranges
 * (`[0,-1,2:]`) and wildcards. No filters, no descents: those have no meaning in a batch of rows.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

type Item = { readonly at: number } | { readonly from?: number; readonly to?: number };

type Step =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  | { readonly kind: 'each' };

export interface Path {
  readonly text: string;
  readonly steps: readonly Step[];
  /** It picks everything. */
  readonly isAll: boolean;
  /** It picks by place alone, as the columns of a row are. */
  readonly isByPlace: boolean;
}

const stepPattern = /\.(\*|[^.[\]'"*\s,]+)|\[([^\]]*)\]/y;
const name = `'(?:[^'\\\\]|\\\\.)*'|"(?:[^"\\\\]|\\\\.)*"`;
const namesPattern = new RegExp(`^\\s*(?:${name})(?:\\s*,\\s*(?:${name}))*\\s*$`);
const namePattern = new RegExp(name, 'g');
const itemPattern = /^\s*(?:(-?\d{1,9})|(-?\d{1,9})?\s*:\s*(-?\d{1,9})?)\s*$/;

/** Refused with what is wrong, in words that follow the name of the member it was given in. */
export function parsePath(text: string): Outcome<Path> {
  if (!text.startsWith('$')) return refuse(`must begin with $, and is ${JSON.stringify(text)}`);
  const steps: Step[] = [];
  for (let at = 1; at < text.length; at = stepPattern.lastIndex) {
    stepPattern.lastIndex = at;
    const [whole, member, inside] = stepPattern.exec(text) ?? [];
    const step = whole === undefined ? undefined : stepOf(member, inside ?? '');
    if (!step) {
      const rest = JSON.stringify(text.slice(at));
      return refuse(`uses more of JSONPath than .name, ['name'], [0], [1:2], [0,1] and *: ${rest}`);
    }
    steps.push(step);
  }
  const isByPlace = steps.length <= 1 && steps.every(({ kind }) => kind !== 'names');
  return ok({ text, steps, isAll: steps.length === 0, isByPlace });
}

function stepOf(member: string | undefined, inside: string): Step | undefined {
  if (member === '*' || (member === undefined && inside.trim() === '*')) return { kind: 'each' };
  if (member !== undefined) return { kind: 'names', names: [member] };
  if (namesPattern.test(inside)) {
    const names = (inside.match(namePattern) ?? []).map((quoted) =>
      quoted.slice(1, -1).replace(/\\(.)/g, '$1'),
    );
    return { kind: 'names', names };
  }
  const items = inside.split(',').map(itemOf);
  return items.every((item) => item !== undefined) ? { kind: 'items', items } : undefined;
}

function itemOf(text: string): Item | undefined {
  const match = itemPattern.exec(text);
  if (!match) return undefined;
  const [, at, from, to] = match;
  if (at !== undefined) return { at: Number(at) };
  return {
    ...(from === undefined ? {} : { from: Number(from) }),
    ...(to === undefined ? {} : { to: Number(to) }),
  };
}

/** Refused where a member or a place is not there; ranges are cut to what is. */
export function pick(path: Path, value: unknown): Outcome<unknown> {
  return pickFrom(path.steps, value);
}

function pickFrom(steps: readonly Step[], value: unknown): Outcome<unknown> {
  const [step, ...rest] = steps;
  if (!step) return ok(value);
  const taken = take(step, value);
  if (!taken.ok) return taken;
  const { found, isMany } = taken.value;
  if (!isMany || rest.length === 0) return pickFrom(rest, found);
  return pickEach(rest, found as readonly unknown[]);
}

function pickEach(steps: readonly Step[], values: readonly unknown[]): Outcome<unknown> {
  const picked: unknown[] = [];
  for (const value of values) {
    const one = pickFrom(steps, value);
    if (!one.ok) return one;
    picked.push(one.value);
  }
  return ok(picked);
}

interface Taken {
  readonly found: unknown;
  /** What follows applies to each of what was found. */
  readonly isMany: boolean;
}

function take(step: Step, value: unknown): Outcome<Taken> {
  if (step.kind === 'names') return takeNames(step.names, value);
  if (step.kind === 'items') return takeItems(step.items, value);
  if (typeof value !== 'object' || value === null) return refuse('* needs an object or a list');
  return ok({ found: Object.values(value), isMany: true });
}

function takeNames(names: readonly string[], value: unknown): Outcome<Taken> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const members = isObject ? (value as Readonly<Record<string, unknown>>) : {};
  const missing = names.find((name) => !Object.hasOwn(members, name));
  if (missing !== undefined) return refuse(`there is no member ${JSON.stringify(missing)}`);
  const [only = ''] = names;
  if (names.length === 1) return ok({ found: members[only], isMany: false });
  return ok({
    found: Object.fromEntries(names.map((name) => [name, members[name]])),
    isMany: false,
  });
}

function takeItems(items: readonly Item[], value: unknown): Outcome<Taken> {
  if (!Array.isArray(value)) return refuse('a place needs a list');
  const found: unknown[] = [];
  for (const item of items) {
    if (!('at' in item)) {
      found.push(...value.slice(item.from ?? 0, item.to ?? value.length));
      continue;
    }
    const at = item.at < 0 ? value.length + item.at : item.at;
    if (at < 0 || at >= value.length) {
      return refuse(`there is no place ${item.at} among ${value.length}`);
    }
    found.push(value[at]);
  }
  const [first] = items;
  const isOne = items.length === 1 && first !== undefined && 'at' in first;
  return ok(isOne ? { found: found[0], isMany: false } : { found, isMany: true });
}
