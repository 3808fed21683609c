/** The features among the columns of a captured record: its input, or what else a batch holds. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import { parseJsonTexts } from './json-text.ts';
import { itemsOf } from './pick.ts';
import { flatten, placeNames, type Row, type SideRow, shown } from './rows.ts';
import { type Column, columnOf, type Side } from './sides.ts';

/** Members of `ObservationFormat` that features depend on. */
interface FeatureFormat {
  readonly featuresAttribute?: string;
  readonly inferenceAttribute?: string;
  readonly probabilityAttribute?: string;
}

export interface Inputs {
  readonly input: Side | undefined;
  readonly joined: Side | undefined;
}

/** Values are `SideRow`s, or `Picked`. */
export function featuresOf(
  { input, joined }: Inputs,
  format: FeatureFormat,
  query: JsonQuery,
): Outcome<Column | undefined> {
  const side = input ?? joined;
  if (!side) return ok(undefined);
  const { featuresAttribute: attribute } = format;
  if (attribute === undefined) {
    const rows = input ? input.rows : withoutAnswers(side, format);
    return ok({ name: side.name, values: rows });
  }
  const places = placesOf(attribute);
  if (places && !places.ok) return refuse(`${side.name}: ${places.reason}`);
  if (places) return chosenCells(side, places.value);
  if (!side.json) {
    return refuse(
      `${side.name}: the features attribute must be indices of CSV columns, as in 0,2-4, ` +
        `and is ${shown(attribute)}`,
    );
  }
  const column = columnOf(side, attribute, query);
  if (!column.ok) return refuse(`${side.name}: the features attribute ${column.reason}`);
  return ok({ name: side.name, values: column.value.values.map((value) => new Picked(value)) });
}

/** What an expression picked as the features of one row. */
export class Picked {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

function chosenCells(side: Side, places: readonly number[]): Outcome<Column> {
  const values: SideRow[] = [];
  for (const { names, cells } of side.rows) {
    const missing = places.find((place) => place >= cells.length);
    if (missing !== undefined) {
      return refuse(
        `${side.name}: the features attribute names column ${missing}, ` +
          `and a row has ${cells.length} columns`,
      );
    }
    values.push({
      names: places.map((place) => names?.[place] ?? `_c${place}`),
      cells: places.map((place) => cells[place]),
    });
  }
  return ok({ name: side.name, values });
}

/** More columns than a row has anywhere; a list of them would not fit into memory. */
const mostPlaces = 100_000;

/** `0,2-4` is 0, 2, 3 and 4; undefined when it is no such list, or runs backwards. */
function placesOf(attribute: string): Outcome<readonly number[]> | undefined {
  if (!/^\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*$/.test(attribute)) return undefined;
  const places: number[] = [];
  for (const part of attribute.split(',')) {
    const [from = 0, to = from] = part.trim().split('-').map(Number);
    if (to < from) return undefined;
    if (places.length + to - from >= mostPlaces) {
      return refuse(`the features attribute names more than ${mostPlaces} columns`);
    }
    for (let place = from; place <= to; place += 1) places.push(place);
  }
  return ok(places);
}

/** Columns of joined output that neither the inference nor the probability is taken from. */
function withoutAnswers(side: Side, format: FeatureFormat): readonly SideRow[] {
  const { inferenceAttribute, probabilityAttribute } = format;
  const taken = new Set([inferenceAttribute, probabilityAttribute]);
  const items = side.json ? itemsOf(side.text, 'instances') : undefined;
  if (items) return items.map(rowOfValue);
  return side.rows.map(({ names, cells }) => {
    const kept = cells.map((_, place) => place).filter((place) => !taken.has(String(place)));
    return {
      names: kept.map((place) => names?.[place] ?? `_c${place}`),
      cells: kept.map((place) => cells[place]),
    };
  });
}

function rowOfValue(value: unknown): SideRow {
  const texts = parseJsonTexts(JSON.stringify(value ?? null));
  const [text] = texts.ok ? texts.value : [];
  return flatten(text);
}

/** One row of the column of features, without those that are excluded. */
export function featureRow(value: unknown, excluded: ReadonlySet<string>): Row {
  const row = value instanceof Picked ? rowOfValue(value.value) : (value as SideRow);
  const { names, cells } = row;
  if (excluded.size === 0) return { names: names ?? placeNames(cells.length), cells };
  const all = names ?? placeNames(cells.length);
  const isKept = (name: string, i: number) =>
    !excluded.has(name) && !(/^_c\d+$/.test(name) && excluded.has(name.slice(2))) && i >= 0;
  const kept = all.map((_, i) => i).filter((i) => isKept(all[i] ?? '', i));
  return { names: kept.map((i) => all[i] ?? ''), cells: kept.map((i) => cells[i]) };
}
