/**
 * Tells the trail of calls: of every service, of the gateway, and of the server's own routes. What
 * a record says is the engine's; here is decided whether there is one, and what becomes of a call
 * that cannot be recorded. Requests whose signature does not hold reach nothing and are not told.
 */
import type { EventBus } from '../engines/events/bus.ts';
import {
  beginEvent,
  buildEvent,
  type FinishedCall,
  type RecordFacts,
  setFault,
} from '../engines/trail/build.ts';
import { type Elements, plainElementsOf } from '../engines/trail/elements.ts';
import type { TrailEvent, TrailResource } from '../engines/trail/event.ts';
import { type CallKind, kindOf } from '../engines/trail/kinds.ts';
import { knownKindsOf, lineOf } from '../engines/trail/line.ts';
import { hidden } from '../engines/trail/masks.ts';
import { resourcesOf } from '../engines/trail/resources.ts';
import type { Trail } from '../engines/trail/trail.ts';
import type { InvocationAudit, Invoked } from '../gateway/audit.ts';
import type { Check } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import { uuids } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Audit, Finished } from '../wire/chain.ts';
import { faults } from '../wire/faults.ts';
import { loadModel } from '../wire/model/load.ts';
import type { Call, Fault } from '../wire/operation.ts';

export interface TrailCallsParts {
  readonly trail: Pick<Trail, 'record' | 'recordLine' | 'wants' | 'isWritable'>;
  /** Gets the management events that change something. */
  readonly events: Pick<EventBus, 'publish'>;
  /** Of records. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A call of one of the server's own routes. */
export interface OwnCall {
  readonly call: Call;
  /** `iam.amazonaws.com`: of the service that the route belongs to. */
  readonly eventSource: string;
  readonly eventName: string;
  readonly readOnly: boolean;
  readonly parameters: unknown;
  readonly checks: readonly Check[];
  readonly fault?: Fault;
}

export interface SignInTold {
  readonly call: Call;
  /** Undefined for a name that nobody has: it may be a password in the wrong field. */
  readonly userName: string | undefined;
  readonly userId?: string;
  readonly userArn?: string;
  readonly succeeded: boolean;
  readonly usedMfa: boolean;
  readonly errorMessage?: string;
}

export interface TrailCalls {
  /** For the chain of operations. */
  readonly audit: Audit;
  /** For the gateway. */
  readonly invocations: InvocationAudit;
  /** Rejects with a `Fault` while records cannot be kept. */
  mustBeWritable(): Promise<void>;
  ownCall(call: OwnCall): Promise<void>;
  signIn(told: SignInTold): Promise<void>;
}

export function makeTrailCalls(parts: TrailCallsParts): TrailCalls {
  const { trail, clock, random } = parts;
  const nextId = uuids(random);
  const facts = () => ({ nowMs: clock.nowMs(), eventId: nextId() });
  const isWanted = (call: Parameters<typeof knownKindsOf>[0]) =>
    kindOf(call.service, call.operation).category === 'Management' ||
    knownKindsOf(call).some((kind) => trail.wants(kind));

  const refusing = makeRefusing(parts.log);

  async function keep(event: TrailEvent): Promise<void> {
    await refusing(trail.record(event));
    if (isPublished(event)) await publish(event, parts.events);
  }

  function keepCall(call: FinishedCall): Promise<void> {
    const about = facts();
    const { category, readOnly } = kindOf(call.service, call.operation);
    const published = isPublished({ managementEvent: category === 'Management', readOnly });
    const line = published ? undefined : lineOf(call, about);
    return line ? refusing(trail.recordLine(line)) : keep(buildEvent(call, about));
  }

  return {
    audit: {
      canRecord({ call, service, operation, checks }) {
        const { caller } = call;
        if (!isWanted({ service, operation, caller, checks })) return true;
        return trail.isWritable();
      },
      record(finished) {
        const { call, service, operation, checks } = finished;
        if (!isWanted({ service, operation, caller: call.caller, checks })) return undefined;
        return keepCall(finishedCallOf(finished));
      },
    },
    invocations(invoked) {
      const { action: operation, caller, check } = invoked;
      const checks = [check];
      const resources = resourcesOf(checks, caller.account);
      // Asked first: by default no selector wants them, and there are many.
      if (!isWanted({ service: 'sagemaker-runtime', operation, caller, checks, resources })) {
        return undefined;
      }
      const about = invocationOf(invoked, resources);
      return {
        canRecord: () => trail.isWritable(),
        record(fault) {
          if (fault) about.fault = faultOf(fault);
          return keepCall(about);
        },
      };
    },
    async mustBeWritable() {
      if (!(await trail.isWritable())) throw faults.unaudited();
    },
    ownCall: (told) => keep(ownEvent(told, facts())),
    signIn: (told) => keep(signInEvent(told, facts())),
  };
}

/** Has calls refused whose records were not kept. Those written together have one promise. */
function makeRefusing(log: Logger): (kept: Promise<void>) => Promise<void> {
  let last: { readonly kept: Promise<void>; readonly refusing: Promise<void> } | undefined;
  return (kept) => {
    if (kept === last?.kept) return last.refusing;
    const refusing = kept.catch((cause: unknown) => {
      log.error('records of the audit trail were not kept', cause);
      throw faults.unaudited();
    });
    last = { kept, refusing };
    return refusing;
  };
}

/** Members one by one: joining objects would cost as much as all the rest. */
function finishedCallOf(finished: Finished): FinishedCall {
  const { call, service, operation, checks, input, output, fault } = finished;
  const model = loadModel(service).operations.get(operation);
  const told: Mutable<FinishedCall> = {
    service,
    operation,
    input,
    checks,
    inputShape: model?.input,
    outputShape: model?.output,
    caller: call.caller,
    scope: call.scope,
    requestId: call.requestId,
    headers: call.headers,
    url: call.url,
  };
  if (call.sourceAddress !== undefined) told.sourceAddress = call.sourceAddress;
  if (call.tls) told.tls = call.tls;
  if (output) told.output = output;
  if (fault) told.fault = faultOf(fault);
  return told;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function originIn({ caller, scope, requestId, headers, url, sourceAddress, tls }: Call) {
  return {
    ...{ caller, scope, requestId, headers, url },
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(tls ? { tls } : {}),
  };
}

function faultOf({ code, message }: Fault) {
  return { code, message };
}

/** The headers that say how a model is chosen; payloads and attributes of users are left out. */
const invokedHeaders = [
  ['content-type', 'ContentType'],
  ['accept', 'Accept'],
  ['x-amzn-sagemaker-target-variant', 'TargetVariant'],
  ['x-amzn-sagemaker-inference-id', 'InferenceId'],
] as const;

function invocationOf(
  invoked: Invoked,
  resources: readonly TrailResource[],
): Mutable<FinishedCall> {
  const { action, endpointName, headers, caller, check } = invoked;
  const input: Record<string, string> = { EndpointName: endpointName };
  for (const [header, name] of invokedHeaders) {
    const value = headers[header];
    if (value !== undefined) input[name] = value;
  }
  const told: Mutable<FinishedCall> = {
    service: 'sagemaker-runtime',
    operation: action,
    input,
    checks: [check],
    resources,
    inputShape: loadModel('sagemaker-runtime').operations.get(action)?.input,
    caller,
    scope: invoked.scope,
    requestId: invoked.requestId,
    headers,
  };
  if (invoked.sourceAddress !== undefined) told.sourceAddress = invoked.sourceAddress;
  if (invoked.tls) told.tls = invoked.tls;
  return told;
}

function ownEvent(told: OwnCall, facts: RecordFacts): TrailEvent {
  const { call, eventSource, eventName, readOnly, checks, fault } = told;
  const kind: Omit<CallKind, 'answers'> = {
    ...{ eventSource, eventName, readOnly },
    category: 'Management',
  };
  const event = beginEvent(originIn(call), kind, facts);
  const plain = plainElementsOf(told.parameters);
  if (isElements(plain)) event.requestParameters = plain;
  const resources = resourcesOf(checks, call.caller.account);
  if (resources.length > 0) event.resources = resources;
  if (fault) setFault(event, fault, []);
  return event;
}

function isElements(value: unknown): value is Elements {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const signInKind: Omit<CallKind, 'answers'> = {
  ...{ eventSource: 'signin.amazonaws.com', eventName: 'ConsoleLogin' },
  ...{ category: 'Management', readOnly: false },
};

/** Source: "AWS Management Console sign-in events" in the public CloudTrail user guide. */
function signInEvent(told: SignInTold, facts: RecordFacts): TrailEvent {
  const { call, userId, userArn, succeeded, usedMfa, errorMessage } = told;
  const event = beginEvent(originIn(call), signInKind, facts);
  event.userIdentity = {
    type: 'IAMUser',
    ...(userId === undefined ? {} : { principalId: userId }),
    ...(userArn === undefined ? {} : { arn: userArn }),
    accountId: call.scope.account,
    userName: told.userName ?? hidden,
  };
  if (errorMessage !== undefined) event.errorMessage = errorMessage;
  event.responseElements = { ConsoleLogin: succeeded ? 'Success' : 'Failure' };
  event.additionalEventData = { MobileVersion: 'No', MFAUsed: usedMfa ? 'Yes' : 'No' };
  event.eventType = 'AwsConsoleSignIn';
  return event;
}

function isPublished(event: Pick<TrailEvent, 'managementEvent' | 'readOnly'>): boolean {
  return event.managementEvent && !event.readOnly;
}

/** As EventBridge delivers what CloudTrail records. */
async function publish(event: TrailEvent, events: Pick<EventBus, 'publish'>): Promise<void> {
  const service = event.eventSource.replace(/\.amazonaws\.com$/, '');
  const signIn = event.eventType === 'AwsConsoleSignIn';
  await events.publish({
    source: `aws.${service}`,
    detailType: `AWS ${signIn ? 'Console Sign In' : 'API Call'} via CloudTrail`,
    resources: [],
    detail: { ...event },
    scope: { partition: 'aws', region: event.awsRegion, account: event.recipientAccountId },
  });
}
