/** The line of a captured request: field by field, and which encoding it gets. */
import { expect, test } from 'vitest';
import { hourFolder } from '../../kernel/hours.ts';
import { captureUri } from './layout.ts';
import { captureLine, encodingOf } from './record.ts';

const types = { csvTypes: ['text/csv'], jsonTypes: ['application/json', 'application/jsonlines'] };

test('a record as the original writes it', () => {
  const side = (contentType: string, text: string) => ({
    contentType,
    body: Buffer.from(text),
    sizeBytes: text.length,
  });
  const line = captureLine(
    {
      eventId: 'f04a8538-696c-4648-8064-8b680b2e3318',
      inferenceId: '42',
      customAttributes: 'trace=abc',
      inferenceTimeMs: Date.UTC(2022, 3, 18, 0, 21, 48, 903),
      input: side('text/csv', '132,10,182.9'),
      output: side('application/json; charset=utf-8', '{ "p": 0.03 }\n'),
    },
    types,
  );
  expect(line).toBe(
    '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT",' +
      '"data":"132,10,182.9","encoding":"CSV"},"endpointOutput":{"observedContentType":' +
      '"application/json; charset=utf-8","mode":"OUTPUT","data":"{ \\"p\\": 0.03 }\\n",' +
      '"encoding":"JSON"}},"eventMetadata":{"eventId":"f04a8538-696c-4648-8064-8b680b2e3318",' +
      '"inferenceId":"42","customAttributes":["trace=abc"],' +
      '"inferenceTime":"2022-04-18T00:21:48Z"},"eventVersion":"0"}\n',
  );
});

test('a body that was not kept whole says so', () => {
  const output = { contentType: undefined, body: undefined, sizeBytes: 99 };
  const record = JSON.parse(captureLine({ eventId: 'e', inferenceTimeMs: 0, output }, types));
  expect(record.captureData).toEqual({
    endpointOutput: {
      observedContentType: null,
      mode: 'OUTPUT',
      data: '',
      encoding: 'BASE64',
      omittedSizeBytes: 99,
    },
  });
});

test.each([
  ['text/csv', 'CSV'],
  ['TEXT/CSV; charset=utf-8', 'CSV'],
  ['application/jsonlines', 'JSON'],
  ['text/csvx', 'BASE64'],
  ['', 'BASE64'],
  [undefined, 'BASE64'],
])('the media type %s is %s', (contentType, encoding) => {
  expect(encodingOf(contentType, types)).toBe(encoding);
});

test('the folder is the hour of inference in UTC', () => {
  const atMs = Date.UTC(2022, 3, 18, 23, 9, 8, 7);
  expect(hourFolder(atMs)).toBe('2022/04/18/23');
  const target = { destinationUri: 's3://b/p/q', endpointName: 'Demo', variantName: 'AllTraffic' };
  expect(captureUri(target, atMs, 'id')).toBe(
    's3://b/p/q/Demo/AllTraffic/2022/04/18/23/09-08-007-id.jsonl',
  );
});
