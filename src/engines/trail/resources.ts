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
  if (!first) return none;
  if (checks.length === 1) return resourcesIn(first, callerAccount);
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

/** What an ARN says. */
interface Reading {
  readonly account: string;
  readonly type: string;
  /** What came of it last: calls about one resource have the same list. */
  last: { readonly accountId: string; readonly resources: readonly TrailResource[] } | undefined;
}

/** Few resources get most of the calls. */
const readings = new Map<string, Reading>();
const maxReadings = 1_000;

/** Undefined for what names no single resource. */
function reading(resource: string): Reading | undefined {
  if (resource.includes('*')) return undefined;
  const parsed = parseArn(resource);
  if (!parsed.ok) return undefined;
  const { account, service } = parsed.value;
  const type = typeOf(service, parsed.value.resource);
  const made: Reading = { account, type, last: undefined };
  if (readings.size >= maxReadings) readings.clear();
  readings.set(resource, made);
  return made;
}

function resourcesIn({ resource, owner }: Check, callerAccount: string): readonly TrailResource[] {
  const known = readings.get(resource) ?? reading(resource);
  if (!known) return none;
  const { account, type, last } = known;
  const accountId = owner ?? (account || callerAccount);
  if (last?.accountId === accountId) return last.resources;
  const resources: TrailResource[] = [{ accountId, type, ARN: resource }];
  if (type === 'AWS::S3::Object') {
    const bucket = resource.slice(0, resource.indexOf('/'));
    resources.push({ accountId, type: 'AWS::S3::Bucket', ARN: bucket });
  }
  known.last = { accountId, resources };
  return resources;
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
