/** The status machine of an endpoint: each function is one allowed step, from row to row. */

import type { Scope } from '../../kernel/arn.ts';
import { assert } from '../../kernel/assert.ts';
import { hostedArn } from './names.ts';
import { type Deployment, type Endpoint, inProgress } from './rows.ts';

export interface NewEndpoint {
  readonly scope: Scope;
  readonly name: string;
  readonly deployment: Deployment;
  readonly nowMs: number;
}

export function created({ scope, name, deployment, nowMs }: NewEndpoint): Endpoint {
  return {
    name,
    arn: hostedArn(scope, 'endpoint', name),
    scope,
    status: 'Creating',
    configName: deployment.configName,
    pending: deployment,
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
    generation: 1,
  };
}

/** An update keeps serving what is active until `settled`. */
export function updating(row: Endpoint, deployment: Deployment, nowMs: number): Endpoint {
  assert(row.status === 'InService', `endpoint ${row.name} is ${row.status}`);
  const { failureReason: _, ...rest } = row;
  const generation = row.generation + 1;
  return { ...rest, status: 'Updating', pending: deployment, modifiedAtMs: nowMs, generation };
}

export function deleting(row: Endpoint, nowMs: number): Endpoint {
  assert(!inProgress(row.status), `endpoint ${row.name} is ${row.status}`);
  const { pending: _, ...rest } = row;
  return { ...rest, status: 'Deleting', modifiedAtMs: nowMs, generation: row.generation + 1 };
}

/** What was pending serves now. */
export function settled(row: Endpoint, nowMs: number): Endpoint {
  const { pending, failureReason: _, ...rest } = row;
  assert(pending, `endpoint ${row.name} has nothing pending`);
  const configName = pending.configName;
  return { ...rest, status: 'InService', active: pending, configName, modifiedAtMs: nowMs };
}

/** The service model's limit; what programs print may be far longer. */
const longestReason = 1_024;

/** A failed creation ends as Failed; a failed update goes back to what serves. */
export function failed(row: Endpoint, reason: string, nowMs: number): Endpoint {
  const { pending: _, ...rest } = row;
  const status = row.active ? 'InService' : 'Failed';
  return { ...rest, status, failureReason: reason.slice(0, longestReason), modifiedAtMs: nowMs };
}
