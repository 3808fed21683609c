/**
 * Server-side encryption between headers and the engine: what a request asks for, which key of the
 * client's it brings, and what answers tell. Keys of clients are never part of a refusal.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { SealWish } from '../../engines/objects/key-choice.ts';
import type { BucketRow, Encryption } from '../../engines/objects/rows.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { S3Ctx } from './context.ts';
import { contextHeader, readContext, writeContext } from './encryption-context.ts';
import { faults } from './faults.ts';

/** Members by which a client brings a key of its own. */
export interface CustomerInput {
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

export interface CopySourceInput {
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerKey?: string | undefined;
  readonly CopySourceSSECustomerKeyMD5?: string | undefined;
}

export interface EncryptionInput extends CustomerInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

/** What answers tell of how an object is encrypted. */
export interface EncryptionMembers {
  readonly ServerSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  readonly SSEKMSKeyId?: string;
  readonly SSEKMSEncryptionContext?: string;
  readonly BucketKeyEnabled?: boolean;
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKeyMD5?: string;
}

const header = 'x-amz-server-side-encryption';
const keyIdHeader = `${header}-aws-kms-key-id`;
const bucketKeyHeader = `${header}-bucket-key-enabled`;
const customerPrefix =
  'Requests specifying Server Side Encryption with Customer provided keys must';
const customerKeyBytes = 32;

/** Undefined: as the bucket has it. Throws InvalidArgument, InvalidRequest and their kin. */
export function sealWishOf(input: EncryptionInput, ctx: S3Ctx): SealWish | undefined {
  const customer = customerKeyOf(input, ctx);
  const { ServerSideEncryption: algorithm } = input;
  if (!customer) return managedOf(input);
  if (algorithm !== undefined || input.SSEKMSKeyId !== undefined) {
    throw faults.invalidArgument(
      header,
      algorithm ?? 'null',
      'Server Side Encryption with Customer provided key is incompatible with the encryption' +
        ' method specified',
    );
  }
  return { kind: 'customer', key: customer };
}

/** As `sealWishOf`, for what is asked before the request is looked at: never throws. */
export function managedWish(input: EncryptionInput): SealWish | undefined {
  const { ServerSideEncryption: algorithm, SSEKMSKeyId: reference, BucketKeyEnabled } = input;
  if (input.SSECustomerAlgorithm !== undefined || algorithm === 'AES256') return { kind: 'own' };
  if (algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') {
    return BucketKeyEnabled === undefined
      ? undefined
      : { kind: 'default', bucketKey: BucketKeyEnabled };
  }
  const context = readContext(input.SSEKMSEncryptionContext);
  return {
    kind: 'key',
    ...(reference === undefined ? {} : { reference }),
    ...(BucketKeyEnabled === undefined ? {} : { bucketKey: BucketKeyEnabled }),
    ...(algorithm === 'aws:kms:dsse' ? { twice: true } : {}),
    ...(context ? { context } : {}),
  };
}

function managedOf(input: EncryptionInput): SealWish | undefined {
  const { ServerSideEncryption: algorithm, SSEKMSKeyId, SSEKMSEncryptionContext } = input;
  const named = SSEKMSKeyId !== undefined || SSEKMSEncryptionContext !== undefined;
  if (algorithm === undefined || algorithm === 'AES256') {
    if (!named) return managedWish(input);
    const message =
      'Server Side Encryption with AWS KMS managed key requires HTTP header' +
      ` ${header} : aws:kms`;
    throw faults.invalidArgument(header, algorithm ?? 'null', message);
  }
  if (algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') {
    const message = 'The encryption method specified is not supported';
    throw faults.invalidArgument(header, algorithm, message);
  }
  if (SSEKMSKeyId === '') {
    throw faults.invalidArgument(keyIdHeader, '', 'The KMS key id specified is empty');
  }
  if (algorithm === 'aws:kms:dsse' && input.BucketKeyEnabled) {
    const message = 'S3 Bucket Keys are not supported for aws:kms:dsse';
    throw faults.invalidArgument(bucketKeyHeader, 'true', message);
  }
  if (SSEKMSEncryptionContext !== undefined && !readContext(SSEKMSEncryptionContext)) {
    const message =
      `The header '${contextHeader}' shall be Base64-encoded UTF-8 string holding JSON which` +
      ' represents a string-string map';
    throw faults.invalidArgument(contextHeader, SSEKMSEncryptionContext, message);
  }
  return managedWish(input);
}

/** The client's key, checked. Throws InvalidArgument, InvalidRequest. */
export function customerKeyOf(input: CustomerInput, ctx: S3Ctx): Uint8Array | undefined {
  return givenKey({ ...input, prefix: `${header}-customer` }, ctx);
}

/** The key of the source of a copy. */
export function sourceKeyOf(input: CopySourceInput, ctx: S3Ctx): Uint8Array | undefined {
  const given = {
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  };
  return givenKey(
    { ...given, prefix: `x-amz-copy-source${header.slice('x-amz'.length)}-customer` },
    ctx,
  );
}

function givenKey(
  given: CustomerInput & { readonly prefix: string },
  { endpointUrl }: S3Ctx,
): Uint8Array | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: md5 } = given;
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  const bad = (name: string, message: string) =>
    faults.invalidArgument(`${given.prefix}-${name}`, 'null', message);
  if (!endpointUrl.startsWith('https:')) {
    throw faults.invalidRequest(`${customerPrefix} be made over a secure connection.`);
  }
  if (algorithm === undefined) {
    throw bad('algorithm', `${customerPrefix} provide a valid encryption algorithm.`);
  }
  if (algorithm !== 'AES256') throw faults.badEncryptionAlgorithm();
  if (text === undefined) {
    throw bad('key', `${customerPrefix} provide an appropriate secret key.`);
  }
  if (md5 === undefined) {
    const message = `${customerPrefix} provide the client calculated MD5 of the secret key.`;
    throw bad('key-MD5', message);
  }
  const key = Buffer.from(text, 'base64');
  if (key.length !== customerKeyBytes || key.toString('base64') !== text) {
    throw bad('key', 'The secret key was invalid for the specified algorithm.');
  }
  if (!isMd5Of(key, md5)) {
    const message = 'The calculated MD5 hash of the key did not match the hash that was provided.';
    throw bad('key-MD5', message);
  }
  return key;
}

