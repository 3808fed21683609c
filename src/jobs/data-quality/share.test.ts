/**
 * Lines read from bytes are the rows that readers of texts make of them, however they are written.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { captureLine } from '../../engines/capture/record.ts';
import { batchOf } from '../../engines/profile/batcher.ts';
import {
  emptyProfile,
  observe,
  type Profile,
  profileToJson,
} from '../../engines/profile/profile.ts';
import { CellTable } from '../../engines/profile/table.ts';
import {
  type CaptureFormat,
  defaultCaptureFormat,
  rowsOfCapture,
} from '../../engines/records/rows.ts';
import type { TabularFormat } from '../../ports/analytics.ts';
import { blocksOf } from './blocks.ts';
import { captureBytes, LineReader } from './capture-line.ts';
import { profileShares, type Share } from './pieces.ts';
import { profileInputs } from './read.ts';
import { shareProfiler } from './share.ts';

const analytics = duckdbAnalytics({ temporaryFolder: tmpdir(), threads: 1, memoryLimit: '512MB' });
const profile = shareProfiler(analytics);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'share-'));
});
afterAll(async () => {
  await analytics.close();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** Columns in any order: places that were guessed and put right may have had theirs first. */
function sorted(found: Profile | undefined) {
  const { columns, ...rest } = profileToJson(found ?? emptyProfile());
  const sides = columns.map(({ texts, numbers, ...column }) => ({
    ...column,
    texts: { ...texts, counts: [...texts.counts].sort() },
    numbers: { ...numbers, counts: [...numbers.counts].sort() },
  }));
  return { ...rest, columns: sides };
}

type Side = readonly [encoding: string, data: string, type?: string | null];
interface Line {
  readonly input?: Side;
  readonly output?: Side;
  readonly metadata?: object;
  readonly end?: string;
}

function lineOf({ input, output, metadata = {}, end = '\n' }: Line): string {
  const side = (mode: string, of: Side | undefined) =>
    of && { observedContentType: of[2] ?? null, mode, data: of[1], encoding: of[0] };
  return `${JSON.stringify({
    captureData: { endpointInput: side('INPUT', input), endpointOutput: side('OUTPUT', output) },
    eventMetadata: { eventId: 'e-1', inferenceTime: '2026-01-01T00:00:00Z', ...metadata },
    eventVersion: '0',
  })}${end}`;
}

const cell = fc.constantFrom(
  '1',
  '-2.5',
  '',
  'red',
  'blue green',
  'true',
  '3e5',
  'é',
  '0.1234567890123',
);
const odd = fc.constantFrom('"a,b"', '"x ""y"""', 'a\\b', '\u2028', 'tab\there');
const record = (of: fc.Arbitrary<string>, cells: number) =>
  fc.array(of, { minLength: cells, maxLength: cells }).map((texts) => `x${texts.join(',')}`);
const csvBody = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.nat(9))
  .chain(([rows, cells, returns, oddly]) =>
    fc
      .array(record(oddly === 0 ? odd : cell, cells), { minLength: rows, maxLength: rows })
      .map((lines) => lines.join(returns ? '\r\n' : '\n') + (oddly < 5 ? '\n' : '')),
  );
const inputSide: fc.Arbitrary<Side> = fc.oneof(
  { weight: 6, arbitrary: csvBody.map((data) => ['CSV', data, 'text/csv'] as const) },
  { weight: 1, arbitrary: fc.constant(['JSON', '{"a":1,"b":"x"}'] as const) },
  { weight: 1, arbitrary: csvBody.map((data) => ['BASE64', btoa(encodeURI(data))] as const) },
);
const metadata = fc.constantFrom(
  {},
  { inferenceId: 'mine' },
  { inferenceId: 'quoted "id"' },
  { invocationSource: 'ShadowExperiment' },
  { inferenceTime: '2026-01-01T05:00:00Z' },
  { customAttributes: ['a=b'] },
);
const anyLine: fc.Arbitrary<string> = fc
  .record({
    input: fc.option(inputSide, { nil: undefined, freq: 8 }),
    outputs: fc.option(fc.constantFrom('0.5', '1,0.25', 'yes'), { nil: undefined, freq: 8 }),
    metadata,
    end: fc.constantFrom('\n', '\n', '\r\n', '\n \n'),
  })
  .map(({ input, outputs, ...rest }) => {
    const rows = input?.[0] === 'CSV' ? input[1].trim().split(/\r?\n/).length : 1;
    const data = outputs === undefined ? undefined : `${outputs}\n`.repeat(rows);
    const sides = {
      ...(input ? { input } : {}),
      ...(data === undefined ? {} : { output: ['CSV', data, 'text/csv; charset=utf-8'] as const }),
    };
    return lineOf({ ...sides, ...rest });
  })
  .filter((line) => line.includes('"endpoint'));

