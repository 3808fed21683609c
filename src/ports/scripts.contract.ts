/** What every runner of scripts must do, for each language that is there. */
import { afterAll, describe, expect, test } from 'vitest';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { RecordKind, RecordScript, ScriptLimits, ScriptRow, Scripts } from './scripts.ts';

/** The same scripts in each language. */
export type Language = 'python' | 'javascript';

interface Case {
  readonly python: string;
  readonly javascript: string;
}

const record = (data: string, over: object = {}) =>
  JSON.stringify({
    captureData: {
      endpointInput: { data, encoding: 'CSV', observedContentType: 'text/csv', mode: 'INPUT' },
      endpointOutput: { data: '0.5', encoding: 'CSV', observedContentType: null, mode: 'OUTPUT' },
    },
    groundTruthData: { data: '1', encoding: 'CSV' },
    eventMetadata: {
      eventId: 'e-1',
      inferenceTime: '2026-01-05T10:00:00Z',
      customAttributes: ['a=1'],
    },
    eventVersion: '0',
    ...over,
  });

const members: Case = {
  python: `
def preprocess_handler(inference_record):
    r = inference_record
    legacy = r.event_data.endpointInput
    return {
        "in": r.endpoint_input.data, "encoding": r.endpoint_input.encoding,
        "type": r.endpoint_input.observed_content_type, "mode": r.endpoint_input.mode,
        "out": r.endpoint_output.data, "out type": r.endpoint_output.observed_content_type,
        "batch": r.batch_transform_output, "truth": r.ground_truth.data,
        "id": r.event_metadata.event_id, "time": r.event_metadata.event_time,
        "custom": r.event_metadata.custom_attribute[0], "version": r.event_version,
        "legacy": legacy.data + legacy.encoding,
    }`,
  javascript: `
export function preprocessHandler(r) {
  const legacy = r.event_data.endpointInput;
  return {
    in: r.endpointInput.data, encoding: r.endpoint_input.encoding,
    type: r.endpointInput.observedContentType, mode: r.endpoint_input.mode,
    out: r.endpoint_output.data, 'out type': r.endpointOutput.observed_content_type,
    batch: r.batchTransformOutput, truth: r.ground_truth.data,
    id: r.eventMetadata.eventId, time: r.event_metadata.event_time,
    custom: r.eventMetadata.custom_attribute[0], version: r.event_version,
    legacy: legacy.data + legacy.encoding,
  };
}`,
};

/** Does what the record says: its data is code. */
const obedient: Case = {
  python: `
import os, sys, time, json
def preprocess_handler(record, logger):
    return eval(record.endpoint_input.data)
def fail(): raise ValueError("no such thing")
def forever():
    while True: pass
def hog():
    kept = []
    while True: kept.append(bytearray(50_000_000))
`,
  javascript: `
import { writeSync } from 'node:fs';
const fail = () => { throw new TypeError('no such thing'); };
const forever = () => { for (;;) {} };
const hog = () => { const kept = []; for (;;) kept.push(new Array(4e6).fill(0.5)); };
export async function preprocess_handler(record, logger) {
  return eval(record.endpoint_input.data);
}`,
};

