/**
 * What work may do, and objects as it may use them: never by the server's own right, but by that of
 * a role which a user passed on. Whose right it is:
 *
 * - what a processing job or a run of a schedule reads (inputs, scripts, baselines, captured
 *   records, labels) and writes: the role of the job;
 * - what a transform job reads and writes, its manifests too: the execution role of its model,
 *   because such a job names no role;
 * - the archive of a model, for an endpoint, a transform job or an analysis that asks the model:
 *   the execution role of that model;
 * - the model that an analysis asks: the role of the job must be allowed to ask it, see
 *   `../predictor/rights.ts`;
 * - captured records: the execution role of the model that answered;
 * - the key of a job's volume, and secrets in the environment of a program: the role of the job, or
 *   of the model, see `safekeeping.ts`;
 * - journals of captured records, rows, profiles that are kept of hours, logs: the server's own.
 */
import type { Access } from '../../engines/access/access.ts';
import {
  ObjectAccessDenied,
  type ObjectSpace,
  type ObjectsFor,
} from '../../engines/objects/space.ts';
import type { Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** The session in which the service acts as a role, as the original names it. */
export const sessionName = 'SageMaker';

export interface Acting {
  readonly roleArn: string | undefined;
  /** Who should have had a role: `the model churn`. */
  readonly who: string;
  readonly scope: Scope;
  /** The job or endpoint that the role is taken over for. */
  readonly sourceArn: string;
}

/** Refused without a role, and when the role is gone or does not trust the service any more. */
export async function spaceFor(
  objectsFor: ObjectsFor,
  { roleArn, who, scope, sourceArn }: Acting,
): Promise<Outcome<ObjectSpace>> {
  if (!roleArn) return refuse(`ClientError: ${who} has no role to read and write objects with`);
  const { account, region } = scope;
  const space = await objectsFor({ roleArn, account, region, sessionName, sourceArn });
  if (space.ok) return space;
  return refuse(`ClientError: Could not assume role ${roleArn}: ${space.reason}`);
}

export interface RightsParts {
  readonly access: Access;
  readonly clock: Clock;
}

/** The principal that roles of jobs let in. */
const runner = 'sagemaker.amazonaws.com';

/** The role, taken over. Refused without one, and when it is gone or does not trust the service. */
export async function callerFor(
  { access }: Pick<RightsParts, 'access'>,
  { roleArn, who, scope, sourceArn }: Acting,
): Promise<Outcome<Caller>> {
  if (!roleArn) return refuse(`ClientError: ${who} has no role to act with`);
  const asked = { roleArn, service: runner, sessionName, sourceArn, account: scope.account };
  const caller = await access.assumedBy(asked);
  if (caller.ok) return caller;
  return refuse(`ClientError: Could not assume role ${roleArn}: ${caller.reason}`);
}

/** The words for the first of the checks that the caller does not pass, as the original's. */
export async function firstRefusal(
  { access, clock }: RightsParts,
  { caller, region }: { readonly caller: Caller; readonly region: string },
  checks: readonly Check[],
): Promise<string | undefined> {
  const facts = { nowMs: clock.nowMs(), region, secure: true };
  for (const check of checks) {
    const refused = await access.refusalOf(check, { caller, facts });
    if (refused) return accessDenied(refused.message);
  }
  return undefined;
}

/** Refused with the first of the checks that the role does not pass. */
export async function permitted(
  parts: RightsParts,
  acting: Acting,
  checks: readonly Check[],
): Promise<Outcome<undefined>> {
  const caller = await callerFor(parts, acting);
  if (!caller.ok) return caller;
  const { region } = acting.scope;
  const refused = await firstRefusal(parts, { caller: caller.value, region }, checks);
  return refused === undefined ? ok(undefined) : refuse(`ClientError: ${refused}`);
}

/** The role that a stored request names, as its client sent it. */
export function roleIn(request: Readonly<Record<string, unknown>>): string | undefined {
  const { RoleArn: role } = request;
  return typeof role === 'string' && role !== '' ? role : undefined;
}

/** Refusals for lack of rights are in Amazon's words, by contract. */
export function isDenied(reason: string): boolean {
  return reason.includes('is not authorized to perform: ');
}

/** As the original begins the reasons of jobs that may not read or write. */
export function downloadFailure(message: string): string {
  return `ClientError: Data download failed: ${accessDenied(message)}`;
}

export function uploadFailure(uri: string, reason: string): string {
  if (!isDenied(reason)) return `output ${uri}: ${reason}`;
  return `ClientError: Data upload failed: ${accessDenied(reason)}`;
}

export function accessDenied(message: string): string {
  return `AccessDenied (403): ${message}`;
}

/** Runs work that reads; what it may not read is a refusal of the whole. */
export async function refusingDenied<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ObjectAccessDenied) return refuse(downloadFailure(cause.message));
    throw cause;
  }
}
