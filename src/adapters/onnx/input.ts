/**
 * Request bodies to tensors. A body is rows (CSV, JSON lines, `{"instances": …}`) or names its
 * inputs (`{"inputs": {…}}`). What does not fit is refused with the row, the column and the rule.
 */
import { assert } from '../../kernel/assert.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';

/** The element types of the tensors that can be filled from text. */
export type ElementType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool' | 'string';

export interface InputInfo {
  readonly name: string;
  readonly type: ElementType;
  /** A text is a dimension that may have any size. */
  readonly dims: readonly (number | string)[];
}

export type TensorData =
  | Float32Array
  | Float64Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | readonly string[];

export interface Feed {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export type BodyKind = 'csv' | 'json' | 'jsonlines';

export function parseBody(
  kind: BodyKind,
  body: string,
  inputs: readonly InputInfo[],
): Outcome<readonly Feed[]> {
  try {
    if (body.trim() === '') throw new Misfit('the body is empty');
    const plain = kind === 'csv' && plainFeed(body, inputs);
    if (plain) return ok([plain]);
    if (kind === 'csv') return ok(feedsOfRows(csvRows(body), inputs, 'text'));
    if (kind === 'jsonlines') return ok(feedsOfRows(jsonLines(body), inputs, 'json'));
    return ok(feedsOfJson(body, inputs));
  } catch (cause) {
    if (cause instanceof Misfit) return refuse(cause.message);
    throw cause;
  }
}

/** Carries a refusal out of the nested loops below; never leaves this file. */
class Misfit extends Error {
  override readonly name = 'Misfit';
}

/** In text every cell is a string; in JSON cells have types of their own. */
type Source = 'text' | 'json';

/**
 * The tensor of rows of numbers, which are most bodies, without a list for each of them; undefined
 * where anything is not as plain, which then is read cell by cell and refused with its place.
 */
function plainFeed(body: string, inputs: readonly InputInfo[]): Feed | undefined {
  const [input] = inputs;
  if (!input || inputs.length > 1 || input.dims.length !== 2 || body.includes('"'))
    return undefined;
  const { name, type } = input;
  if (type !== 'float32' && type !== 'float64') return undefined;
  const lines = body.split('\n');
  while (lines.at(-1)?.trim() === '') lines.pop();
  const dims = [lines.length, lines[0]?.split(',').length ?? 0];
  const isOther = (wanted: number | string, at: number) =>
    typeof wanted === 'number' && wanted >= 0 && wanted !== dims[at];
  if (input.dims.some(isOther)) return undefined;
  const [, columns = 0] = dims;
  const size = lines.length * columns;
  const data = type === 'float32' ? new Float32Array(size) : new Float64Array(size);
  let at = 0;
  for (const line of lines) {
    const cells = line.split(',');
    if (cells.length !== columns) return undefined;
    for (const cell of cells) {
      const number = asNumber(cell.trim(), 'text');
      if (number === undefined) return undefined;
      data[at] = number;
      at += 1;
    }
  }
  return { name, type, dims, data };
}

/** Quoted cells may hold commas and doubled quotes, not line breaks. */
function csvRows(body: string): string[][] {
  const lines = body.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) =>
    line.includes('"') ? quotedCells(line) : line.split(',').map((cell) => cell.trim()),
  );
}

function quotedCells(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))/g);
  return Array.from(
    cells,
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.trim(),
  );
}

function jsonLines(body: string): unknown[] {
  const lines = body.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line, at) => instanceOf(parsed(line, `line ${at + 1}`), at));
}

function feedsOfJson(body: string, inputs: readonly InputInfo[]): Feed[] {
  const value = parsed(body, 'the body');
  if (isRecord(value) && Array.isArray(value.instances)) {
    return feedsOfRows(value.instances.map(instanceOf), inputs, 'json');
  }
  if (!isRecord(value) || !isRecord(value.inputs)) {
    throw new Misfit('the body must be {"instances": [...]} or {"inputs": {"name": [...]}}');
  }
  const named = value.inputs;
  const names = inputs.map(({ name }) => name);
  const strange = Object.keys(named).find((name) => !names.includes(name));
  if (strange !== undefined) {
    throw new Misfit(`the model has no input ${strange}; its inputs are ${names.join(', ')}`);
  }
  return inputs.map((input) => {
    if (!(input.name in named)) throw new Misfit(`the input ${input.name} is missing`);
    return feedOf(input, named[input.name], 'json');
  });
}