export function scriptsContract(language: Language, make: () => Scripts): void {
  const opened: RecordScript[] = [];
  let shared: RecordScript | undefined;
  afterAll(async () => {
    await Promise.all(opened.map((script) => script.close()));
  });

  const name = language === 'python' ? 'prepare.py' : 'prepare.mjs';
  const inLanguage = (python: string, javascript: string) =>
    language === 'python' ? python : javascript;
  const tryOpen = (text: string, over: Opening = {}) => {
    const { kind = 'capture', limits = {}, ...rest } = over;
    return make().openPreprocessor({ name, text }, { kind, limits, ...rest });
  };
  const open = async (script: Case | string, over: Opening = {}) => {
    const text = typeof script === 'string' ? script : script[language];
    const made = await tryOpen(text, over);
    if (!made.ok) throw new Error(made.reason);
    opened.push(made.value);
    return made.value;
  };
  const obey = async (...orders: readonly Case[]) => {
    shared ??= await open(obedient);
    return shared.handle(orders.map((order) => record(order[language])));
  };
  const obeyAlone = async (order: Case) => {
    const script = await open(obedient);
    const [found] = await script.handle([record(order[language])]);
    return found;
  };
  const same = (text: string): Case => ({ python: text, javascript: `(${text})` });

  describe(`records in ${language}`, () => {
    test('have the members of the contract and its older form', async () => {
      const script = await open(members);
      const [found] = await script.handle([record('1,2')]);
      expect(found).toEqual(
        ok([
          {
            names: [
              ...['in', 'encoding', 'type', 'mode', 'out', 'out type', 'batch', 'truth', 'id'],
              ...['time', 'custom', 'version', 'legacy'],
            ],
            cells: [
              ...['1,2', 'CSV', 'text/csv', 'INPUT', '0.5', undefined, undefined, '1', 'e-1'],
              ...['2026-01-05T10:00:00Z', 'a=1', '0', '1,2CSV'],
            ],
          },
        ]),
      );
    });

    test.each<[RecordKind, string, string]>([
      ['csv', JSON.stringify('1,"a b"'), '1,"a b"'],
      ['json', '{"a":{"b":3}}', '3'],
    ])('of %s are the text of a line or the document', async (kind, line, cell) => {
      const script = await open(
        inLanguage(
          `def preprocess_handler(r): return {"x": r if isinstance(r, str) else r["a"]["b"]}`,
          `export const preprocessHandler = (r) => ({ x: typeof r === 'string' ? r : r.a.b });`,
        ),
        { kind },
      );
      expect(await script.handle([line])).toEqual([ok([{ names: ['x'], cells: [cell] }])]);
    });
  });

  describe(`what a handler in ${language} returns`, () => {
    const rowsOf = (found: Outcome<readonly ScriptRow[]> | undefined) =>
      found?.ok ? found.value.map(({ names, cells }) => [...names, ...cells]) : found?.reason;

    test('is a row, several, or none', async () => {
      const nothing = { python: 'None', javascript: 'undefined' };
      const found = await obey(
        same('{"b": 1, "a": "x"}'),
        same('[{"b": 2, "a": ""}, {"a": "y", "b": 3}]'),
        ...[same('[]'), nothing, same('{}')],
        same('{"b": 4, "a": "z"}'),
      );
      expect(found.map(rowsOf)).toEqual([
        [['b', 'a', '1', 'x']],
        [
          ['b', 'a', '2', ''],
          ['a', 'b', 'y', '3'],
        ],
        ...[[], [], []],
        [['b', 'a', '4', 'z']],
      ]);
    });

    test('has cells that are text, numbers, booleans or missing', async () => {
      const [found] = await obey({
        python: '{"a": "ü\\n\\"", "b": 2.5, "c": -3, "d": True, "e": None, "f": float("nan")}',
        javascript: '({ a: `ü\\n"`, b: 2.5, c: -3, d: true, e: null, f: NaN })',
      });
      expect(found?.ok && found.value[0]?.cells).toEqual([
        ...['ü\n"', '2.5', '-3', 'true', undefined, undefined],
      ]);
    });

    test.each([
      ['a nested object', same('{"a": 1, "deep": {"b": 2}}'), /"?'?deep'?"? is of type/],
      ['a list in a row', same('{"deep": [1]}'), /deep'?"? is of type/],
      [
        'an infinite number',
        { python: '{"x": float("inf")}', javascript: '({ x: Infinity })' },
        /x'?"? is not finite/,
      ],
      ['a number', same('5'), /returned a value of type/],
      ['a text', same('"text"'), /returned a value of type/],
      ['a list of what is no row', same('[{"a": 1}, 2]'), /returned a value of type/],
    ])('is refused when it is %s, and the next is handled', async (_, order, reason) => {
      const [refused, next] = await obey(order, same('{"a": 1}'));
      expect(refused).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
      expect(rowsOf(next)).toEqual([['a', '1']]);
    });

    test('may be too much', async () => {
      const limits = { rowsPerRecord: 3, replyBytes: 1_000 };
      const script = await open(obedient, { limits });
      const many = { python: '[{"a": 1}] * 4', javascript: 'Array(4).fill({ a: 1 })' };
      const long = { python: '{"a": "x" * 1001}', javascript: "({ a: 'x'.repeat(1001) })" };
      const orders = [many, long, same('[{"a": 1}]')];
      const found = await script.handle(orders.map((order) => record(order[language])));
      expect(found.map(rowsOf)).toEqual([
        expect.stringContaining('returned 4 rows: at most 3'),
        expect.stringContaining('bytes as JSON: at most 1000'),
        [['a', '1']],
      ]);
    });
  });

  describe(`a script in ${language} that fails`, () => {
    test('at a record tells its own lines, and goes on', async () => {
      const [failed, next] = await obey(same('fail()'), same('{"a": 1}'));
      expect(failed).toMatchObject({ ok: false, reason: expect.stringContaining('no such thing') });
      expect(failed?.ok === false && failed.reason).toContain(name);
      expect(failed?.ok === false && failed.reason).not.toContain('driver');
      expect(next?.ok).toBe(true);
    });

    test.each([
      ['syntax', 'def x(:\n', 'const = 1;\n', /SyntaxError/],
      ['a failing import', 'import no_such_module', "import 'no-such-module';", /no.such.module/],
      ['no handler', 'x = 1', 'export const x = 1;', /has no function preprocess/],
      ['a failing first line', '1 / 0', 'null.x;', /ZeroDivisionError|TypeError/],
    ])('when it is loaded: %s', async (_, python, javascript, reason) => {
      const found = await tryOpen(inLanguage(python, javascript));
      expect(found).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
    });
  });

  describe.concurrent(`a script in ${language} that does not end`, () => {
    test('is killed, and the record it was at is blamed', async () => {
      const script = await open(obedient, { limits: { recordTimeoutMs: 1_000 } });
      const orders = [same('{"a": 1}'), same('forever()'), same('{"a": 2}')];
      const found = await script.handle(orders.map((order) => record(order[language])));
      expect(found.map((one) => (one.ok ? 'ok' : one.reason))).toEqual([
        'ok',
        'the script took longer than 1 s',
        'the script took longer than 1 s',
      ]);
      expect((await script.handle([record('1')]))[0]?.ok).toBe(false);
    });

    test('while it is loaded', async () => {
      const text = inLanguage('while True: pass', 'for (;;) {}');
      const found = await tryOpen(text, { limits: { startTimeoutMs: 400 } });
      expect(found).toEqual({ ok: false, reason: 'the script took longer than 0.4 s' });
    });

    test('in time', async () => {
      const limits = { totalTimeoutMs: 1_000 };
      const made = await tryOpen(obedient[language], { limits });
      if (made.ok) opened.push(made.value);
      const [found] = made.ok ? await made.value.handle([record('forever()')]) : [made];
      expect(found).toEqual({ ok: false, reason: 'the script took longer than 1 s in all' });
    });

    test('at the wish of who runs it', async () => {
      const stopping = new AbortController();
      const script = await open(obedient, { signal: stopping.signal });
      const found = script.handle([record('forever()')]);
      stopping.abort();
      expect(await found).toEqual([{ ok: false, reason: 'the script was stopped' }]);
    });
  });

  describe(`a script in ${language} that ends`, () => {
    test('by taking all memory', async () => {
      const limits: Partial<ScriptLimits> = { memoryBytes: 96 * 1024 * 1024 };
      const script = await open(obedient, { limits });
      const [found] = await script.handle([record('hog()')]);
      expect(found).toMatchObject({ ok: false, reason: expect.stringMatching(/memory/i) });
    });

    test('by leaving', async () => {
      const leave = { python: 'os._exit(7)', javascript: 'process.exit(7)' };
      const found = await obeyAlone(leave);
      expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('exit code 7') });
    });

    test('by writing into the channel', async () => {
      const write = {
        python: 'os.write(4, b"\\xff\\xfe rubbish\\n") and {}',
        javascript: "writeSync(4, Buffer.from('\\xff rubbish\\n')), {}",
      };
      const found = await obeyAlone(write);
      expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('no reply') });
    });
  });

  describe(`a script in ${language}`, () => {
    test('prints to the log and not to the channel', async () => {
      const said: string[] = [];
      const script = await open(obedient, { say: (line) => said.push(line) });
      const orders = [
        { python: '(print("[1]"), {"a": 1})[1]', javascript: "(console.log('[1]'), { a: 1 })" },
        {
          python: '(logger.info("noted"), {"a": 2})[1]',
          javascript: "(logger.info('noted'), { a: 2 })",
        },
        {
          python: '(sys.stdout.buffer.write(b"\\xff\\n"), sys.stdout.flush(), {"a": 3})[2]',
          javascript: '(process.stdout.write(Buffer.from([255, 10])), { a: 3 })',
        },
      ];
      const found = await script.handle(orders.map((order) => record(order[language])));
      expect(found.every(({ ok: fine }) => fine)).toBe(true);
      await script.close();
      expect(said).toEqual(['[1]', 'INFO noted', '\ufffd']);
    });

    test('keeps the order of many records handled at once', async () => {
      const script = await open(
        inLanguage(
          'def preprocess_handler(r): return {"n": int(r.endpoint_input.data)}',
          'export const preprocessHandler = (r) => ({ n: Number(r.endpointInput.data) });',
        ),
      );
      const count = 300;
      const calls = [0, 1, 2, 3].map((call) => {
        const numbers = Array.from({ length: count }, (_, i) => call * count + i);
        return script.handle(numbers.map((n) => record(String(n))));
      });
      const found = (await Promise.all(calls)).flat();
      const cells = found.map((one) => (one.ok ? one.value[0]?.cells[0] : one.reason));
      expect(cells).toEqual(Array.from({ length: 4 * count }, (_, i) => String(i)));
    });
  });

  describe(`a post-processor in ${language}`, () => {
    const folder = '/opt/ml/processing/output';
    const post = (text: string, over: Opening = {}) => {
      const files = { 'constraint_violations.json': '{"violations":[]}' };
      const given = { files, folder, folderVariable: 'output_path', environment: { who: 'me' } };
      return make().runPostprocessor({ name, text }, given, over);
    };

    test('finds the output, may add to it, and runs once', async () => {
      const said: string[] = [];
      const found = await post(
        inLanguage(
          `
import os
def postprocess_handler():
    folder = os.environ["output_path"]
    print(open(folder + "/constraint_violations.json").read())
    with open(folder + "/more.txt", "w") as file: file.write(os.environ["who"])`,
          `
import { readFileSync, writeFileSync } from 'node:fs';
export function postprocessHandler() {
  const folder = process.env.output_path;
  console.log(readFileSync(folder + '/constraint_violations.json', 'utf8'));
  writeFileSync(folder + '/more.txt', process.env.who);
}`,
        ),
        { say: (line) => said.push(line) },
      );
      expect(found).toEqual(
        ok({ 'constraint_violations.json': '{"violations":[]}', 'more.txt': 'me' }),
      );
      expect(said).toEqual(['{"violations":[]}']);
    });

    test('that fails says where', async () => {
      const found = await post(
        inLanguage(
          'def postprocess_handler():\n    raise KeyError("gone")',
          "export function postprocessHandler() {\n  throw new RangeError('gone');\n}",
        ),
      );
      expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('gone') });
      expect(!found.ok && found.reason).toMatch(/line 2|:2:/);
    });
  });
}

type Opening = {
  readonly kind?: RecordKind;
  readonly limits?: Partial<ScriptLimits>;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
};
