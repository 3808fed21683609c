/** From the facets asked for to groups of rows: each value, each threshold, each combination. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type BiasColumn, type BiasTable, scaleOf, type Typing } from './column.ts';
import type { BiasFacet } from './config.ts';
import { distinctValues, INSIDE, MISSING, OUTSIDE, type Selection, select } from './select.ts';

/** Different values of a facet without values, and combinations of an intersection. */
export const FACET_VALUES_MAX = 1000;
const NAMES_SHOWN = 50;

export interface Facet {
  readonly facet: string;
  /** Columns that make the facet; no features of the flip test. */
  readonly columns: readonly string[];
  readonly text: string;
  /** Made when asked for: a thousand values over a million rows do not fit side by side. */
  rows(): Uint8Array;
}

/** The column, or a refusal that names it, its role and the columns there are. */
export function columnNamed(table: BiasTable, name: string, role: string): Outcome<BiasColumn> {
  const column = table.get(name);
  if (column) return ok(column);
  const known = [...table.keys()];
  const more = known.length > NAMES_SHOWN ? `, and ${known.length - NAMES_SHOWN} more` : '';
  const list = known.slice(0, NAMES_SHOWN).join(', ');
  return refuse(`${role} "${name}" is not a column of the data; its columns: ${list}${more}`);
}

export function facetsOf(
  table: BiasTable,
  asked: {
    readonly facets: readonly BiasFacet[];
    readonly intersections?: readonly (readonly string[])[];
  },
  typing: Typing,
): Outcome<readonly Facet[]> {
  if (asked.facets.length === 0) return refuse('at least one facet is needed');
  const single = new Map<string, readonly Facet[]>();
  const all: Facet[] = [];
  for (const one of asked.facets) {
    const facets = valuesOf(table, one, typing);
    if (!facets.ok) return facets;
    single.set(one.name, [...(single.get(one.name) ?? []), ...facets.value]);
    all.push(...facets.value);
  }
  for (const names of asked.intersections ?? []) {
    const combined = intersection(names, single);
    if (!combined.ok) return combined;
    all.push(...combined.value);
  }
  return ok(all);
}

function valuesOf(table: BiasTable, one: BiasFacet, typing: Typing): Outcome<readonly Facet[]> {
  const column = columnNamed(table, one.name, 'facet');
  if (!column.ok) return column;
  const what = `facet "${one.name}"`;
  const choice = { what, scale: one.scale, typing };
  const facetOf = (text: string, rows: () => Uint8Array): Facet => {
    return { facet: one.name, columns: [one.name], text, rows };
  };
  if (one.values !== undefined && one.values.length > 0) {
    const selection = select(column.value, { ...choice, values: one.values });
    if (!selection.ok) return selection;
    return ok([facetOf(selection.value.text, () => selection.value.rows)]);
  }
  if ((one.scale ?? scaleOf(column.value, 0, typing)) === 'continuous') {
    return refuse(`${what} holds continuous numbers and needs a threshold`);
  }
  const values = distinctValues(column.value);
  if (values.length === 0) return refuse(`${what} has no value in any row`);
  if (values.length > FACET_VALUES_MAX) {
    return refuse(`${what} has ${values.length} different values; name those to look at`);
  }
  const facets: Facet[] = [];
  for (const value of values) {
    const again = () => select(column.value, { ...choice, scale: 'categorical', values: [value] });
    const text = textOf(again());
    facets.push(facetOf(text, () => rowsOf(again())));
  }
  return ok(facets);
}

function textOf(selection: Outcome<Selection>): string {
  return selection.ok ? selection.value.text : '';
}

function rowsOf(selection: Outcome<Selection>): Uint8Array {
  return selection.ok ? selection.value.rows : new Uint8Array(0);
}

function intersection(
  names: readonly string[],
  single: ReadonlyMap<string, readonly Facet[]>,
): Outcome<readonly Facet[]> {
  if (new Set(names).size < 2) return refuse('an intersection needs two different facets');
  let combined: readonly Facet[] = [];
  for (const name of names) {
    const next = single.get(name);
    if (next === undefined) return refuse(`an intersection names "${name}", which is no facet`);
    const before = combined;
    if (before.length * next.length > FACET_VALUES_MAX) {
      return refuse(`intersection ${names.join(' & ')} has too many combinations of values`);
    }
    combined = before.length === 0 ? next : before.flatMap((a) => next.map((b) => both(a, b)));
  }
  return ok(combined);
}

function both(a: Facet, b: Facet): Facet {
  const rows = () => {
    const [left, right] = [a.rows(), b.rows()];
    return left.map((side, row) => {
      if (side === MISSING || right[row] === MISSING) return MISSING;
      return side === INSIDE && right[row] === INSIDE ? INSIDE : OUTSIDE;
    });
  };
  return {
    facet: `${a.facet} & ${b.facet}`,
    columns: [...a.columns, ...b.columns],
    text: `${a.text} & ${b.text}`,
    rows,
  };
}
