/**
 * The inference data plane: invocations by their own short path, past the chain that other
 * operations take. Nothing here is decided by a client's word alone: each request is signed and
 * authorized, and only the headers listed in `headers.ts` reach a model.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { defined } from '../kernel/assert.ts';
import type { ByteBudget } from '../kernel/byte-budget.ts';
import { uuids } from '../kernel/ids.ts';
import { Fault } from '../wire/operation.ts';
import {
  type AdmissionParts,
  type Arrived,
  ClientGone,
  type Identified,
  identify,
  type Target,
  targetOf,
} from './admission.ts';
import { send, sendFault } from './answer.ts';
import { type InvocationAudit, type Invoked, oneRecord } from './audit.ts';
import { faults } from './faults.ts';
import { checkHeaders } from './headers.ts';
import { type Invocation, type InvokeParts, invoke } from './invoke.ts';
import { makeMirror } from './shadow.ts';
import { invokeStream } from './stream.ts';

export interface GatewayParts extends AdmissionParts, Omit<InvokeParts, 'mirror' | 'newId'> {
  readonly audit?: InvocationAudit;
  /** For bodies, which are held in memory; without bound when left out. */
  readonly bodies?: ByteBudget;
}

export interface Gateway {
  /** True for `POST /endpoints/{name}/invocations` and `/invocations-response-stream`. */
  matches(req: IncomingMessage): boolean;
  /** Answers the request; never throws. Resolves when the answer has left or the client is gone. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Resolves when the copies for shadow variants that are under way have ended. */
  idle(): Promise<void>;
}

export function makeGateway(given: GatewayParts): Gateway {
  const mirror = makeMirror();
  const newId = uuids(given.random);
  const parts = { ...given, mirror, newId };
  // Who asks for a match handles it next: the path is read once.
  let last: { readonly req: IncomingMessage; readonly target: Target } | undefined;
  return {
    matches(req) {
      const target = targetOf(req);
      last = target && { req, target };
      return target !== undefined;
    },
    async handle(req, res) {
      const found = last?.req === req ? last.target : targetOf(req);
      last = undefined;
      const target = defined(found, 'the endpoint in the path');
      const requestId = newId();
      const hold = parts.bodies?.hold();
      try {
        await serve(req, res, { target, requestId, hold }, parts);
      } catch (error) {
        await refuse(error, { res, requestId }, parts);
      } finally {
        hold?.release();
      }
    },
    async idle() {
      await Promise.all(mirror.copies);
    },
  };
}

type Parts = GatewayParts & InvokeParts;

interface Request extends Arrived {
  readonly requestId: string;
}

async function serve(
  req: IncomingMessage,
  res: ServerResponse,
  arrived: Request,
  parts: Parts,
): Promise<void> {
  const elapsedUs = parts.forwarder.startTimer();
  const { target, requestId } = arrived;
  const identified = await identify(req, arrived, parts);
  const { asked, scope, headers, body } = identified;
  const wanted = parts.audit?.(invokedOf(target, requestId, identified));
  const record = wanted && oneRecord(wanted);
  try {
    await parts.authorize(asked);
    if (record) await record.mustBePossible();
    checkHeaders(headers);
    // Members one by one, here and below: joining objects is slow, and no path is busier.
    const call: Invocation = {
      scope,
      headers,
      body,
      endpointName: target.endpointName,
      requestId,
      receivedAtMs: parts.clock.nowMs(),
      elapsedUs,
      beforeAnswer: record && (() => record.done()),
    };
    if (target.action === 'InvokeEndpoint') await send(res, await invoke(call, parts));
    else await invokeStream(call, res, parts);
  } catch (error) {
    if (!(error instanceof ClientGone)) {
      await record?.done(error instanceof Fault ? error : faults.internal());
    }
    throw error;
  }
}

function invokedOf(target: Target, requestId: string, identified: Identified): Invoked {
  const { scope, headers, asked, tls } = identified;
  const { action, endpointName } = target;
  const { caller, check, facts } = asked;
  const invoked: Mutable<Invoked> = {
    action,
    endpointName,
    requestId,
    scope,
    caller,
    check,
    headers,
  };
  if (facts.sourceAddress !== undefined) invoked.sourceAddress = facts.sourceAddress;
  if (tls) invoked.tls = tls;
  return invoked;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

async function refuse(
  error: unknown,
  { res, requestId }: { readonly res: ServerResponse; readonly requestId: string },
  { log }: Parts,
): Promise<void> {
  if (error instanceof ClientGone || res.destroyed) return;
  const fault = error instanceof Fault ? error : faults.internal();
  if (fault !== error) log.error('an invocation failed', error, { requestId });
  // Half an answer cannot be taken back: the client learns from the connection's end.
  if (res.headersSent) res.destroy();
  else await sendFault(res, fault, requestId);
}
