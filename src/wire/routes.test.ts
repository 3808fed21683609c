/** Which operation a request is for: what its query names is never taken for something else. */
import { expect, test } from 'vitest';
import { loadModel } from './model/load.ts';
import { matchRoute } from './routes.ts';

const s3 = loadModel('s3');

function operationOf(method: string, path: string, search = ''): string | undefined {
  const query = [...new URLSearchParams(search)];
  const head = { method, url: `${path}?${search}`, path, query, headers: {} };
  const level = path === '/' ? 'bucket' : 'object';
  return matchRoute(s3, head, { path, level })?.operation.name;
}

test.each([
  ['DELETE', '/', '', 'DeleteBucket'],
  ['DELETE', '/', 'x-id=DeleteBucket', 'DeleteBucket'],
  ['DELETE', '/', 'unheard-of=1', 'DeleteBucket'],
  ['DELETE', '/', 'analytics&id=a', 'DeleteBucketAnalyticsConfiguration'],
  ['GET', '/', 'list-type=2&prefix=a', 'ListObjectsV2'],
  ['GET', '/', 'versions&prefix=a', 'ListObjectVersions'],
  ['GET', '/k', 'tagging&versionId=1', 'GetObjectTagging'],
  ['GET', '/k', 'versionId=1&response-content-type=a', 'GetObject'],
  ['PUT', '/k', 'partNumber=1&uploadId=u', 'UploadPart'],
])('%s %s?%s is %s', (method, path, query, operation) => {
  expect(operationOf(method, path, query)).toBe(operation);
});

test.each([
  ['DELETE', '/', 'analytics'],
  ['DELETE', '/', 'metrics'],
  ['DELETE', '/', 'inventory'],
  ['PUT', '/', 'analytics'],
  ['PUT', '/', 'versions'],
  ['DELETE', '/k', 'acl'],
  ['DELETE', '/k', 'retention'],
  ['PUT', '/k', 'torrent'],
])('%s %s?%s, which lacks something, does nothing to what it is part of', (method, path, query) => {
  expect(operationOf(method, path, query)).toBeUndefined();
});
