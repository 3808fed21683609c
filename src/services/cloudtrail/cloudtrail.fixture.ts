/** The service over a trail and buckets in memory, called without the wire. */

import { makeTrailAdmission } from '../../jobs/trail-delivery/admission.ts';
import {
  account,
  bucketName,
  region,
  setup as setupDelivery,
} from '../../jobs/trail-delivery/delivery.fixture.ts';
import { type Call, Fault } from '../../wire/operation.ts';
import type { CloudTrailParts, Ctx } from './context.ts';

export {
  account,
  bucketName,
  bucketPolicy,
  region,
} from '../../jobs/trail-delivery/delivery.fixture.ts';

export const scope = { partition: 'aws', region, account };

export function makeCall(over: Partial<Call> = {}): Call {
  return {
    scope,
    caller: { accessKeyId: 'AKID', arn: 'someone', userId: 'AIDA', account },
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://127.0.0.1:4566',
    headers: {},
    url: '/',
    checksums: {},
    ...over,
  };
}

export function setup() {
  const server = setupDelivery();
  const { store, clock, trail, signingKeys, parts } = server;
  const admission = makeTrailAdmission(parts);
  const woken: string[] = [];
  const given: CloudTrailParts = {
    ...{ store, clock, trail, signingKeys, admission },
    lookup: (query) => trail.lookup(query),
    keys: parts.keys,
    topics: parts.topics,
    wake: (name) => void woken.push(name),
  };
  const ctx: Ctx = { ...makeCall(), ...given };
  const at = (over: Partial<typeof scope>): Ctx => ({ ...ctx, scope: { ...scope, ...over } });
  return { ...server, given, ctx, at, woken };
}

export const wanted = { Name: 'main', S3BucketName: bucketName };

/** The code of the refusal. Anything else is thrown on. */
export async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
