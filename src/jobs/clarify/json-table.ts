/**
 * Rows picked from JSON by expressions: features, and columns of labels beside them. JSON Lines
 * have a row a line; of a document the expressions pick lists.
 */

import { createReadStream } from 'node:fs';
import { gather, TooManyBytes } from '../../kernel/bytes.ts';
import { jsonText } from '../../kernel/json.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { linesOf } from '../data-quality/lines.ts';
import type { InputFile } from '../processing/analysis.ts';
import { ColumnBuilder, finished, longestCell, type Table } from './columns.ts';
import type { DatasetType } from './config.ts';

const largestDocumentBytes = 512 * 1024 * 1024;

export interface JsonPicks {
  readonly features: string;
  /** Each one column after those of the features. */
  readonly others: readonly { readonly expression: string; readonly name: string }[];
}

export interface PickRequest {
  readonly files: readonly InputFile[];
  readonly type: DatasetType;
  /** Of the features, or of all columns. */
  readonly headers: readonly string[] | undefined;
  readonly picks: JsonPicks;
}

type Pick = (document: unknown) => unknown;

interface CompiledPicks {
  readonly features: Pick;
  readonly others: readonly { readonly name: string; readonly pick: Pick }[];
}

/** Refused with the file, the line or row, and the column. Throws `UnreadableData`. */
export async function pickTable(
  query: JsonQuery,
  request: PickRequest,
  options: Abortable,
): Promise<Outcome<Table>> {
  const compiled = compile(query, request.picks);
  if (!compiled.ok) return compiled;
  const growing = new GrowingTable(request.headers, compiled.value);
  for (const { path, uri } of request.files) {
    const added =
      request.type === 'application/jsonlines'
        ? await addLines(growing, path, options)
        : await addDocument(growing, path, options);
    if (!added.ok) return refuse(`${uri}: ${added.reason}`);
  }
  return growing.finish();
}

function compile(query: JsonQuery, { features, others }: JsonPicks): Outcome<CompiledPicks> {
  const pick = query.compile(features);
  if (!pick.ok) return refuse(`features: ${pick.reason}`);
  const compiled: { name: string; pick: Pick }[] = [];
  for (const { expression, name } of others) {
    const other = query.compile(expression);
    if (!other.ok) return refuse(`${name}: ${other.reason}`);
    compiled.push({ name, pick: other.value });
  }
  return ok({ features: pick.value, others: compiled });
}

async function addLines(
  table: GrowingTable,
  path: string,
  options: Abortable,
): Promise<Outcome<void>> {
  for await (const { number, text } of linesOf(path, options)) {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (cause) {
      return refuse(`line ${number}: not JSON: ${reasonOf(cause)}`);
    }
    const added = table.addRecord(document);
    if (!added.ok) return refuse(`line ${number}: ${added.reason}`);
  }
  return ok(undefined);
}

async function addDocument(
  table: GrowingTable,
  path: string,
  { signal }: Abortable,
): Promise<Outcome<void>> {
  const bytes = await gather(
    createReadStream(path, signal ? { signal } : {}),
    largestDocumentBytes,
  ).catch((cause: unknown) => {
    if (cause instanceof TooManyBytes) return undefined;
    throw cause;
  });
  if (!bytes) return refuse(`is larger than ${largestDocumentBytes} bytes; use JSON Lines`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return table.addDocument(JSON.parse(text));
  } catch (cause) {
    return refuse(`not JSON: ${reasonOf(cause)}`);
  }
}

/** Rows picked from JSON; the first says how many features there are. */
export class GrowingTable {
  readonly #headers: readonly string[] | undefined;
  readonly #picks: CompiledPicks;
  #names: readonly string[] = [];
  #builders: readonly ColumnBuilder[] | undefined;

  constructor(headers: readonly string[] | undefined, picks: CompiledPicks) {
    this.#headers = headers;
    this.#picks = picks;
  }

  /** One row from one document. */
  addRecord(document: unknown): Outcome<void> {
    const cells = this.#picks.features(document);
    const others = this.#picks.others.map(({ pick }) => pick(document));
    return this.#addRow(cells, others);
  }

  /** All rows of one document. */
  addDocument(document: unknown): Outcome<void> {
    const rows = this.#picks.features(document);
    if (!Array.isArray(rows)) return refuse('features must pick a list of rows');
    const others: (readonly unknown[])[] = [];
    for (const { name, pick } of this.#picks.others) {
      const values = pick(document);
      if (!Array.isArray(values) || values.length !== rows.length) {
        const count = Array.isArray(values) ? values.length : 0;
        return refuse(`${name} picks ${count} values and features picks ${rows.length} rows`);
      }
      others.push(values);
    }
    for (const [at, cells] of (rows as readonly unknown[]).entries()) {
      const added = this.#addRow(
        cells,
        others.map((values) => values[at]),
      );
      if (!added.ok) return refuse(`row ${at + 1}: ${added.reason}`);
    }
    return ok(undefined);
  }

  finish(): Outcome<Table> {
    const builders = this.#builders ?? [];
    return finished(new Map(builders.map((builder, at) => [this.#names[at] ?? '', builder])));
  }

  #addRow(picked: unknown, others: readonly unknown[]): Outcome<void> {
    const isObject = typeof picked === 'object' && picked !== null && !Array.isArray(picked);
    const features: unknown = isObject ? Object.values(picked) : picked;
    if (!Array.isArray(features)) return refuse('features must pick a list of values');
    const cells = [...(features as readonly unknown[]), ...others];
    if (!this.#builders) {
      const keys = isObject ? Object.keys(picked) : undefined;
      const names = this.#namesOf(features.length, keys);
      if (!names.ok) return names;
      this.#names = names.value;
      this.#builders = names.value.map(() => new ColumnBuilder());
    }
    if (cells.length !== this.#builders.length) {
      const before = this.#builders.length - others.length;
      return refuse(`has ${features.length} features, and the first row has ${before}`);
    }
    for (const [at, builder] of this.#builders.entries()) {
      const fault = addCell(builder, cells[at]);
      if (fault !== undefined) return refuse(`column ${this.#names[at]}: ${fault}`);
    }
    return ok(undefined);
  }

  #namesOf(features: number, keys: readonly string[] | undefined): Outcome<readonly string[]> {
    const others = this.#picks.others.map(({ name }) => name);
    const headers = this.#headers;
    const plain = keys ?? Array.from({ length: features }, (_, at) => `column_${at}`);
    if (!headers) return ok([...plain, ...others]);
    if (headers.length === features + others.length) return ok(headers);
    if (headers.length === features) return ok([...headers, ...others]);
    return refuse(
      `headers names ${headers.length} columns, and there are ${features} features and ` +
        `${others.length} columns of labels`,
    );
  }
}

/** What is wrong with the value, or undefined. */
export function addCell(builder: ColumnBuilder, value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') builder.addMissing();
  else if (typeof value === 'number') builder.addNumber(value);
  else if (typeof value === 'boolean') builder.addText(String(value));
  else if (typeof value !== 'string') return `${jsonText(value).slice(0, 60)} is no value`;
  else if (value.length > longestCell) return `is longer than ${longestCell} characters`;
  else builder.addText(value);
  return undefined;
}
