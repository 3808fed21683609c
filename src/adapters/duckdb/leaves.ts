/** The columns of a file that has types: nested structures become columns with dotted names. */
import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import { type Leaf, literal, name as quoted, type Sort } from './sql.ts';

/** Longer lists stay one column of text. */
export const longestList = 256;

/** Answers the largest length of a list expression over the file. */
export type Measure = (listExpression: string) => Promise<number>;

/** `a.b` is member b of structure a, `a.0` the first item of list a. */
export async function leavesOf(
  columns: readonly (readonly [string, DuckDBType])[],
  measure: Measure,
): Promise<readonly Leaf[]> {
  const leaves: Leaf[] = [];
  const visit = async (name: string, expression: string, type: DuckDBType): Promise<void> => {
    if (type instanceof DuckDBStructType) {
      for (const [i, entry] of type.entryNames.entries()) {
        const inner = `struct_extract(${expression}, ${literal(entry)})`;
        const innerType = type.entryTypes[i];
        if (innerType) await visit(`${name}.${entry}`, inner, innerType);
      }
      return;
    }
    if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
      const length = await measure(`len(${expression})`);
      if (length <= longestList) {
        for (let i = 0; i < length; i += 1) {
          await visit(`${name}.${i}`, `${expression}[${i + 1}]`, type.valueType);
        }
        return;
      }
    }
    leaves.push(leafOf(name, expression, type));
  };
  for (const [name, type] of columns) await visit(name, quoted(name), type);
  return leaves;
}

const integralTypes = new Set<DuckDBTypeId>([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
]);

function leafOf(name: string, expression: string, type: DuckDBType): Leaf {
  const sort = sortOf(type);
  if (sort !== 'text') return { name, expression, sort };
  // JSON keeps its quotes when cast, and loses them by extraction.
  if (type.alias === 'JSON') return { name, expression: `(${expression} ->> '$')`, sort };
  return { name, expression: `(${expression})::VARCHAR`, sort };
}

function sortOf(type: DuckDBType): Sort {
  if (integralTypes.has(type.typeId)) return 'integral';
  if (type.typeId === DuckDBTypeId.BOOLEAN) return 'boolean';
  if (type.typeId === DuckDBTypeId.FLOAT || type.typeId === DuckDBTypeId.DOUBLE) {
    return 'fractional';
  }
  if (type instanceof DuckDBDecimalType) return type.scale === 0 ? 'integral' : 'fractional';
  return 'text';
}

/** The same shape with every value as its text, for sources whose values have no types. */
export function asTexts(type: DuckDBType): string {
  if (type instanceof DuckDBStructType) {
    const entries = type.entryNames.map(
      (entry, i) => `${quoted(entry)} ${asTexts(type.entryTypes[i] ?? type)}`,
    );
    return `STRUCT(${entries.join(', ')})`;
  }
  return type instanceof DuckDBListType ? `${asTexts(type.valueType)}[]` : 'VARCHAR';
}