/** A row as it is, or under `features`. */
function instanceOf(value: unknown, at: number): unknown {
  if (!isRecord(value)) return value;
  if (Array.isArray(value.features)) return value.features;
  throw new Misfit(`row ${at + 1} must be an array or {"features": [...]}`);
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Misfit(`${what} is not JSON: ${reasonOf(cause)}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One input takes whole rows; of several, each takes the column at its place. */
function feedsOfRows(
  rows: readonly unknown[],
  inputs: readonly InputInfo[],
  source: Source,
): Feed[] {
  if (rows.length === 0) throw new Misfit('there are no rows');
  const [first] = inputs;
  assert(first, 'a model has inputs');
  if (inputs.length === 1) {
    const flat = first.dims.length === 1;
    return [feedOf(first, flat ? rows.map((row) => onlyCell(row)) : rows, source)];
  }
  rows.forEach((row, at) => {
    const columns = Array.isArray(row) ? row.length : 1;
    if (columns !== inputs.length) {
      throw new Misfit(`row ${at + 1} has ${columns} columns, the model needs ${inputs.length}`);
    }
  });
  return inputs.map((input, column) => {
    const cells = rows.map((row) => (Array.isArray(row) ? row[column] : row));
    const nested = input.dims.length === 1 ? cells : cells.map((cell) => [cell]);
    return feedOf(input, nested, source, column);
  });
}

function onlyCell(row: unknown): unknown {
  return Array.isArray(row) && row.length === 1 ? row[0] : row;
}

function feedOf(input: InputInfo, nested: unknown, source: Source, column?: number): Feed {
  const dims = dimsOf(nested);
  input.dims.forEach((wanted, at) => {
    const got = dims[at];
    if (typeof wanted !== 'number' || wanted < 0 || got === undefined || got === wanted) return;
    const what = at === 0 ? `there are ${got} rows` : at === 1 ? `row 1 has ${got} columns` : '';
    throw new Misfit(`${what || `dimension ${at + 1} is ${got}`}, the model needs ${wanted}`);
  });
  if (dims.length !== input.dims.length) {
    throw new Misfit(
      `the input ${input.name} needs ${input.dims.length} dimensions, got ${dims.length}`,
    );
  }
  const cells: unknown[] = [];
  flatten(nested, { dims, depth: 0, path: [], column }, (cell, where) =>
    cells.push(convert(cell, { type: input.type, source, where })),
  );
  return { name: input.name, type: input.type, dims, data: dataOf(input.type, cells) };
}

/** As the first element of each level has it; `flatten` holds the others to it. */
function dimsOf(nested: unknown): number[] {
  const dims: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]) dims.push(level.length);
  return dims;
}

interface Walk {
  readonly dims: readonly number[];
  readonly depth: number;
  readonly path: readonly number[];
  /** Where the cells stood before the columns were taken apart. */
  readonly column: number | undefined;
}

function flatten(value: unknown, walk: Walk, take: (cell: unknown, where: string) => void): void {
  const { dims, depth, path, column } = walk;
  const where = () => placeOf(path, column);
  if (depth === dims.length) {
    if (Array.isArray(value)) throw new Misfit(`${where()} is a list where a value is needed`);
    return take(value, where());
  }
  if (!Array.isArray(value)) throw new Misfit(`${where()} is a value where a list is needed`);
  if (value.length !== dims[depth]) {
    const unit = depth === 1 ? 'columns' : 'elements';
    throw new Misfit(`${where()} has ${value.length} ${unit}, the first has ${dims[depth]}`);
  }
  value.forEach((item: unknown, at) => {
    flatten(item, { dims, depth: depth + 1, path: [...path, at + 1], column }, take);
  });
}

function placeOf(path: readonly number[], column: number | undefined): string {
  const [row = 1, second, ...deeper] = path;
  const cell = column === undefined ? second : column + 1;
  const more = deeper.map((at) => `, element ${at}`).join('');
  return cell === undefined ? `row ${row}` : `row ${row}, column ${cell}${more}`;
}

interface Rule {
  readonly type: ElementType;
  readonly source: Source;
  readonly where: string;
}

function convert(cell: unknown, { type, source, where }: Rule): unknown {
  const fail = (rule: string) => {
    throw new Misfit(`${where}: ${JSON.stringify(cell)?.slice(0, 100)} is not ${rule}`);
  };
  if (type === 'string') return typeof cell === 'string' ? cell : fail('a text');
  if (type === 'bool') return asBool(cell, source) ?? fail('true or false');
  const number = asNumber(cell, source);
  if (number === undefined) return fail('a number');
  if (type === 'float32' || type === 'float64') return number;
  if (!Number.isSafeInteger(number)) return fail('a whole number');
  if (type === 'int32' && number !== (number | 0)) return fail('a number of 32 bits');
  return type === 'int64' ? BigInt(number) : number;
}

/** An empty cell and null are missing values, NaN; undefined is no number at all. */
function asNumber(cell: unknown, source: Source): number | undefined {
  if (typeof cell === 'number') return cell;
  if (cell === null || cell === '') return Number.NaN;
  if (source !== 'text' || typeof cell !== 'string') return undefined;
  const number = Number(cell);
  return Number.isNaN(number) && !/^nan$/i.test(cell) ? undefined : number;
}

function asBool(cell: unknown, source: Source): boolean | undefined {
  if (typeof cell === 'boolean') return cell;
  if (cell === 1 || (source === 'text' && /^(1|true)$/i.test(String(cell)))) return true;
  if (cell === 0 || (source === 'text' && /^(0|false)$/i.test(String(cell)))) return false;
  return undefined;
}

function dataOf(type: ElementType, cells: readonly unknown[]): TensorData {
  if (type === 'string') return cells.map(String);
  if (type === 'int64') return BigInt64Array.from(cells, (cell) => BigInt(Number(cell)));
  const numbers = cells.map(Number);
  if (type === 'float32') return Float32Array.from(numbers);
  if (type === 'float64') return Float64Array.from(numbers);
  return type === 'int32' ? Int32Array.from(numbers) : Uint8Array.from(numbers);
}