function isMd5Of(key: Uint8Array, text: string): boolean {
  const expected = createHash('md5').update(key).digest();
  const given = Buffer.from(text, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function isAnonymous({ accessKeyId, service }: Caller): boolean {
  return accessKeyId === '' && service === undefined;
}

/** What is encrypted under a managed key is not for callers who have not said who they are. */
export function refuseUnsigned(
  encryption: Pick<Encryption, 'kind'> | undefined,
  { caller }: S3Ctx,
): void {
  if (encryption?.kind !== 'key' || !isAnonymous(caller)) return;
  throw faults.invalidArgument(
    'Authorization',
    'null',
    'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature' +
      ' Version 4.',
  );
}

/** As above, before a write: by the request, and by the bucket where the request does not say. */
export function refuseUnsignedWrite(
  wish: SealWish | undefined,
  { encryption }: BucketRow,
  ctx: S3Ctx,
): void {
  const byBucket = wish === undefined || wish.kind === 'default';
  if ((byBucket ? encryption?.kind : wish.kind) === 'key') refuseUnsigned({ kind: 'key' }, ctx);
}

/** Of a client's key the answer tells what the request did. */
export function encryptionMembers(
  encryption: Encryption | undefined,
  { SSECustomerKeyMD5 }: CustomerInput = {},
): EncryptionMembers {
  switch (encryption?.kind) {
    case 'customer':
      return {
        SSECustomerAlgorithm: 'AES256',
        ...(SSECustomerKeyMD5 === undefined ? {} : { SSECustomerKeyMD5 }),
      };
    case 'key':
      return {
        ServerSideEncryption: encryption.twice ? 'aws:kms:dsse' : 'aws:kms',
        SSEKMSKeyId: encryption.keyArn,
        ...(encryption.bucketKey ? { BucketKeyEnabled: true } : {}),
      };
    default:
      return { ServerSideEncryption: 'AES256' };
  }
}

/** As above, with the context that the client gave; reads do not tell it. */
export function writtenMembers(
  encryption: Encryption | undefined,
  input: CustomerInput = {},
): EncryptionMembers {
  const members = encryptionMembers(encryption, input);
  if (encryption?.kind !== 'key' || !encryption.context) return members;
  return { ...members, SSEKMSEncryptionContext: writeContext(encryption.context) };
}