const formats: readonly CaptureFormat[] = [
  defaultCaptureFormat,
  { ...defaultCaptureFormat, outputColumnsPosition: 'END' },
  { captureIndexNames: ['endpointInput'], outputColumnsPosition: 'START' },
  { captureIndexNames: ['endpointOutput'], outputColumnsPosition: 'START' },
  {
    ...defaultCaptureFormat,
    between: { startMs: Date.UTC(2026, 0, 1), endMs: Date.UTC(2026, 0, 1, 1) },
  },
];

test.each(formats)('captured lines of every sort, as %j', async (as) => {
  const check = async (lines: readonly string[]) => {
    const text = lines.join('');
    const expected = emptyProfile();
    let reason = '';
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const found = rowsOfCapture(line, as);
      if (!found.ok) reason ||= found.reason;
      else if (found.value.rows.length > 0) {
        expected.looseNumbers ||= found.value.json;
        observe(expected, batchOf(found.value.rows));
      }
    }
    const path = await file('any.jsonl', text);
    const piece = [{ path, from: 0, to: Buffer.byteLength(text) }];
    const found = await profile({ kind: 'capture', piece, as }, {});
    if (reason !== '') expect(found.ok ? '' : found.reason).toContain(reason);
    else expect(found.ok && sorted(found.value)).toEqual(sorted(expected));
  };
  const lines = fc.array(anyLine, { minLength: 1, maxLength: 12 });
  await fc.assert(fc.asyncProperty(lines, check), { numRuns: 30 });
});

test('lines as the gateway writes them are read from bytes, not by the general reader', () => {
  const side = (contentType: string, text: string) => {
    const body = Buffer.from(text);
    return { contentType, body, sizeBytes: body.length };
  };
  const event = {
    eventId: '3f1c2b9e-8a4d-4a53-9f51-000000000001',
    inferenceTimeMs: 1_780_000_000_000,
    input: side('text/csv', '1,red,0.25\n2,blue,-3e2\n'),
    output: side('text/csv; charset=utf-8', '0.5\n0.75\n'),
  };
  for (const more of [{}, { inferenceId: 'mine' }]) {
    const types = { csvTypes: ['text/csv'], jsonTypes: ['application/json'] };
    const line = Buffer.from(captureLine({ ...event, ...more }, types));
    const table = new CellTable();
    const reader = new LineReader(table, defaultCaptureFormat);
    expect(reader.read(captureBytes(line), 0)).toBe(line.length);
    expect(table.rows).toBe(2);
  }
});

test('a line that is not quite JSON is refused, however it ends', async () => {
  const good = lineOf({ input: ['CSV', '1,2'], output: ['CSV', '3'] });
  const bad = [
    good.replace('"}}', '"}'),
    good.replace('"eventVersion":"0"}', '"eventVersion":"0"'),
    good.replace('},"endpointOutput"', '}"endpointOutput"'),
    good.replace('1,2', '1,\t2'),
    good.replace('1,2', '1,\\q2'),
    good.replace('e-1', 'e\u0001'),
  ];
  for (const line of bad) {
    const path = await file('bad.jsonl', good + line + good);
    const files = { files: [path], format: { kind: 'capture', as: defaultCaptureFormat } } as const;
    const found = await profileInputs({ analytics }, files);
    expect(found.ok ? line : found.reason).toMatch(/bad\.jsonl: line 2: not JSON/);
  }
});

