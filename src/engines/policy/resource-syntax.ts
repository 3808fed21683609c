/** Resource and NotResource as they are written, judged in the order and words of the original. */
import { splitArn } from './arns.ts';

/** What the original's partitions are called. */
const partitions = new Set([
  '*',
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
  'aws-eusc',
]);

const iamPaths = [
  ...['user/', 'federated-user/', 'role/', 'group/', 'instance-profile/', 'mfa/'],
  ...['server-certificate/', 'policy/', 'sms-mfa/', 'saml-provider/', 'oidc-provider/'],
  ...['report/', 'access-report/'],
];

/** Why the resource cannot be in a policy; undefined when it can. */
export function resourceRefusal(resource: string): string | undefined {
  if (resource === '*') return undefined;
  const parts = splitArn(resource);
  if (parts && isPlain(parts)) return undefined;
  if (!resource.includes(':')) return `Resource ${resource} must be in ARN format or "*".`;
  const [prefix, partition = '', ...rest] = resource.split(':');
  if (!partitions.has(partition)) {
    return `Partition "${partition}" is not valid for resource "${shownArn(partition, rest)}".`;
  }
  const [service = ''] = rest;
  if (rest.length === 0 || /[*?$]/.test(service)) {
    return 'Resource vendor must be fully qualified and cannot contain regexes.';
  }
  if (prefix !== 'arn') return `Resource ${resource} must be in ARN format or "*".`;
  return parts && (regionRefusal(resource, parts) ?? pathRefusal(resource, parts));
}

/** What most are: well formed, and no rule of a single service is about it. */
function isPlain(parts: readonly string[]): boolean {
  const service = parts[2] ?? '';
  if (service === 'iam' || (service === 's3' && parts[3] !== '')) return false;
  return parts[0] === 'arn' && partitions.has(parts[1] ?? '') && !/[*?$]/.test(service);
}

/** Of what has too few colons; the original has another parser for it, hence its words. */
export function failsLegacyParsing(resource: string): boolean {
  if (resource === '*') return false;
  const parts = splitArn(resource);
  if (parts) return parts[2] === '';
  return resource.includes('::') || resource.split(':')[2] === '';
}

/** The ARN as the original shows it: what is missing is `*`. */
function shownArn(partition: string, rest: readonly string[]): string {
  const [service = '', region = '*', account = '*', ...resource] = rest;
  const shownService = service === '' && rest.length < 2 ? '*' : service;
  const named = resource.length > 0 ? resource.join(':') : '*';
  return ['arn', partition, shownService, region, account, named].join(':');
}

function regionRefusal(resource: string, parts: readonly string[]): string | undefined {
  const [, , service, region = '', , named = ''] = parts;
  if (region === '') return undefined;
  if (service === 'iam') return `IAM resource ${resource} cannot contain region information.`;
  if (service !== 's3' || named.startsWith('accesspoint/')) return undefined;
  return `Resource ${resource} can not contain region information.`;
}

function pathRefusal(resource: string, parts: readonly string[]): string | undefined {
  const [, , service, , , named = ''] = parts;
  if (service !== 'iam' || named === '*' || named === 'root') return undefined;
  if (iamPaths.some((path) => named.startsWith(path) || opensLike(named, path))) return undefined;
  return `IAM resource path must either be "*" or start with ${iamPaths.join(', ')}.`;
}

/** `us*` may be a user; a pattern is judged by what stands before its first wildcard. */
function opensLike(named: string, path: string): boolean {
  const wildcard = named.search(/[*?]/);
  return wildcard !== -1 && path.startsWith(named.slice(0, wildcard));
}
