/**
 * The managed policies that every account has and none can change. Names, dates and documents are
 * Amazon's published ones, in `public-policies.json`; what is not in that file is not invented.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { formatArn, parseArn } from '../../kernel/arn.ts';
import { idPrefixes } from './ids.ts';

export interface PublicPolicy {
  readonly name: string;
  /** `/`, `/service-role/`, `/job-function/`, `/aws-service-role/`. */
  readonly path: string;
  readonly arn: string;
  /** `ANPA…`, the same in every installation. */
  readonly id: string;
  /** Of the only version that is known. */
  readonly version: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** False for those that only service-linked roles have. */
  readonly attachable: boolean;
  /** JSON, written when it is first read. */
  readonly document: string;
}

interface Published {
  readonly path: string;
  readonly version: string;
  readonly created: string;
  readonly updated: string;
  readonly document: object;
}

/** The account part of their ARNs. */
export const publicAccount = 'aws';
const administratorName = 'AdministratorAccess';
const idLength = 17;
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

type ByName = ReadonlyMap<string, PublicPolicy>;
const byPartition = new Map<string, ByName>();
const partitionPattern = /^aws[a-z-]{0,20}$/;
/** More partitions than there are; who names others may not fill the memory. */
const mostPartitions = 16;
let published: Readonly<Record<string, Published>> | undefined;

/** The policy of the ARN, whatever its partition, or undefined. Throws nothing. */
export function publicPolicy(arn: string): PublicPolicy | undefined {
  const parsed = parseArn(arn);
  if (!parsed.ok) return undefined;
  const { partition, service, region, account, resource } = parsed.value;
  if (service !== 'iam' || region !== '' || account !== publicAccount) return undefined;
  const name = resource.slice(resource.lastIndexOf('/') + 1);
  const found = policiesOf(partition)?.get(name);
  return found?.arn === arn ? found : undefined;
}

/** All of them, in order of names, with ARNs of the partition. */
export function publicPolicies(partition = 'aws'): readonly PublicPolicy[] {
  return [...(policiesOf(partition)?.values() ?? [])];
}

/** The ARN of the policy that allows everything. */
export function administratorPolicyArn(partition: string): string {
  return publicArn(partition, `/${administratorName}`);
}

export function isPublicArn(arn: string): boolean {
  const parsed = parseArn(arn);
  return parsed.ok && parsed.value.service === 'iam' && parsed.value.account === publicAccount;
}

function policiesOf(partition: string): ByName | undefined {
  const known = byPartition.get(partition);
  if (known || !partitionPattern.test(partition)) return known;
  if (byPartition.size >= mostPartitions) return undefined;
  published ??= read();
  const entries = Object.entries(published).map(
    ([name, policy]) => [name, fromPublished(partition, name, policy)] as const,
  );
  const made = new Map(entries);
  byPartition.set(partition, made);
  return made;
}

function read(): Readonly<Record<string, Published>> {
  const file = new URL('./public-policies.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Published>;
}

function fromPublished(partition: string, name: string, policy: Published): PublicPolicy {
  const { path, version, created, updated } = policy;
  let text: string | undefined;
  let id: string | undefined;
  return {
    name,
    path,
    arn: publicArn(partition, `${path}${name}`),
    get id() {
      id ??= stableId(name);
      return id;
    },
    version,
    createdAtMs: Date.parse(created),
    updatedAtMs: Date.parse(updated),
    attachable: path !== '/aws-service-role/',
    get document() {
      text ??= textOf(policy.document, partition);
      return text;
    },
  };
}

/** A line for each value, so that positions tell something; ARNs inside are of the partition. */
function textOf(document: object, partition: string): string {
  const text = JSON.stringify(document, null, 1);
  return partition === 'aws'
    ? text
    : text.replaceAll(`"${arnStart('aws')}`, `"${arnStart(partition)}`);
}

/** What all ARNs of a partition begin with. */
function arnStart(partition: string): string {
  return formatArn({ partition, region: '', account: '' }, '', '').replace(/:{4}$/, ':');
}

function publicArn(partition: string, pathAndName: string): string {
  const scope = { partition, region: '', account: publicAccount };
  return formatArn(scope, 'iam', `policy${pathAndName}`);
}

function stableId(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, idLength);
  return idPrefixes.policy + [...bytes].map((byte) => base32[byte % base32.length]).join('');
}
