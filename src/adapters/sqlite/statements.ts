/**
 * The statements that nearly every request runs, compiled once: Kysely's builder costs several
 * times what SQLite needs to run them. Rarer ones are built where they are used.
 */
import { CompiledQuery, type Kysely, type QueryResult } from 'kysely';
import type { Tables } from './schema.ts';

/** Which bounds a slice of keys has, and its direction. */
export interface SliceShape {
  readonly lower: '>' | '>=' | undefined;
  readonly upper: '<' | undefined;
  readonly descending: boolean;
}

export class Statements {
  readonly #get: string;
  readonly #put: string;
  readonly #remove: string;
  readonly #slices = new Map<string, string>();

  constructor(db: Kysely<Tables>) {
    this.#get = db
      .selectFrom('rows')
      .select('document')
      .where('collection', '=', '')
      .where('key', '=', '')
      .compile().sql;
    this.#put = db
      .insertInto('rows')
      .values({ collection: '', key: '', document: '' })
      .onConflict((conflict) =>
        conflict
          .columns(['collection', 'key'])
          .doUpdateSet((eb) => ({ document: eb.ref('excluded.document') })),
      )
      .compile().sql;
    this.#remove = db
      .deleteFrom('rows')
      .where('collection', '=', '')
      .where('key', '=', '')
      .compile().sql;
  }

  async get(db: Kysely<Tables>, collection: string, key: string): Promise<string | undefined> {
    const { rows } = await run<{ document: string }>(db, this.#get, [collection, key]);
    return rows[0]?.document;
  }

  async put(db: Kysely<Tables>, row: Tables['rows']): Promise<void> {
    await run(db, this.#put, [row.collection, row.key, row.document]);
  }

  /** False when there was nothing to remove. */
  async remove(db: Kysely<Tables>, collection: string, key: string): Promise<boolean> {
    const { numAffectedRows } = await run(db, this.#remove, [collection, key]);
    return (numAffectedRows ?? 0n) > 0n;
  }

  /** `values`: collection, the bounds there are, limit. */
  async slice(db: Kysely<Tables>, shape: SliceShape, values: readonly unknown[]) {
    const name = `${shape.lower} ${shape.upper} ${shape.descending}`;
    const known = this.#slices.get(name) ?? compileSlice(db, shape);
    this.#slices.set(name, known);
    const { rows } = await run<{ key: string; document: string }>(db, known, values);
    return rows;
  }
}

function compileSlice(db: Kysely<Tables>, { lower, upper, descending }: SliceShape): string {
  let query = db.selectFrom('rows').select(['key', 'document']).where('collection', '=', '');
  if (lower) query = query.where('key', lower, '');
  if (upper) query = query.where('key', upper, '');
  return query
    .orderBy('key', descending ? 'desc' : 'asc')
    .limit(1)
    .compile().sql;
}

function run<Row>(
  db: Kysely<Tables>,
  sql: string,
  values: readonly unknown[],
): Promise<QueryResult<Row>> {
  return db.executeQuery<Row>(CompiledQuery.raw(sql, [...values]));
}
