/** What every `Analytics` must do: kinds and values of cells, order, limits, and bad files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Analytics, type TabularFormat, UnreadableData } from './analytics.ts';

export interface Subject {
  readonly analytics: Analytics;
  /** Writes the rows of a SQL-free JSON Lines file as Parquet with the types JSON implies. */
  toParquet(jsonLinesPath: string, parquetPath: string): Promise<void>;
}

/** Per column and row: undefined, a number, or a text; kinds apart. */
interface Table {
  readonly rows: number;
  readonly kinds: Record<string, number[]>;
  readonly values: Record<string, (number | string | undefined)[]>;
}

export async function tableOf(
  analytics: Analytics,
  paths: readonly string[],
  format: TabularFormat,
): Promise<Table> {
  let rows = 0;
  const kinds: Table['kinds'] = {};
  const values: Table['values'] = {};
  for await (const batch of analytics.scan({ paths, format })) {
    rows += batch.rows;
    expect(batch.rows).toBeLessThanOrEqual(16_384);
    for (const column of batch.columns) {
      kinds[column.name] ??= [];
      values[column.name] ??= [];
      for (let i = 0; i < batch.rows; i += 1) {
        const kind = column.kinds[i] ?? 0;
        const number = column.numbers[i] ?? Number.NaN;
        const isNumber = kind === 1 || kind === 2;
        if (Number.isNaN(number) === isNumber) throw new Error(`${kind} is ${number}`);
        if ((column.texts[i] === undefined) !== kind < 3) throw new Error(`${kind} as text`);
        kinds[column.name]?.push(kind);
        values[column.name]?.push(isNumber ? number : column.texts[i]);
      }
    }
  }
  return { rows, kinds, values };
}

const kindTable: readonly (readonly [string, number, (number | string)?])[] = [
  ['', 0],
  ['1', 1, 1],
  ['-1', 1, -1],
  ['+7', 1, 7],
  ['- 5', 1, -5],
  ['007', 1, 7],
  ['1.5', 2, 1.5],
  ['3.0', 2, 3],
  ['1e5', 2, 100_000],
  ['-1.5E-3', 2, -0.0015],
  ['+ 2.25', 2, 2.25],
  ['0.1', 2, 0.1],
  ['123456789.125', 2, 123_456_789.125],
  ['true', 3, 'true'],
  ['false', 3, 'false'],
  ['True', 4, 'True'],
  ['.5', 4, '.5'],
  ['5.', 4, '5.'],
  ['5 ', 4, '5 '],
  ['--5', 4, '--5'],
  ['1_000', 4, '1_000'],
  ['0x10', 4, '0x10'],
  ['NaN', 4, 'NaN'],
  ['inf', 4, 'inf'],
  ['1e999', 4, '1e999'],
  ['٣', 4, '٣'],
  ['Ünïcode', 4, 'Ünïcode'],
  ['a "quoted", b', 4, 'a "quoted", b'],
  ['two\nlines', 4, 'two\nlines'],
];

const csvCell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

interface Bad {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly format: TabularFormat;
  readonly why: string;
  readonly line?: number;
}

/** What the cases share: the adapter, and a folder for their files. */
interface Bench extends Subject {
  readonly folder: string;
  file(name: string, content: string | Uint8Array): Promise<string>;
  read(name: string, content: string | Uint8Array, format: TabularFormat): Promise<Table>;
}

const csv = { kind: 'csv', header: true } as const;

export function analyticsContract(open: () => Promise<Subject>): void {
  describe('analytics', () => {
    let bench: Bench | undefined;
    const get = () => {
      if (!bench) throw new Error('the suite has not begun');
      return bench;
    };
    beforeAll(async () => {
      bench = await benchOf(await open());
    });
    afterAll(async () => {
      await get().analytics.close();
      await rm(get().folder, { recursive: true });
    });
    csvCases(get);
    typedCases(get);
    badCases(get);
  });
}

async function benchOf(subject: Subject): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'analytics-'));
  const file: Bench['file'] = async (name, content) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  const read: Bench['read'] = async (name, content, format) =>
    tableOf(subject.analytics, [await file(name, content)], format);
  return { ...subject, folder, file, read };
}

