/** Bodies by templates, answers by places, and what the client makes of failures. */
import { expect, test } from 'vitest';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { Answer, Forwarder, ForwardFailure, ForwardRequest } from '../../ports/forwarder.ts';
import { answerReader } from './answer.ts';
import { type BodyWriter, bodyWriter, type Row } from './body.ts';
import { maxBodyBytes, modelClient } from './client.ts';
import type { PredictorPlan } from './plan.ts';

const query = jmespathQuery();

const plan: PredictorPlan = {
  modelName: 'm',
  endpointName: undefined,
  contentType: 'text/csv',
  acceptType: 'text/csv',
  contentTemplate: undefined,
  recordTemplate: undefined,
  label: undefined,
  probability: undefined,
  labelHeaders: undefined,
  customAttributes: undefined,
};
const json = 'application/json' as const;
const lines = 'application/jsonlines' as const;

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

function reasonIn(outcome: Outcome<unknown>): string {
  if (outcome.ok) throw new Error('it was not refused');
  return outcome.reason;
}

const names = ['a', 'b "c"'];
const rows: Row[] = [
  [1.5, 'x,"y"\n'],
  [Number.NaN, ''],
];
const written = (writer: BodyWriter, of: readonly Row[]) =>
  writer.body(valueOf(writer.encode(of)).map(writer.record));
const body = (over: Partial<PredictorPlan>, of: readonly Row[] = rows) =>
  written(valueOf(bodyWriter({ ...plan, ...over }, names)), of);

test('CSV quotes what needs it, and leaves missing cells empty', () => {
  expect(body({})).toBe('1.5,"x,""y""\n"\n,\n');
  expect(
    body({}, [
      [1e21, ' padded'],
      [-0.1, '$1'],
    ]),
  ).toBe('1e+21," padded"\n-0.1,$1\n');
});

test('JSON Lines by a template: lists, or names and values', () => {
  expect(body({ contentType: lines })).toBe(
    '{"features":[1.5,"x,\\"y\\"\\n"]}\n{"features":[null,null]}\n',
  );
  const contentTemplate = '{"data": $features_kvp, "names": $feature_names}';
  expect(JSON.parse(body({ contentType: lines, contentTemplate }, [[1, '$features']]))).toEqual({
    data: { a: 1, 'b "c"': '$features' },
    names,
  });
});

test('JSON by two templates: all records, or one a request', () => {
  const of = (content: string, record: string, some: readonly Row[] = rows) =>
    JSON.parse(body({ contentType: json, contentTemplate: content, recordTemplate: record }, some));
  expect(of('{"instances": $records, "feature_names": $feature_names}', '$features')).toEqual({
    instances: [
      [1.5, 'x,"y"\n'],
      [null, null],
    ],
    feature_names: names,
  });
  expect(of('$records', '{"A": "${a}"}')).toEqual([{ A: 1.5 }, { A: null }]);
  const single = { contentType: json, contentTemplate: '$record', recordTemplate: '$features_kvp' };
  const writer = valueOf(bodyWriter({ ...plan, ...single }, names));
  expect(writer.maxRows).toBe(1);
  expect(JSON.parse(written(writer, rows.slice(0, 1)))).toEqual({
    a: 1.5,
    'b "c"': 'x,"y"\n',
  });
  expect(JSON.parse(body({ contentType: json }, [[1, 'x']]))).toEqual({
    instances: [{ features: [1, 'x'] }],
  });
});

test('templates that make no JSON or name no feature, and cells JSON cannot say', () => {
  const refused = (over: Partial<PredictorPlan>) =>
    reasonIn(bodyWriter({ ...plan, contentType: json, ...over }, names));
  expect(refused({ contentTemplate: '{"a":$records' })).toMatch(/content_template does not make/);
  expect(refused({ recordTemplate: '[$features' })).toMatch(/record_template does not make JSON/);
  expect(refused({ recordTemplate: '{"A":"${zip}"}' })).toMatch(/has "\$\{zip\}", which is no/);
  const writer = valueOf(bodyWriter({ ...plan, contentType: lines }, names));
  expect(reasonIn(writer.encode([[Number.POSITIVE_INFINITY, 'x']]))).toMatch(/row 1, column a/);
});

