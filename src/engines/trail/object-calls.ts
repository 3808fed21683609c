/** What the records of S3's calls have beside those of others: the host, and what was moved. */
import type { FinishedCall } from './build.ts';
import type { Elements } from './elements.ts';
import type { CallKind } from './kinds.ts';

export interface ObjectCall {
  readonly parameters: Elements;
  /** Of data events. */
  readonly additional?: Elements;
}

type Call = Pick<FinishedCall, 'headers' | 'url' | 'caller' | 'output' | 'tls'>;

export function objectCallOf(call: Call, { category }: CallKind): ObjectCall {
  const { headers, url = '', caller, output, tls } = call;
  const host = headers['host'];
  const parameters = host === undefined ? {} : { Host: host };
  if (category === 'Management') return { parameters };
  const method = authenticationOf(headers, url);
  const encryption = encryptionOf(headers, output);
  const additional = {
    ...(caller.arn === '' ? {} : { SignatureVersion: 'SigV4' }),
    ...(tls ? { CipherSuite: tls.cipher } : {}),
    bytesTransferredIn: lengthOf(headers),
    bytesTransferredOut: numberIn(output, 'ContentLength'),
    ...(method === undefined ? {} : { AuthenticationMethod: method }),
    ...(encryption === undefined ? {} : { SSEApplied: encryption }),
  };
  return { parameters, additional };
}

type Headers = FinishedCall['headers'];

function authenticationOf(headers: Headers, url: string): string | undefined {
  if (headers['authorization'] !== undefined) return 'AuthHeader';
  return /[?&]X-Amz-Signature=/i.test(url) ? 'QueryString' : undefined;
}

function lengthOf(headers: Headers): number {
  const text = headers['x-amz-decoded-content-length'] ?? headers['content-length'] ?? '0';
  const length = Number(text);
  return Number.isSafeInteger(length) && length >= 0 ? length : 0;
}

function numberIn(output: object | undefined, name: string): number {
  const value = (output as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof value === 'number' ? value : 0;
}

const applied: Readonly<Record<string, string>> = {
  AES256: 'SSE_S3',
  'aws:kms': 'SSE_KMS',
  'aws:kms:dsse': 'DSSE_KMS',
};

/** `Default_…` when the bucket chose, not the request. */
function encryptionOf(headers: Headers, output: object | undefined): string | undefined {
  const said = (output ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof said['SSECustomerAlgorithm'] === 'string') return 'SSE_C';
  const name = applied[String(said['ServerSideEncryption'])];
  if (name === undefined) return undefined;
  const asked = headers['x-amz-server-side-encryption'] !== undefined;
  return asked ? name : `Default_${name}`;
}