function csvCases(get: () => Bench): void {
  test('texts are told apart by the rules of inference', async () => {
    const lines = kindTable.map(([text], i) => `${i},${csvCell(text)}\n`).join('');
    const { kinds, values } = await get().read('kinds.csv', `i,cell\n${lines}`, csv);
    expect(kinds['cell']).toEqual(kindTable.map(([, kind]) => kind));
    expect(values['cell']).toEqual(kindTable.map(([, , value]) => value));
  });

  test('without a header columns are numbered', async () => {
    const format = { kind: 'csv', header: false } as const;
    const { values } = await get().read('bare.csv', '\uFEFF1,"x,y"\r\n2,z\r\n', format);
    expect(values).toEqual({ _c0: [1, 2], _c1: ['x,y', 'z'] });
  });

  test('rows keep their order over many batches and several files', async () => {
    const lines = (from: number) =>
      Array.from({ length: 20_000 }, (_, i) => `${from + i}\n`).join('');
    const paths = [
      await get().file('a.csv', `n\n${lines(0)}`),
      await get().file('b.csv', `n\n${lines(20_000)}`),
    ];
    const { rows, values } = await tableOf(get().analytics, paths, csv);
    expect(rows).toBe(40_000);
    expect(values['n']?.every((n, i) => n === i)).toBe(true);
  });

  test('a header alone is a table of no rows that has its columns', async () => {
    const { rows, values } = await get().read('head.csv', 'a,"b ""c"""\n', csv);
    expect({ rows, values }).toEqual({ rows: 0, values: { a: [], 'b "c"': [] } });
  });

  test('blank lines before the header are not it', async () => {
    const { values } = await get().read('lead.csv', '\r\n\r\na,b\r\n1,2\r\n', csv);
    expect(values).toEqual({ a: [1], b: [2] });
  });

  test('odd names of files and columns are only names', async () => {
    const { values } = await get().read(
      "o'dd [1] *.csv",
      `"it's; DROP TABLE x","a ""b""",select,Select\n1,2,3,4\n`,
      csv,
    );
    expect(values).toEqual({ "it's; DROP TABLE x": [1], 'a "b"': [2], select: [3], Select: [4] });
  });
}

function typedCases(get: () => Bench): void {
  test('JSON Lines are flattened, and late keys found', async () => {
    const text =
      '{"a":1,"n":{"x":1.5,"y":{"z":"q"}},"l":[1,2]}\n' +
      '{"a":"v","n":{"x":3},"l":[7],"day":"2020-01-02T03:04:05Z","ok":true}\n';
    const { values, kinds } = await get().read('nested.jsonl', text, { kind: 'jsonLines' });
    expect(values).toEqual({
      a: [1, 'v'],
      'n.x': [1.5, 3],
      'n.y.z': ['q', undefined],
      'l.0': [1, 7],
      'l.1': [2, undefined],
      day: [undefined, '2020-01-02T03:04:05Z'],
      ok: [undefined, 'true'],
    });
    expect(kinds['n.x']).toEqual([2, 1]);
  });

  test('JSON is an array of objects, or one object', async () => {
    const json = { kind: 'json' } as const;
    expect((await get().read('many.json', '[{"a":1},\n {"a":2}]', json)).values).toEqual({
      a: [1, 2],
    });
    expect((await get().read('one.json', '{\n "a": 1,\n "b": null\n}\n', json)).values).toEqual({
      a: [1],
      b: [undefined],
    });
  });

  test('Parquet has types: whole numbers, fractions, structures, texts', async () => {
    const rows =
      '{"i":1,"f":2.5,"s":"5","b":true,"n":{"x":1},"d":"2020-01-02"}\n' +
      '{"i":2,"f":3,"s":"x","b":null,"n":{"x":null},"d":"2020-01-03"}\n';
    const path = join(get().folder, 'typed.parquet');
    await get().toParquet(await get().file('typed.jsonl', rows), path);
    const table = await tableOf(get().analytics, [path], { kind: 'parquet' });
    expect(table.values).toEqual({
      i: [1, 2],
      f: [2.5, 3],
      s: [5, 'x'],
      b: ['true', undefined],
      'n.x': [1, undefined],
      d: ['2020-01-02', '2020-01-03'],
    });
    expect(table.kinds).toMatchObject({ i: [1, 1], f: [2, 2], s: [1, 4], d: [4, 4] });
  });
}