async function scanned(paths: readonly string[], format: TabularFormat): Promise<Profile> {
  const whole = emptyProfile();
  for await (const batch of analytics.scan({ paths, format })) observe(whole, batch);
  return whole;
}

const csvCell = fc.constantFrom(
  ...['1', '-2.5', '', 'red', ' 7', 'true', '"quoted"', '"a,b"', '"x ""y"""', '""', '"5"', 'é\t'],
);
const csvText = fc
  .record({
    columns: fc.integer({ min: 2, max: 4 }),
    end: fc.constantFrom('\n', '\r\n'),
    last: fc.boolean(),
  })
  .chain(({ columns, end, last }) =>
    fc
      .array(fc.array(csvCell, { minLength: columns, maxLength: columns }), {
        minLength: 1,
        maxLength: 10,
      })
      .map((rows) => {
        const head = Array.from({ length: columns }, (_, i) => `c${i}`);
        return [head, ...rows].map((row) => row.join(',')).join(end) + (last ? end : '');
      }),
  );

test.each([true, false])('CSV of every sort, with a header: %j', async (header) => {
  const format = { kind: 'csv', header } as const;
  const check = async (text: string) => {
    const path = await file('any.csv', text);
    const found = await profileInputs({ analytics }, { files: [path], format });
    expect(found.ok && sorted(found.value)).toEqual(sorted(await scanned([path], format)));
  };
  await fc.assert(fc.asyncProperty(csvText, check), { numRuns: 20 });
});

test.each([
  ['a quote that is not closed', 'a,b\n1,"2\n3,4\n'],
  ['a line that is too short', 'a,b\n1,2\n3\n'],
  ['a column that is there twice', 'a,a\n1,2\n'],
  ['a line end of another sort', 'a,b\r\n1,2\n3,4\r\n'],
  ['a quote inside a cell', 'a,b\n1,2"3\n'],
  ['a cell of two lines', 'a,b\n1,"2\n3"\n'],
  ['no rows', 'a,b\n'],
])('CSV with %s is what the adapter says', async (_, text) => {
  const format = { kind: 'csv', header: true } as const;
  const path = await file('odd.csv', text);
  const expected = await scanned([path], format).then(
    (whole) => sorted(whole),
    (error: Error) => error.message,
  );
  const found = await profileInputs({ analytics }, { files: [path], format });
  expect(found.ok ? sorted(found.value) : found.reason).toEqual(expected);
});

test('parts of a file have each line once, wherever it is cut', async () => {
  const text = '\uFEFFone\n\nthree, longer\nfour\n\n\nlast';
  const path = await file('parts.txt', text);
  const size = Buffer.byteLength(text);
  for (let cut = 1; cut < size; cut += 1) {
    const lines: string[] = [];
    for (const [from, to] of [
      [0, cut],
      [cut, size],
    ] as const) {
      for await (const { bytes, start, end } of blocksOf({ path, from, to })) {
        lines.push(bytes.toString('utf8', start, end));
      }
    }
    expect(lines.join('')).toBe(`${text.slice(1)}\n`);
  }
});

test('results do not depend on how many shares are done at a time', async () => {
  const lines = Array.from({ length: 9_000 }, (_, i) =>
    lineOf({ input: ['CSV', `${i},${Math.sin(i)},c${i % 31}`], output: ['CSV', `${i % 2}`] }),
  );
  const text = lines.join('');
  const path = await file('many.jsonl', text);
  const cuts = [0, 0.21, 0.5, 0.77, 1].map((part) => Math.floor(part * Buffer.byteLength(text)));
  const shares = cuts.slice(1).map((to, i): Share => {
    const piece = [{ path, from: cuts[i] ?? 0, to }];
    return { kind: 'capture', piece, as: defaultCaptureFormat };
  });
  const one = await profileShares(shares, { width: 1, profile }, {});
  let turn = 0;
  const late: typeof profile = async (share, options) => {
    const found = await profile(share, options);
    for (let i = 3 - turn++; i > 0; i -= 1) await new Promise((resolve) => setImmediate(resolve));
    return found;
  };
  const three = await profileShares(shares, { width: 3, profile: late }, {});
  expect(one.ok && one.value?.rows).toBe(9_000);
  expect(three).toEqual(one);
});
