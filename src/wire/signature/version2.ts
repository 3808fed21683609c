/**
 * Version 2 query authentication of S3, which boto3 still presigns with in us-east-1.
 * Source: "Signing and authenticating REST requests (AWS signature version 2)", S3 User Guide.
 * Only presigned URLs: version 2 in an Authorization header is refused, as in the newer regions.
 */
import { createHmac } from 'node:crypto';
import { splitUrl } from './canonical.ts';
import * as faults from './faults.ts';
import { sameText } from './text.ts';
import type { SignedRequest, Verified, VerifyParts } from './types.ts';

/** Query parameters that are part of the resource. */
const subresources = new Set(
  (
    'accelerate acl analytics cors defaultObjectAcl delete encryption inventory lifecycle ' +
    'location logging metrics notification object-lock partNumber policy policyStatus ' +
    'publicAccessBlock replication requestPayment response-cache-control ' +
    'response-content-disposition response-content-encoding response-content-language ' +
    'response-content-type response-expires restore retention select select-type ' +
    'legal-hold ownershipControls tagging torrent uploadId uploads versionId versioning ' +
    'versions website'
  ).split(' '),
);

export async function verifyVersion2(
  request: SignedRequest,
  query: URLSearchParams,
  { findSecret, nowMs }: VerifyParts,
): Promise<Verified> {
  const only = (name: string) => (query.getAll(name).length === 1 ? query.get(name) : undefined);
  const [accessKeyId, signature, expires] = [
    only('AWSAccessKeyId'),
    only('Signature'),
    only('Expires'),
  ];
  if (!accessKeyId || !signature || !expires) {
    throw faults.accessDenied(
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    );
  }
  if (!/^\d{1,12}$/.test(expires)) {
    throw faults.accessDenied(`Invalid date (should be seconds since epoch): ${expires}`);
  }
  const endsAtMs = Number(expires) * 1_000;
  if (nowMs > endsAtMs) throw faults.expired('s3', endsAtMs, nowMs);
  const token = request.headers['x-amz-security-token'] ?? only('x-amz-security-token');
  const found = await findSecret(accessKeyId, token ?? undefined);
  if (!found) throw faults.unknownKey('s3', accessKeyId);
  if ('expired' in found) throw faults.expiredToken('s3');
  if (found.sessionToken !== undefined && !token) throw faults.unknownKey('s3', accessKeyId);
  if (!sameText(found.sessionToken ?? '', token ?? '')) throw faults.wrongToken('s3');

  const toSign = stringToSign(request, query, expires);
  const want = createHmac('sha1', found.secretAccessKey).update(toSign).digest('base64');
  if (!sameText(want, signature)) {
    throw faults.doesNotMatch('s3', {
      AWSAccessKeyId: accessKeyId,
      StringToSign: toSign,
      SignatureProvided: signature,
    });
  }
  return {
    caller: found.caller,
    accessKeyId,
    service: 's3',
    region: undefined,
    mode: 'query',
    payload: 'UNSIGNED-PAYLOAD',
    chain: undefined,
  };
}

function stringToSign(request: SignedRequest, query: URLSearchParams, expires: string): string {
  // Signers put headers they were given into the query, where the header itself may be left out.
  const said = (name: string) => request.headers[name] ?? query.get(name) ?? '';
  const names = new Set([...Object.keys(request.headers), ...query.keys()]);
  const amz = [...names].filter((name) => name.startsWith('x-amz-')).sort();
  const [path] = splitUrl(request.url);
  // INVARIANT: one reading of bucket and key, the router's; trying both readings would let a URL
  // for one object open another.
  const resource = request.hostBucket === undefined ? path : `/${request.hostBucket}${path}`;
  const extra = [...query]
    .filter(([name]) => subresources.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  return [
    request.method,
    said('content-md5'),
    said('content-type'),
    expires,
    ...amz.map((name) => `${name}:${said(name).trim()}`),
    extra.length > 0 ? `${resource}?${extra.join('&')}` : resource,
  ].join('\n');
}