const read = (over: Partial<PredictorPlan>, text: string, count: number) =>
  valueOf(answerReader({ ...plan, ...over }, query)).read(text, count);

test('CSV answers: scores alone, by place, lists in a cell, a line for a batch', () => {
  const of = (over: Partial<PredictorPlan>, text: string, count: number) =>
    valueOf(read(over, text, count));
  expect(of({}, '0.25\n1e-3\n', 2).map(({ scores }) => scores)).toEqual([[0.25], [0.001]]);
  expect(of({}, '0.1,0.9\r\n0.3,0.7', 2).map(({ scores }) => scores)).toEqual([
    [0.1, 0.9],
    [0.3, 0.7],
  ]);
  expect(of({}, '1,2,3\n', 3).map(({ scores }) => scores)).toEqual([[1], [2], [3]]);
  expect(of({ label: 0, probability: 1 }, 'yes,0.8\n', 1)).toEqual([
    { label: 'yes', scores: [0.8] },
  ]);
  expect(of({ label: '0', probability: 1 }, '"[""no"",""yes""]","[0.2,0.8]"\n', 1)).toEqual([
    { label: 'yes', scores: [0.2, 0.8] },
  ]);
  expect(of({ label: 0 }, '1,0.8\n', 1)).toEqual([{ label: '1', scores: [1] }]);
  expect(of({}, 'setosa\n', 1)).toEqual([{ label: 'setosa', scores: [] }]);
  expect(of({ labelHeaders: ['no', 'yes'] }, '0.2,0.8\n', 1)[0]?.label).toBe('yes');
});

test('JSON answers: by expressions, or where scores usually are', () => {
  const of = (over: Partial<PredictorPlan>, text: string, count: number) =>
    valueOf(read({ acceptType: json, ...over }, text, count)).map(({ label, scores }) => [
      label,
      scores,
    ]);
  const text =
    '{"predictions":[{"score":0.1,"predicted_label":"n"},{"score":0.9,"predicted_label":"y"}]}';
  const wanted = [
    ['n', [0.1]],
    ['y', [0.9]],
  ];
  expect(of({}, text, 2)).toEqual(wanted);
  const places = { label: 'predictions[*].predicted_label', probability: 'predictions[*].score' };
  expect(of(places, text, 2)).toEqual(wanted);
  expect(of({ probability: 'predictions' }, '{"predictions":[0.2,0.8]}', 1)).toEqual([
    [undefined, [0.2, 0.8]],
  ]);
  expect(of({ probability: 'p' }, '{"p":0.5}', 1)).toEqual([[undefined, [0.5]]]);
  expect(of({}, '[true,false]', 2)).toEqual([
    [undefined, [1]],
    [undefined, [0]],
  ]);
  const each = { acceptType: lines, probability: 'p' };
  expect(of(each, '{"p":[0.1,0.9]}\n{"p":[0.6,0.4]}\n', 2).map(([, scores]) => scores)).toEqual([
    [0.1, 0.9],
    [0.6, 0.4],
  ]);
});

