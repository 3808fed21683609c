/** What trails are told about where they deliver to, checked as the original checks it. */
import { parseTopicArn, topicArn } from '../../engines/topics/rows.ts';
import type { TrailRow } from '../../engines/trail/digests/rows.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';

const longestPrefix = 200;
const longestTopic = 256;

interface Unbuilt {
  readonly CloudWatchLogsLogGroupArn?: string | undefined;
  readonly CloudWatchLogsRoleArn?: string | undefined;
  readonly IsOrganizationTrail?: boolean | undefined;
  readonly RecursiveLogging?: boolean | undefined;
}

/** Throws for what this server does not do. Empty texts, which take a setting away, are let by. */
export function refuseUnbuilt(input: Unbuilt): void {
  if (input.IsOrganizationTrail) throw faults.noOrganization();
  if (input.RecursiveLogging) throw faults.notBuilt('RecursiveLogging');
  if (input.CloudWatchLogsLogGroupArn) throw faults.notBuilt('CloudWatchLogsLogGroupArn');
  if (input.CloudWatchLogsRoleArn) throw faults.notBuilt('CloudWatchLogsRoleArn');
}

export function assertBucketName(bucket: string): void {
  const fits = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket);
  if (!fits || bucket.includes('..') || /^\d+\.\d+\.\d+\.\d+$/.test(bucket)) {
    throw faults.invalidBucketName(bucket);
  }
}

/** Without the slash that may be at its end; undefined for an empty one. */
export function prefixOf(given: string): string | undefined {
  if (given.length > longestPrefix) {
    throw faults.invalidPrefix(`S3 prefix is longer than ${longestPrefix} characters.`);
  }
  const prefix = given.replace(/\/+$/, '');
  if (prefix.startsWith('/') || /[^A-Za-z0-9!_.*'()/-]/.test(prefix)) {
    throw faults.invalidPrefix(`S3 prefix ${given} is invalid`);
  }
  return prefix === '' ? undefined : prefix;
}

interface TopicSetting {
  readonly topicName?: string;
  readonly topicArn?: string;
}

/** By name or ARN; an empty one takes it away. */
export function topicOf(given: string, { scope }: Ctx): TopicSetting {
  if (given === '') return {};
  const isArn = parseArn(given).ok;
  const at = isArn ? parseTopicArn(given) : { ...scope, name: given };
  if (!at || !/^[A-Za-z0-9_-]+$/.test(at.name) || at.name.length > longestTopic) {
    throw faults.invalidTopic(given);
  }
  return { topicName: given, topicArn: topicArn(at) };
}

const keyId = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;

/** The ARN of a key that the trail may use; undefined for an empty one. */
export async function keyArnOf(given: string, ctx: Ctx): Promise<string | undefined> {
  if (given === '') return undefined;
  const arn = parseArn(given);
  const isKeyArn =
    arn.ok && arn.value.service === 'kms' && /^(key|alias)\//.test(arn.value.resource);
  if (!isKeyArn && !keyId.test(given) && !/^alias\/./.test(given)) throw faults.invalidKey(given);
  const found = await ctx.keys.find(given, ctx.scope);
  if (!found.ok) throw faults.noKey(given);
  const { state, spec, arn: keyArn } = found.value;
  if (state === 'Disabled') throw faults.keyDisabled(keyArn);
  if (state !== 'Enabled') throw faults.keyState(`KMS key ${keyArn} is ${state}.`);
  if (spec !== 'SYMMETRIC_DEFAULT') throw faults.invalidKey(given);
  return keyArn;
}

/** Throws unless bucket, topic and key exist and let the trail in. */
export async function assertAdmitted(row: TrailRow, ctx: Ctx): Promise<void> {
  const refused = await ctx.admission.bucketRefusal(row);
  if (refused === 'noBucket') throw faults.noBucket(row.bucket);
  if (refused) throw faults.bucketPolicy(row.bucket);
  if (row.topicArn !== undefined) {
    const at = parseTopicArn(row.topicArn);
    const topic = at && (await ctx.topics.find(at));
    if (!topic || !(await ctx.admission.mayNotify(row, topic))) throw faults.topicPolicy();
  }
  if (row.keyArn === undefined) return;
  const key = await ctx.keys.find(row.keyArn, ctx.scope);
  if (!key.ok) throw faults.noKey(row.keyArn);
  if (!(await ctx.admission.maySeal(row, key.value))) {
    throw faults.keyPolicy(row.bucket, row.keyArn);
  }
}