const bad: readonly Bad[] = [
  { name: 'empty.csv', content: '', format: csv, why: 'is empty' },
  { name: 'blank.csv', content: '\n\n', format: csv, why: 'is empty' },
  {
    name: 'long.csv',
    content: 'a,b\n1,2\n3,4,5\n',
    format: csv,
    why: '3 columns where 2 are expected: "3,4,5"',
    line: 3,
  },
  {
    name: 'short.csv',
    content: 'a,b\n1,2\n3\n',
    format: csv,
    why: '1 columns where 2 are expected: "3"',
    line: 3,
  },
  {
    name: 'open.csv',
    content: 'a,b\n1,2\n"x,4\n5,6\n',
    format: csv,
    why: 'a quote is not closed',
    line: 3,
  },
  {
    name: 'latin.csv',
    content: Buffer.from('a,b\n1,2\n3,caf\xe9\n', 'latin1'),
    format: csv,
    why: 'is not UTF-8',
    line: 3,
  },
  {
    name: 'latin-header.csv',
    content: Buffer.from('a,caf\xe9\n1,2\n', 'latin1'),
    format: csv,
    why: 'is not UTF-8',
    line: 1,
  },
  {
    name: 'wide.csv',
    content: Buffer.from('\uFEFFa,b\n', 'utf16le'),
    format: csv,
    why: 'is UTF-16',
    line: 1,
  },
  {
    name: 'twice.csv',
    content: 'a,b,a\n1,2,3\n',
    format: csv,
    why: 'the column "a" is there twice',
    line: 1,
  },
  {
    name: 'cut.jsonl',
    content: '{"a":1}\n{"a":\n',
    format: { kind: 'jsonLines' },
    why: 'not JSON: "{\\"a\\":"',
    line: 2,
  },
  {
    name: 'late.jsonl',
    content: '{"a":1}\n\n\n{bad}\n{"a":2}\n',
    format: { kind: 'jsonLines' },
    why: 'not JSON: "{bad}"',
    line: 4,
  },
  {
    name: 'latin.jsonl',
    content: Buffer.from('{"a":"x"}\n{"a":"caf\xe9"}\n', 'latin1'),
    format: { kind: 'jsonLines' },
    why: 'is not UTF-8',
    line: 2,
  },
  {
    name: 'list.jsonl',
    content: '{"a":1}\n[1,2]\n',
    format: { kind: 'jsonLines' },
    why: 'every value must be an object: "[1,2]"',
    line: 2,
  },
  {
    name: 'text.json',
    content: 'hello',
    format: { kind: 'json' },
    why: 'must begin with [ or {',
    line: 1,
  },
  {
    name: 'not.parquet',
    content: 'hello hello hello',
    format: { kind: 'parquet' },
    why: 'is not a Parquet file',
  },
];

function badCases(get: () => Bench): void {
  test.each(bad)('$name is refused by name', async ({ name, content, format, why, line }) => {
    const error = await get()
      .read(name, content, format)
      .then(
        () => undefined,
        (cause: unknown) => cause,
      );
    expect(error).toBeInstanceOf(UnreadableData);
    expect(error).toMatchObject({ path: join(get().folder, name) });
    expect(String(error)).toContain(why);
    if (line !== undefined) expect(error).toMatchObject({ line });
  });

  test('a missing file is refused by name', async () => {
    const path = join(get().folder, 'none.csv');
    await expect(tableOf(get().analytics, [path], csv)).rejects.toThrow(
      `${path}: there is no such file`,
    );
  });

  test('files of one scan must have the same columns', async () => {
    const paths = [
      await get().file('x.csv', 'a,b\n1,2\n'),
      await get().file('y.csv', 'a,c\n1,2\n'),
    ];
    await expect(tableOf(get().analytics, paths, csv)).rejects.toThrow('without b and with c');
  });

  test('an aborted scan ends with the reason', async () => {
    const path = await get().file('abort.csv', `n\n${'1\n'.repeat(100_000)}`);
    const stop = new AbortController();
    const seen = async () => {
      for await (const batch of get().analytics.scan({ paths: [path], format: csv }, stop)) {
        if (batch.rows > 0) stop.abort(new Error('enough'));
      }
    };
    await expect(seen()).rejects.toThrow('enough');
  });
}
