/**
 * The record of a usual call as a line of JSON, put together from texts that are made once for a
 * caller, an operation and a resource: the very bytes of the event that `build.ts` makes, at a
 * tenth of its cost. What those of a caller and an operation share is their form. Calls that
 * failed, and others that need more than their shape to be told, are left to it.
 */
import type { Caller } from '../../kernel/caller.ts';
import { quoted } from '../../kernel/json.ts';
import {
  agentOf,
  eventKindsOf,
  type FinishedCall,
  fittingText,
  namesItsCaller,
  type RecordFacts,
  resourcesIn,
  type TlsFacts,
  tlsDetailsOf,
} from './build.ts';
import { elementsText } from './elements.ts';
import type { TrailResource } from './event.ts';
import { between, type LineForm } from './forms.ts';
import { identityOf, isoSeconds } from './identity.ts';
import { type CallKind, kindOf } from './kinds.ts';
import { objectCallOf } from './object-calls.ts';
import type { EventKind, TrailLine, TrailSubject } from './trail.ts';

/** What records of one caller and operation have in common; the last of its kind is kept. */
interface Common {
  origin: OriginTexts;
  about: About;
}

/** For a request from one place, by one client. */
interface OriginTexts {
  readonly region: string;
  readonly account: string;
  readonly address: string;
  readonly agent: string | undefined;
  readonly host: string | undefined;
  readonly tls: TlsFacts | undefined;
  /** Around the time, the parameters, the answer, the ids of request and event, and the rest. */
  readonly form: LineForm;
}

interface About {
  readonly resources: readonly TrailResource[];
  readonly kinds: readonly EventKind[];
  readonly subject: TrailSubject;
  /** The member's text; empty without resources. */
  readonly text: string;
}

const commons = new WeakMap<Caller, Map<CallKind, Common>>();

type Called = Pick<FinishedCall, 'service' | 'operation' | 'caller' | 'checks' | 'resources'>;

/** By what selectors choose among events: the same object again for the same call. */
export function knownKindsOf(call: Called): readonly EventKind[] {
  const kind = kindOf(call.service, call.operation);
  const common = commons.get(call.caller)?.get(kind);
  const resources = resourcesIn(call);
  if (common?.about.resources === resources) return common.about.kinds;
  return eventKindsOf(call);
}

/** Undefined for a call whose record `buildEvent` has to make. */
export function lineOf(call: FinishedCall, { nowMs, eventId }: RecordFacts): TrailLine | undefined {
  if (call.fault || namesItsCaller(call)) return undefined;
  const { service, output } = call;
  const kind = kindOf(service, call.operation);
  const { origin, about } = commonOf(call, kind);
  const hiding = { service };
  let parameters = elementsText(call.input, call.inputShape, hiding);
  let additional = '';
  if (service === 's3') {
    const object = objectCallOf(call, kind);
    parameters = joined(parameters, JSON.stringify(object.parameters));
    if (object.additional) {
      additional = `,"additionalEventData":${JSON.stringify(object.additional)}`;
    }
  }
  const answered = output && kind.answers ? elementsText(output, call.outputShape, hiding) : 'null';
  const text =
    `${isoSeconds(nowMs)}${between}${fittingText(parameters, 'requestParameters')}${between}` +
    `${fittingText(answered, 'responseElements')}${between}${quoted(call.requestId)}${between}` +
    `${eventId}${between}${about.text}${additional}`;
  return { text, form: origin.form, eventID: eventId, subject: about.subject };
}

/** Members of the second object behind those of the first; the two have no name in common. */
function joined(first: string, second: string): string {
  if (first === 'null' || first === '{}') return second;
  return second === '{}' ? first : `${first.slice(0, -1)},${second.slice(1)}`;
}

function commonOf(call: FinishedCall, kind: CallKind): Common {
  const { caller } = call;
  let ofCaller = commons.get(caller);
  if (!ofCaller) {
    ofCaller = new Map();
    commons.set(caller, ofCaller);
  }
  const resources = resourcesIn(call);
  const known = ofCaller.get(kind);
  if (!known) {
    const made = { origin: originTexts(call, kind), about: aboutOf(call, kind, resources) };
    ofCaller.set(kind, made);
    return made;
  }
  if (!isFrom(known.origin, call)) known.origin = originTexts(call, kind);
  if (known.about.resources !== resources) known.about = aboutOf(call, kind, resources);
  return known;
}

function addressOf({ sourceAddress, caller }: FinishedCall): string {
  return sourceAddress ?? caller.service ?? '';
}

function isFrom(texts: OriginTexts, call: FinishedCall): boolean {
  const { scope, headers, tls } = call;
  return (
    texts.address === addressOf(call) &&
    texts.agent === headers['user-agent'] &&
    texts.region === scope.region &&
    texts.account === scope.account &&
    texts.tls?.version === tls?.version &&
    texts.tls?.cipher === tls?.cipher &&
    texts.host === headers['host']
  );
}

function originTexts(call: FinishedCall, kind: CallKind): OriginTexts {
  const { scope, headers, tls, caller } = call;
  const address = addressOf(call);
  const agent = headers['user-agent'];
  const host = headers['host'];
  const behind = {
    readOnly: kind.readOnly,
    eventType: 'AwsApiCall',
    managementEvent: kind.category === 'Management',
    recipientAccountId: scope.account,
    eventCategory: kind.category,
    ...(agent === undefined ? {} : { userAgent: agentOf(agent) }),
    ...(tls ? { tlsDetails: tlsDetailsOf(tls, host) } : {}),
  };
  const middle = {
    eventSource: kind.eventSource,
    eventName: kind.eventName,
    awsRegion: scope.region,
    sourceIPAddress: address,
  };
  const before = { eventVersion: '1.11', userIdentity: identityOf(caller) };
  return {
    ...{ region: scope.region, account: scope.account, address, agent, host, tls },
    form: [
      `${membersOf(before, '{')},"eventTime":"`,
      `"${membersOf(middle, ',')},"requestParameters":`,
      ...[',"responseElements":', ',"requestID":', ',"eventID":"'],
      `"${membersOf(behind, ',')}`,
      '}',
    ],
  };
}

/** JSON without its braces, behind `begin`. */
function membersOf(value: object, begin: string): string {
  return begin + JSON.stringify(value).slice(1, -1);
}

/** The same text in one piece: one that was joined would be put together again in each line. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

function aboutOf(call: FinishedCall, kind: CallKind, resources: readonly TrailResource[]): About {
  const { eventName, eventSource, readOnly } = kind;
  const subject = { eventName, eventSource, readOnly, userIdentity: identityOf(call.caller) };
  const some = resources.length > 0;
  return {
    resources,
    kinds: eventKindsOf(call),
    subject: some ? { ...subject, resources } : subject,
    text: some ? flat(`,"resources":${JSON.stringify(resources)}`) : '',
  };
}
