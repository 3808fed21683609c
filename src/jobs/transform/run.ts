/** Runs one transform job: a model server, every object through it, then the manifests. */
import { setMaxListeners } from 'node:events';
import { transformLog } from '../../engines/logs/names.ts';
import type { ObjectSpace, ObjectsFor } from '../../engines/objects/space.ts';
import type { TransformJobRow } from '../../engines/transform/rows.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Forwarder } from '../../ports/forwarder.ts';
import type { Launcher } from '../../ports/launcher.ts';
import type { LogWriter } from '../../ports/program-logs.ts';
import { startModel } from '../endpoints/starter.ts';
import { refusingDenied, spaceFor } from '../roles/acting.ts';
import type { Safekeeping } from '../roles/safekeeping.ts';
import { makeConversion } from './answers.ts';
import { writeManifests } from './capture.ts';
import { Permits } from './in-order.ts';
import { listPassages } from './listing.ts';

import { type Passage, type PassageParts, transformObject } from './object.ts';

/** The others are worth trying when one object is bad, but not when they all are. */
const mostFailedObjects = 10;
const stopGraceMs = 30_000;

export interface TransformRunParts {
  readonly objectsFor: ObjectsFor;
  readonly safekeeping: Safekeeping;
  readonly launcher: Launcher;
  readonly forwarder: Forwarder;
  readonly programLogs: LogWriter;
  readonly log: Logger;
  /** Resolves after so long, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Refused with the job's FailureReason. Throws when `signal` aborts. */
export async function runTransform(
  job: TransformJobRow,
  parts: TransformRunParts,
  { signal }: { readonly signal: AbortSignal },
): Promise<Outcome<void>> {
  // Every request in flight listens.
  setMaxListeners(0, signal);
  const { model } = job.plan;
  const { roleArn } = model;
  const { arn: sourceArn, scope } = job;
  const acting = { roleArn, who: `the model ${model.name}`, scope, sourceArn };
  const space = await spaceFor(parts.objectsFor, acting);
  if (!space.ok) return space;
  const { volumeKeyId, target } = job.plan;
  const wanted = { volumeKeyId, outputKeyId: target.keyId };
  const ready = await parts.safekeeping.ready(acting, wanted);
  if (!ready.ok) return ready;
  return refusingDenied(() => runActing(job, { ...parts, objects: space.value }, signal));
}

/** With the objects as the role of the model may use them. */
interface ActingParts extends TransformRunParts {
  readonly objects: ObjectSpace;
}

async function runActing(
  job: TransformJobRow,
  parts: ActingParts,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const { objects, forwarder, wait, programLogs, log } = parts;
  const { plan } = job;
  const listed = await listPassages(plan, objects);
  if (!listed.ok) return listed;
  const server = await startModel(parts, plan.model, {
    signal,
    scope: job.scope,
    sourceArn: job.arn,
    name: `transform-${job.name}`,
    onLog: (line) => programLogs.append(transformLog(job), line),
  });
  if (!server.ok)
    return refuse(`the model ${plan.model.name} could not be started: ${server.reason}`);
  try {
    const ended = await transformAll(
      listed.value.passages,
      {
        ...{ objects, forwarder, wait, plan, server: server.value },
        conversion: makeConversion(job),
        permits: new Permits(plan.concurrency),
      },
      signal,
    );
    if (!ended.ok) return ended;
  } finally {
    await server.value.stop({ graceMs: stopGraceMs }).catch((cause: unknown) => {
      log.error('the model server of a transform job could not be stopped', cause, {
        job: job.arn,
      });
    });
  }
  return writeManifests(job, listed.value.captured, objects);
}

async function transformAll(
  passages: readonly Passage[],
  parts: PassageParts,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const failures: string[] = [];
  const left = passages.values();
  const worker = async () => {
    for (const passage of left) {
      if (failures.length >= mostFailedObjects) return;
      signal.throwIfAborted();
      const result = await transformObject(passage, parts, signal);
      if (!result.ok) failures.push(result.reason);
    }
  };
  const workers = Math.min(parts.plan.concurrency, passages.length);
  const ends = await Promise.allSettled(Array.from({ length: workers }, worker));
  const thrown = ends.find((end) => end.status === 'rejected');
  if (thrown) throw thrown.reason;
  const [first, ...others] = failures;
  if (first === undefined) return ok(undefined);
  const more = others.length === 0 ? '' : ` (and ${others.length} more objects failed)`;
  return refuse(`ClientError: ${first}${more}`);
}
