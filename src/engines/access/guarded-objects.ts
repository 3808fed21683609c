/**
 * Objects as a caller may use them: what their policies and the bucket's do not allow is refused.
 * For jobs and models, which reach the engine without a request.
 */
import { formatArn } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { KeyValue, RequestFacts } from '../../kernel/check.ts';
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import {
  ObjectAccessDenied,
  type ObjectAddress,
  type ObjectSpace,
  type ObjectsFor,
} from '../objects/space.ts';
import type { Access } from './access.ts';

/** The bucket's policy document, if it has one, and the account it belongs to. */
export interface BucketRule {
  readonly policy?: string | undefined;
  readonly owner?: string | undefined;
}

/** Undefined for a bucket that does not exist. */
export type BucketRules = (bucket: string) => Promise<BucketRule | undefined>;

export interface GuardParts {
  readonly objects: ObjectSpace;
  readonly access: Access;
  readonly bucketRule: BucketRules;
  readonly partition: string;
  readonly facts: () => RequestFacts;
}

/** How long a right that was found to be there is used without asking again. */
const keptMs = minuteMs;
const mostKept = 1_000;

interface Need extends ObjectAddress {
  readonly action: string;
  readonly keys?: Readonly<Record<string, KeyValue>>;
}

export function guardedObjects(parts: GuardParts, caller: Caller): ObjectSpace {
  const { objects, access, bucketRule, partition, facts } = parts;
  /** Of what was allowed, until when. */
  const allowed = new Map<string, number>();

  /** The words of the refusal. */
  async function refusal({ action, bucket, key, keys }: Need): Promise<string | undefined> {
    const request = facts();
    const name = JSON.stringify([action, bucket, key, keys]);
    if ((allowed.get(name) ?? 0) > request.nowMs) return undefined;
    const rule = await bucketRule(bucket);
    const resource = key === '' ? bucket : `${bucket}/${key}`;
    const check = {
      action,
      resource: formatArn({ partition, region: '', account: '' }, 's3', resource),
      ...(keys ? { keys } : {}),
      ...(rule?.owner === undefined ? {} : { owner: rule.owner }),
      resourcePolicy: async () => rule?.policy,
    };
    const refused = await access.refusalOf(check, { caller, facts: request });
    if (refused) return refused.message;
    if (allowed.size >= mostKept) allowed.clear();
    allowed.set(name, request.nowMs + keptMs);
    return undefined;
  }

  async function need(action: string, at: ObjectAddress): Promise<void> {
    const refused = await refusal({ action, ...at });
    if (refused !== undefined) throw new ObjectAccessDenied(refused);
  }

  return {
    // That a bucket exists is no secret, and jobs ask it to tell a wrong name from a missing right.
    hasBucket: (bucket) => objects.hasBucket(bucket),
    async put(at, content, options) {
      const refused = await refusal({ action: 's3:PutObject', ...at });
      if (refused === undefined) return objects.put(at, content, options);
      await content[Symbol.asyncIterator]().return?.();
      return refuse(refused);
    },
    async head(at) {
      await need('s3:GetObject', at);
      return objects.head(at);
    },
    async read(at, options) {
      await need('s3:GetObject', at);
      return objects.read(at, options);
    },
    async asFile(at, options) {
      await need('s3:GetObject', at);
      return objects.asFile(at, options);
    },
    async list(bucket, range) {
      const keys = { 's3:prefix': range.prefix };
      const refused = await refusal({ action: 's3:ListBucket', bucket, key: '', keys });
      if (refused !== undefined) throw new ObjectAccessDenied(refused);
      return objects.list(bucket, range);
    },
    async delete(at) {
      await need('s3:DeleteObject', at);
      return objects.delete(at);
    },
  };
}

export interface ObjectsForParts extends Omit<GuardParts, 'facts'> {
  readonly clock: Clock;
  /** The principal that takes the roles over, `sagemaker.amazonaws.com`. */
  readonly service: string;
  /** That a role was taken over, for when it was last used. */
  readonly onAssumed?: (caller: Caller, region: string) => void;
}

export function makeObjectsFor(parts: ObjectsForParts): ObjectsFor {
  const { access, clock, service } = parts;
  return async ({ region, ...role }) => {
    const caller = await access.assumedBy({ ...role, service });
    if (!caller.ok) return caller;
    parts.onAssumed?.(caller.value, region);
    const facts = () => ({ nowMs: clock.nowMs(), region, secure: true });
    return ok(guardedObjects({ ...parts, facts }, caller.value));
  };
}
