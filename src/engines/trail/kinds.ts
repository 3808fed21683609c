/**
 * What kind of event an operation is: its source and name in the trail, whether it only reads, and
 * whether it is about the contents of a resource (a data event) or about resources themselves.
 * Source: the pages on logging with CloudTrail of each service's public guide.
 */

export interface CallKind {
  readonly category: 'Management' | 'Data';
  /** `monitoring.amazonaws.com` */
  readonly eventSource: string;
  /** The operation's name but for S3, which has older ones. */
  readonly eventName: string;
  readonly readOnly: boolean;
  /** Of data events: the type of resource that selectors choose by. */
  readonly resourceType?: string;
  /** Whether the answer is written though the call only reads. */
  readonly answers: boolean;
}

/** Model id to signing name, where they differ. */
const sources: Readonly<Record<string, string>> = {
  cloudwatch: 'monitoring',
  'sagemaker-runtime': 'sagemaker',
};

interface DataEvents {
  readonly resourceType: string;
  readonly operations: ReadonlySet<string>;
}

const objectOperations = [
  ...['AbortMultipartUpload', 'CompleteMultipartUpload', 'CopyObject', 'CreateMultipartUpload'],
  ...['DeleteObject', 'DeleteObjects', 'DeleteObjectTagging', 'GetObject', 'GetObjectAcl'],
  ...['GetObjectAttributes', 'GetObjectLegalHold', 'GetObjectRetention', 'GetObjectTagging'],
  ...['GetObjectTorrent', 'HeadBucket', 'HeadObject', 'ListMultipartUploads', 'ListObjects'],
  ...['ListObjectsV2', 'ListObjectVersions', 'ListParts', 'PutObject', 'PutObjectAcl'],
  ...['PutObjectLegalHold', 'PutObjectRetention', 'PutObjectTagging', 'RestoreObject'],
  ...['SelectObjectContent', 'UploadPart', 'UploadPartCopy', 'RenameObject'],
  ...['UpdateObjectEncryption', 'GetObjectAnnotation', 'PutObjectAnnotation'],
  ...['DeleteObjectAnnotation', 'ListObjectAnnotations', 'WriteGetObjectResponse'],
];

const dataEvents: Readonly<Record<string, DataEvents>> = {
  s3: { resourceType: 'AWS::S3::Object', operations: new Set(objectOperations) },
  'sagemaker-runtime': {
    resourceType: 'AWS::SageMaker::Endpoint',
    operations: new Set([
      ...['InvokeEndpoint', 'InvokeEndpointWithResponseStream', 'InvokeEndpointAsync'],
    ]),
  },
  sns: { resourceType: 'AWS::SNS::Topic', operations: new Set(['Publish', 'PublishBatch']) },
  sqs: {
    resourceType: 'AWS::SQS::Queue',
    operations: new Set([
      ...['ChangeMessageVisibility', 'ChangeMessageVisibilityBatch', 'DeleteMessage'],
      ...['DeleteMessageBatch', 'GetQueueAttributes', 'GetQueueUrl', 'ListDeadLetterSourceQueues'],
      ...['ListQueues', 'ListQueueTags', 'ReceiveMessage', 'SendMessage', 'SendMessageBatch'],
    ]),
  },
  cloudwatch: {
    resourceType: 'AWS::CloudWatch::Metric',
    operations: new Set(['GetMetricData', 'GetMetricWidgetImage', 'PutMetricData']),
  },
  logs: { resourceType: 'AWS::Logs::LogGroup', operations: new Set(['PutLogEvents']) },
  events: { resourceType: 'AWS::Events::EventBus', operations: new Set(['PutEvents']) },
};

const readingVerbs = new RegExp(
  '^(BatchDescribe|BatchGet|Check|Decode|Describe|Filter|Get|Head|List|Lookup|Query|Receive|' +
    'Search|Select|Simulate|Test|Validate|Generate(Credential|Organizations|Service)|RenderUi)',
);

/** Operations that use keys without changing them are reads, as the trail of the original says. */
const keyUse = new Set([
  ...['Decrypt', 'DeriveSharedSecret', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair'],
  ...['GenerateDataKeyPairWithoutPlaintext', 'GenerateDataKeyWithoutPlaintext', 'GenerateMac'],
  ...['GenerateRandom', 'ReEncrypt', 'Sign', 'Verify', 'VerifyMac', 'Encapsulate', 'Decapsulate'],
]);

/** Reads although their verbs do not say so. */
const alsoReading: Readonly<Record<string, RegExp>> = {
  sts: /./,
  'sagemaker-runtime': /^InvokeEndpoint(WithResponseStream)?$/,
  logs: /^(StartQuery|StopQuery|StartLiveTail)$/,
};

/** S3's names in the trail, where they are not those of its API. */
const names: Readonly<Record<string, string>> = {
  ListObjectsV2: 'ListObjects',
  GetBucketLifecycleConfiguration: 'GetBucketLifecycle',
  PutBucketLifecycleConfiguration: 'PutBucketLifecycle',
  GetBucketNotificationConfiguration: 'GetBucketNotification',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  DeletePublicAccessBlock: 'DeleteBucketPublicAccessBlock',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
};

/** By service and operation. */
const kinds = new Map<string, Map<string, CallKind>>();

/** `service` is a model's id; `operation` one of its operations, so what is kept is bounded. */
export function kindOf(service: string, operation: string): CallKind {
  let known = kinds.get(service);
  if (!known) {
    known = new Map();
    kinds.set(service, known);
  }
  const kind = known.get(operation) ?? makeKind(service, operation);
  known.set(operation, kind);
  return kind;
}

function makeKind(service: string, operation: string): CallKind {
  const data = dataEvents[service];
  const isData = data?.operations.has(operation) ?? false;
  const readOnly =
    readingVerbs.test(operation) ||
    (service === 'kms' && keyUse.has(operation)) ||
    (alsoReading[service]?.test(operation) ?? false);
  return {
    category: isData ? 'Data' : 'Management',
    eventSource: `${sources[service] ?? service}.amazonaws.com`,
    eventName: (service === 's3' ? names[operation] : undefined) ?? operation,
    readOnly,
    ...(isData && data ? { resourceType: data.resourceType } : {}),
    // Whose credentials were given out is what sessions are traced by.
    answers: !readOnly || service === 'sts',
  };
}
