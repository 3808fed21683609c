/** Every refusal of this service: the original's codes and, where they are known, its texts. */
import { Fault } from '../../wire/operation.ts';

/** The original answers 400 to all of these, whatever other status its model has for some. */
function refused(code: string, message: string): Fault {
  return new Fault(code, message, { status: 400 });
}

export const faults = {
  unknownTrail: (name: string, account: string) =>
    refused('TrailNotFoundException', `Unknown trail: ${name} for the user: ${account}`),
  trailExists: (name: string, account: string) =>
    refused('TrailAlreadyExistsException', `Trail ${name} already exists for customer: ${account}`),
  tooManyTrails: (account: string, limit: number) =>
    refused(
      'MaximumNumberOfTrailsExceededException',
      `User: ${account} already has ${limit} trails in this region.`,
    ),
  invalidName: (message: string) => refused('InvalidTrailNameException', message),
  invalidArn: (arn: string) =>
    refused('CloudTrailARNInvalidException', `Trail ARN ${arn.slice(0, 300)} is not valid.`),
  notHome: (arn: string, region: string) =>
    refused(
      'InvalidHomeRegionException',
      `The trail ${arn} can be changed only in the region ${region} in which it was made.`,
    ),
  noBucket: (bucket: string) =>
    refused('S3BucketDoesNotExistException', `S3 bucket ${bucket} does not exist!`),
  bucketPolicy: (bucket: string) =>
    refused(
      'InsufficientS3BucketPolicyException',
      `Incorrect S3 bucket policy is detected for bucket: ${bucket}`,
    ),
  invalidBucketName: (bucket: string) =>
    refused('InvalidS3BucketNameException', `Bucket name ${bucket.slice(0, 100)} is invalid`),
  invalidPrefix: (message: string) => refused('InvalidS3PrefixException', message),
  invalidTopic: (name: string) =>
    refused('InvalidSnsTopicNameException', `SNS topic name ${name.slice(0, 300)} is invalid`),
  topicPolicy: () =>
    refused(
      'InsufficientSnsTopicPolicyException',
      'SNS Topic does not exist or the topic policy is incorrect!',
    ),
  invalidKey: (key: string) =>
    refused('InvalidKmsKeyIdException', `KMS key ID ${key.slice(0, 300)} is not valid.`),
  noKey: (key: string) => refused('KmsKeyNotFoundException', `KMS key ${key} does not exist.`),
  keyDisabled: (key: string) => refused('KmsKeyDisabledException', `KMS key ${key} is disabled.`),
  keyState: (message: string) => refused('KmsException', message),
  keyPolicy: (bucket: string, key: string) =>
    refused(
      'InsufficientEncryptionPolicyException',
      `Insufficient permissions to access S3 bucket ${bucket} or KMS key ${key}.`,
    ),
  invalid: (message: string) => refused('InvalidParameterException', message),
  combination: (message: string) => refused('InvalidParameterCombinationException', message),
  noOrganization: () =>
    refused(
      'OrganizationsNotInUseException',
      'This account is not a member of an organization: organization trails cannot be made.',
    ),
  notBuilt: (what: string) =>
    new Fault('NotImplemented', `${what} is not implemented by this server.`, { status: 501 }),
  invalidSelectors: (message: string) => refused('InvalidEventSelectorsException', message),
  noInsights: (name: string) =>
    refused('InsightNotEnabledException', `Trail ${name} does not have Insights enabled.`),
  insightsUnsupported: () =>
    refused('UnsupportedOperationException', 'Insights events are not computed by this server.'),
  storesUnsupported: () =>
    refused('UnsupportedOperationException', 'There are no event data stores on this server.'),
  timeRange: (message: string) => refused('InvalidTimeRangeException', message),
  invalidAttribute: (message: string) => refused('InvalidLookupAttributesException', message),
  invalidNextToken: () =>
    refused('InvalidNextTokenException', 'The token is not one that this operation answered.'),
  invalidToken: () => refused('InvalidTokenException', 'The token is not valid here.'),
  noResource: (id: string) =>
    refused('ResourceNotFoundException', `The resource ${id.slice(0, 300)} does not exist.`),
  unsupportedResource: (id: string) =>
    refused('ResourceTypeNotSupportedException', `${id.slice(0, 300)} cannot have tags.`),
  invalidTag: (message: string) => refused('InvalidTagParameterException', message),
  tooManyTags: (limit: number) =>
    refused('TagsLimitExceededException', `A resource can have no more than ${limit} tags.`),
  undelivered: () =>
    refused(
      'ConflictException',
      'The trail was stopped too often before what it logged could be delivered.',
    ),
};
