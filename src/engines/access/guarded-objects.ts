/**
 * Objects as a caller may use them: what their policies and the bucket's do not allow is refused.
 * For jobs and models, which reach the engine without a request.
 */
import { formatArn } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check, KeyValue, RequestFacts } from '../../kernel/check.ts';
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import type { KeyNeeds } from '../objects/key-needs.ts';
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

/** What using keys needs leave for, as the engine of objects tells; without it no key is used. */
export interface KeyedSpace extends ObjectSpace {
  readonly keyNeeds?: Pick<KeyNeeds, 'ofRead' | 'ofWrite'>;
}

/** Undefined for a bucket that does not exist. */
export type BucketRules = (bucket: string) => Promise<BucketRule | undefined>;

export interface GuardParts {
  readonly objects: KeyedSpace;
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

/** The words of a refusal, or undefined; what was allowed is remembered for a while. */
interface Rights {
  on(need: Need): Promise<string | undefined>;
  /** On the keys that objects are encrypted under. */
  onKeys(checks: readonly Check[] | undefined): Promise<string | undefined>;
}

function rightsOf({ access, bucketRule, partition, facts }: GuardParts, caller: Caller): Rights {
  /** Of what was allowed, until when. */
  const allowed = new Map<string, number>();

  async function unless(name: string, check: () => Promise<Check>): Promise<string | undefined> {
    const request = facts();
    if ((allowed.get(name) ?? 0) > request.nowMs) return undefined;
    const refused = await access.refusalOf(await check(), { caller, facts: request });
    if (refused) return refused.message;
    if (allowed.size >= mostKept) allowed.clear();
    allowed.set(name, request.nowMs + keptMs);
    return undefined;
  }

  async function checkOf({ action, bucket, key, keys }: Need): Promise<Check> {
    const rule = await bucketRule(bucket);
    const resource = key === '' ? bucket : `${bucket}/${key}`;
    return {
      action,
      resource: formatArn({ partition, region: '', account: '' }, 's3', resource),
      ...(keys ? { keys } : {}),
      ...(rule?.owner === undefined ? {} : { owner: rule.owner }),
      resourcePolicy: async () => rule?.policy,
    };
  }

  return {
    on: (need) => {
      const { action, bucket, key, keys } = need;
      return unless(JSON.stringify([action, bucket, key, keys]), () => checkOf(need));
    },
    async onKeys(checks = []) {
      for (const check of checks) {
        const { action, resource, keys } = check;
        const refused = await unless(JSON.stringify([action, resource, keys]), async () => check);
        if (refused !== undefined) return refused;
      }
      return undefined;
    },
  };
}

export function guardedObjects(parts: GuardParts, caller: Caller): ObjectSpace {
  const { objects } = parts;
  const rights = rightsOf(parts, caller);

  async function need(action: string, at: ObjectAddress): Promise<void> {
    const refused = await rights.on({ action, ...at });
    if (refused !== undefined) throw new ObjectAccessDenied(refused);
  }

  async function needBytes(at: ObjectAddress): Promise<void> {
    await need('s3:GetObject', at);
    const refused = await rights.onKeys(await objects.keyNeeds?.ofRead(at, { caller }));
    if (refused !== undefined) throw new ObjectAccessDenied(refused);
  }

  async function writeRefusal(at: ObjectAddress, keyId: string | undefined) {
    const refused = await rights.on({ action: 's3:PutObject', ...at });
    if (refused !== undefined) return refused;
    const wish = keyId === undefined ? undefined : { kind: 'key' as const, reference: keyId };
    return rights.onKeys(await objects.keyNeeds?.ofWrite(at, { caller, wish }));
  }

  return {
    // That a bucket exists is no secret, and jobs ask it to tell a wrong name from a missing right.
    hasBucket: (bucket) => objects.hasBucket(bucket),
    async put(at, content, options) {
      const refused = await writeRefusal(at, options?.keyId);
      if (refused === undefined) return objects.put(at, content, options);
      await content[Symbol.asyncIterator]().return?.();
      return refuse(refused);
    },
    putRefusal: (at, options) => writeRefusal(at, options?.keyId),
    async head(at) {
      await need('s3:GetObject', at);
      return objects.head(at);
    },
    async read(at, options) {
      await needBytes(at);
      return objects.read(at, options);
    },
    async asFile(at, options) {
      await needBytes(at);
      return objects.asFile(at, options);
    },
    async list(bucket, range) {
      const keys = { 's3:prefix': range.prefix };
      const refused = await rights.on({ action: 's3:ListBucket', bucket, key: '', keys });
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
