/** Every way S3 says no; codes, messages and statuses are the original's. */
import { Fault } from '../../wire/operation.ts';

type Members = Readonly<Record<string, unknown>>;

const bad = (code: string, message: string, members: Members = {}) =>
  new Fault(code, message, { status: 400, members });
const missing = (code: string, message: string, members: Members) =>
  new Fault(code, message, { status: 404, members });
const conflict = (code: string, message: string, members: Members) =>
  new Fault(code, message, { status: 409, members });

export const faults = {
  accessDenied: (message = 'Access Denied') => new Fault('AccessDenied', message, { status: 403 }),
  publicPolicy: (caller: string, bucketArn: string) =>
    new Fault(
      'AccessDenied',
      `User: ${caller} is not authorized to perform: s3:PutBucketPolicy on resource:` +
        ` "${bucketArn}" because public policies are prevented by the BlockPublicPolicy setting` +
        ' in S3 Block Public Access.',
      { status: 403 },
    ),

  noSuchBucket: (BucketName: string) =>
    missing('NoSuchBucket', 'The specified bucket does not exist', { BucketName }),
  bucketExists: (BucketName: string) =>
    conflict(
      'BucketAlreadyExists',
      'The requested bucket name is not available. The bucket namespace is shared by all users of' +
        ' the system. Please select a different name and try again.',
      { BucketName },
    ),
  bucketOwned: (BucketName: string) =>
    conflict(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      { BucketName },
    ),
  bucketNotEmpty: (BucketName: string, versioned: boolean) =>
    conflict(
      'BucketNotEmpty',
      versioned
        ? 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.'
        : 'The bucket you tried to delete is not empty',
      { BucketName },
    ),
  invalidBucketName: (BucketName: string) =>
    bad('InvalidBucketName', 'The specified bucket is not valid.', { BucketName }),
  badLocation: (region: string | undefined) =>
    bad(
      'IllegalLocationConstraintException',
      `The ${region ?? 'unspecified'} location constraint is incompatible for the region specific` +
        ' endpoint this request was sent to.',
    ),
  unknownLocation: (LocationConstraint: string) =>
    bad('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
      LocationConstraint,
    }),
  badVersioning: () =>
    bad('IllegalVersioningConfigurationException', 'The Versioning element must be specified'),
  noTags: (BucketName: string) =>
    missing('NoSuchTagSet', 'The TagSet does not exist', { BucketName }),

  noSuchKey: (Key: string, headers: Readonly<Record<string, string>> = {}) =>
    new Fault('NoSuchKey', 'The specified key does not exist.', {
      status: 404,
      members: { Key },
      headers,
    }),
  noSuchVersion: (Key: string, VersionId: string) =>
    missing('NoSuchVersion', 'The specified version does not exist.', { Key, VersionId }),
  /** For HEAD, whose answers have no body to put a code in. */
  notFound: (headers: Readonly<Record<string, string>> = {}) =>
    new Fault('NotFound', 'Not Found', { status: 404, headers }),
  isMarker: (Method: string, VersionId: string) =>
    new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
      members: { Method, ResourceType: 'DeleteMarker' },
      headers: { allow: 'DELETE', 'x-amz-delete-marker': 'true', 'x-amz-version-id': VersionId },
    }),
  keyTooLong: (sizeBytes: number, limitBytes: number) =>
    bad('KeyTooLongError', 'Your key is too long', {
      Size: sizeBytes,
      MaxSizeAllowed: limitBytes,
    }),
  metadataTooLarge: (sizeBytes: number, limitBytes: number) =>
    bad('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      Size: sizeBytes,
      MaxSizeAllowed: limitBytes,
    }),
  entityTooLarge: (limitBytes: number) =>
    bad('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      MaxSizeAllowed: limitBytes,
    }),

  preconditionFailed: (Condition: string) =>
    new Fault(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      { status: 412, members: { Condition } },
    ),
  notModified: (headers: Readonly<Record<string, string>>) =>
    new Fault('NotModified', 'Not Modified', { status: 304, headers }),
  changing: () =>
    conflict(
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this' +
        ' resource.',
      {},
    ),
  invalidRange: (RangeRequested: string, ActualObjectSize: number) =>
    new Fault('InvalidRange', 'The requested range is not satisfiable', {
      status: 416,
      members: { RangeRequested, ActualObjectSize },
    }),
  invalidPartNumber: (PartNumberRequested: number, ActualPartCount: number) =>
    new Fault('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      status: 416,
      members: { PartNumberRequested, ActualPartCount },
    }),

  noSuchUpload: (UploadId: string) =>
    missing(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have' +
        ' been aborted or completed.',
      { UploadId },
    ),
  invalidPart: (members: Members) =>
    bad(
      'InvalidPart',
      'One or more of the specified parts could not be found.  The part may not have been' +
        " uploaded, or the specified entity tag may not match the part's entity tag.",
      members,
    ),
  partOrder: (UploadId: string) =>
    bad(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
      { UploadId },
    ),
  partTooSmall: (members: Members) =>
    bad('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', members),
  badDigest: (algorithm: string) =>
    bad('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`),

  /** `problem` is what the key's own service calls it; the reason is in its words. */
  keyProblem: (problem: string, reason: string) => bad(`KMS.${problem}`, reason),
  badEncryptionAlgorithm: () =>
    bad(
      'InvalidEncryptionAlgorithmError',
      'The Encryption request you specified is not valid. Supported value: AES256.',
    ),

  invalidRequest: (message: string) => bad('InvalidRequest', message),
  invalidArgument: (ArgumentName: string, ArgumentValue: unknown, message: string) =>
    bad('InvalidArgument', message, { ArgumentName, ArgumentValue }),
  malformedXml: () =>
    bad(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    ),
  malformedPolicy: (message: string) => bad('MalformedPolicy', message),
  noBucketPolicy: (BucketName: string) =>
    missing('NoSuchBucketPolicy', 'The bucket policy does not exist', { BucketName }),
  noPublicAccessBlock: (BucketName: string) =>
    missing(
      'NoSuchPublicAccessBlockConfiguration',
      'The public access block configuration was not found',
      { BucketName },
    ),
  invalidTag: (message: string, members: Members = {}) => bad('InvalidTag', message, members),
  tooManyTags: (message: string) => bad('BadRequest', message),
  invalidStorageClass: (StorageClassRequested: string) =>
    bad('InvalidStorageClass', 'The storage class you specified is not valid', {
      StorageClassRequested,
    }),
  noAcls: () => bad('AccessControlListNotSupported', 'The bucket does not allow ACLs'),
  notImplemented: (Header: string) =>
    new Fault(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
      { status: 501, members: { Header } },
    ),
};
