/** The resources a call was about, from what it needed permission for, and what type each has. */
import { parseArn } from '../../kernel/arn.ts';
import type { Check } from '../../kernel/check.ts';
import type { TrailResource } from './event.ts';

/** Most resources that a record names; DeleteObjects has up to 1,000. */
export const maxResources = 1_000;

/** Without wildcards and repetitions, in the order of the checks; a bucket follows its objects. */
export function resourcesOf(
  checks: readonly Check[],
  callerAccount: string,
): readonly TrailResource[] {
  const [first] = checks;
  if (first && checks.length === 1) return resourcesIn(first, callerAccount);
  const found = new Map<string, TrailResource>();
  for (const check of checks) {
    if (found.size >= maxResources) break;
    for (const resource of resourcesIn(check, callerAccount)) {
      if (!found.has(resource.ARN)) found.set(resource.ARN, resource);
    }
  }
  return [...found.values()];
}

const none: readonly TrailResource[] = [];

function resourcesIn({ resource, owner }: Check, callerAccount: string): readonly TrailResource[] {
  if (resource.includes('*')) return none;
  const parsed = parseArn(resource);
  if (!parsed.ok) return none;
  const { account, service } = parsed.value;
  const accountId = owner ?? (account || callerAccount);
  const type = typeOf(service, parsed.value.resource);
  const found = { accountId, type, ARN: resource };
  if (type !== 'AWS::S3::Object') return [found];
  const bucket = resource.slice(0, resource.indexOf('/'));
  return [found, { accountId, type: 'AWS::S3::Bucket', ARN: bucket }];
}

const services: Readonly<Record<string, string>> = {
  iam: 'IAM',
  sts: 'STS',
  kms: 'KMS',
  sns: 'SNS',
  sqs: 'SQS',
  s3: 'S3',
  sagemaker: 'SageMaker',
  secretsmanager: 'SecretsManager',
  cloudwatch: 'CloudWatch',
  cloudtrail: 'CloudTrail',
  logs: 'Logs',
  events: 'Events',
};

/** Services whose ARNs say no type, and types that are named otherwise than in ARNs. */
const types: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sns: { '': 'Topic' },
  sqs: { '': 'Queue' },
  iam: {
    mfa: 'VirtualMFADevice',
    'oidc-provider': 'OIDCProvider',
    'saml-provider': 'SAMLProvider',
  },
  sts: { 'assumed-role': 'AssumedRole', 'federated-user': 'FederatedUser' },
};

/** `AWS::SageMaker::EndpointConfig` of `endpoint-config/name`. */
function typeOf(service: string, resource: string): string {
  const name = services[service] ?? pascal(service);
  if (service === 's3') return `AWS::S3::${resource.includes('/') ? 'Object' : 'Bucket'}`;
  if (types[service]?.['']) return `AWS::${name}::${types[service]['']}`;
  const end = resource.search(/[/:]/);
  const kind = end < 0 ? resource : resource.slice(0, end);
  return `AWS::${name}::${types[service]?.[kind] ?? pascal(kind)}`;
}

function pascal(text: string): string {
  if (!text.includes('-')) return text.slice(0, 1).toUpperCase() + text.slice(1);
  return text
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** `name` of `…:kind/name`, `…:kind:name` or `…:name`; of objects the whole key. */
export function nameInArn(arn: string): string {
  const parsed = parseArn(arn);
  if (!parsed.ok) return arn;
  const { resource, service } = parsed.value;
  if (service === 's3') return resource;
  const at = resource.search(/[/:]/);
  return at < 0 ? resource : resource.slice(at + 1);
}