test('answers that do not fit are refused with the row and what was said', () => {
  const reason = (over: Partial<PredictorPlan>, text: string, count = 2) =>
    reasonIn(read(over, text, count));
  expect(reason({}, '1\n2\n3\n')).toBe('the model answered 3 rows for 2: 1 2 3');
  expect(reason({}, '0.5\nNaN,1\n')).toMatch(/row 2: the model answered "NaN", which is no finite/);
  expect(reason({ probability: 3 }, '0.5\n0.5\n')).toMatch(/row 1: the model answered ""/);
  expect(reason({ probability: 0 }, 'high\n1\n')).toMatch(/row 1: the model answered "high"/);
  expect(reason({ acceptType: json }, '<html>')).toMatch(/the answer is not JSON: .*<html>/);
  expect(reason({ acceptType: json }, '{"x":1}', 1)).toMatch(
    /predictor.probability must say where/,
  );
  expect(reason({ labelHeaders: ['a', 'b', 'c'] }, '1,2\n', 1)).toMatch(/2 scores for 3 labels/);
  expect(reasonIn(answerReader({ ...plan, probability: 'a.b' }, query))).toMatch(
    /must be the index/,
  );
  expect(reasonIn(answerReader({ ...plan, acceptType: json, probability: 'a[' }, query))).toMatch(
    /predictor.probability: the expression a\[ is malformed/,
  );
});

/** Answers from a list, the last again and again. */
function forwarderOf(...answers: readonly (Partial<Answer> | ForwardFailure)[]) {
  const requests: ForwardRequest[] = [];
  const forwarder: Forwarder = {
    async forward(request) {
      const given = answers[Math.min(requests.length, answers.length - 1)] ?? {};
      requests.push(request);
      if ('reason' in given) return given;
      const head = { kind: 'answer' as const, status: 200, headers: {}, latencyUs: 1 };
      return { ...head, body: Buffer.from('1\n'), ...given } as Answer;
    },
    open: () => Promise.reject(new Error('not here')),
    startTimer: () => () => 0,
    close: async () => {},
  };
  return { forwarder, requests };
}

const url = 'http://127.0.0.1:1/invocations';
const signal = new AbortController().signal;
const clientOf = (forwarder: Forwarder, over: Partial<PredictorPlan> = {}) =>
  valueOf(
    modelClient(
      { forwarder, query },
      { url, plan: { ...plan, ...over }, featureNames: ['a'], requestTimeoutMs: 1_000 },
    ),
  );

test('a request has the types and attributes of the plan', async () => {
  const { forwarder, requests } = forwarderOf({});
  const client = clientOf(forwarder, { customAttributes: 'trace=1', acceptType: 'text/csv' });
  expect(valueOf(await client.ask([[7]], { signal }))).toEqual([{ label: undefined, scores: [1] }]);
  expect(requests[0]?.headers).toEqual({
    'content-type': 'text/csv',
    accept: 'text/csv',
    'x-amzn-sagemaker-custom-attributes': 'trace=1',
  });
  expect(Buffer.from(requests[0]?.body ?? []).toString()).toBe('7\n');
});

test('a busy server is asked again, one that refuses is not', async () => {
  const busy = forwarderOf({ status: 503 }, {});
  expect((await clientOf(busy.forwarder).ask([[1]], { signal })).ok).toBe(true);
  expect(busy.requests).toHaveLength(2);
  const wrong = forwarderOf({ status: 400, body: Buffer.from(`bad ${'x'.repeat(999)}`) });
  const reason = reasonIn(await clientOf(wrong.forwarder).ask([[1]], { signal }));
  expect(reason).toMatch(/^status 400: bad x+…$/);
  expect(wrong.requests).toHaveLength(1);
  const broken = forwarderOf({ kind: 'broken', reason: 'other side closed', latencyUs: 1 });
  expect(reasonIn(await clientOf(broken.forwarder).ask([[1]], { signal }))).toBe(
    'no answer (broken): other side closed',
  );
});

test('a body that is too large is not sent, and an aborted request neither', async () => {
  const { forwarder, requests } = forwarderOf({});
  const client = clientOf(forwarder);
  const long = 'é'.repeat(maxBodyBytes / 2);
  expect(reasonIn(await client.ask([[long], [1]], { signal }))).toMatch(
    /^of 2 rows, the request would have \d+ bytes$/,
  );
  expect(client.bytesOf([long])).toBeGreaterThan(maxBodyBytes);
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(client.ask([[1]], { signal: stopped })).rejects.toThrow('stopped');
  expect(requests).toHaveLength(0);
});
