/**
 * The inference data plane: invocations by their own short path, past the chain that other
 * operations take. Nothing here is decided by a client's word alone: each request is signed and
 * authorized, and only the headers listed in `headers.ts` reach a model.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { defined } from '../kernel/assert.ts';
import { uuid } from '../kernel/ids.ts';
import { Fault } from '../wire/operation.ts';
import {
  type AdmissionParts,
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

export interface GatewayParts extends AdmissionParts, Omit<InvokeParts, 'mirror'> {
  readonly audit?: InvocationAudit;
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
  const parts = { ...given, mirror };
  return {
    matches: (req) => targetOf(req) !== undefined,
    async handle(req, res) {
      const target = defined(targetOf(req), 'the endpoint in the path');
      const requestId = uuid(parts.random);
      try {
        await serve(req, res, { ...target, requestId }, parts);
      } catch (error) {
        await refuse(error, { res, requestId }, parts);
      }
    },
    async idle() {
      await Promise.all(mirror.copies);
    },
  };
}

type Parts = GatewayParts & InvokeParts;

interface Request extends Target {
  readonly requestId: string;
}

async function serve(
  req: IncomingMessage,
  res: ServerResponse,
  target: Request,
  parts: Parts,
): Promise<void> {
  const elapsedUs = parts.forwarder.startTimer();
  const identified = await identify(req, target, parts);
  const { asked, scope, headers, body } = identified;
  const record = oneRecord(parts.audit?.(invokedOf(target, identified)));
  try {
    await parts.authorize(asked);
    await record.mustBePossible();
    checkHeaders(headers);
    const { endpointName, requestId } = target;
    const receivedAtMs = parts.clock.nowMs();
    const beforeAnswer = () => record.done();
    const about = { scope, headers, body, endpointName, requestId, receivedAtMs };
    const call: Invocation = { ...about, elapsedUs, beforeAnswer };
    if (target.action === 'InvokeEndpoint') await send(res, await invoke(call, parts));
    else await invokeStream(call, res, parts);
  } catch (error) {
    if (!(error instanceof ClientGone)) {
      await record.done(error instanceof Fault ? error : faults.internal());
    }
    throw error;
  }
}

function invokedOf(
  { action, endpointName, requestId }: Request,
  { scope, headers, asked, tls }: Identified,
): Invoked {
  const { caller, check, facts } = asked;
  const { sourceAddress } = facts;
  const invoked = { action, endpointName, requestId, scope, caller, check, headers };
  if (sourceAddress === undefined) return invoked;
  return tls ? { ...invoked, sourceAddress, tls } : { ...invoked, sourceAddress };
}

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
