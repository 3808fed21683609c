/**
 * Writes the record of a call: Amazon's members, nothing secret, no payload, bounded. Source: the
 * reference of record contents in the public CloudTrail user guide.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { type Elements, elementsOf, withoutSecrets } from './elements.ts';
import type { TrailEvent, TrailResource } from './event.ts';
import { identityOf, isoSeconds, webIdentityOf } from './identity.ts';
import { type CallKind, kindOf } from './kinds.ts';
import { objectCallOf } from './object-calls.ts';
import { resourcesOf } from './resources.ts';
import type { Shape } from './shapes.ts';
import type { EventKind } from './trail.ts';

/** What a connection was protected by. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  readonly cipher: string;
}

/** Where a call came from and by whom: the same for every service. */
export interface CallOrigin {
  readonly caller: Caller;
  readonly scope: Scope;
  readonly requestId: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Path and query. */
  readonly url?: string;
  readonly sourceAddress?: string;
  readonly tls?: TlsFacts;
}

export interface FinishedCall extends CallOrigin {
  /** A model's id. */
  readonly service: string;
  readonly operation: string;
  readonly input: object;
  /** Neither, when it ended otherwise than by an answer. */
  readonly output?: object;
  readonly fault?: CallFault;
  readonly inputShape?: Shape | undefined;
  readonly outputShape?: Shape | undefined;
  /** What it needed permission for, as far as it got. */
  readonly checks: readonly Check[];
  /** When they were found before: `resourcesOf` the checks. */
  readonly resources?: readonly TrailResource[];
}

export interface CallFault {
  readonly code: string;
  readonly message: string;
}

export interface RecordFacts {
  readonly nowMs: number;
  /** RFC 9562. */
  readonly eventId: string;
}

/** By what selectors choose among events: one for each resource of a data event. */
export function eventKindsOf(
  call: Pick<FinishedCall, 'service' | 'operation' | 'caller' | 'checks' | 'resources'>,
): readonly EventKind[] {
  const kind = kindOf(call.service, call.operation);
  const { category, eventSource, eventName, readOnly, resourceType } = kind;
  const about: Mutable<EventKind> = { category, eventSource, eventName, readOnly };
  if (resourceType !== undefined) about.resourceType = resourceType;
  if (call.caller.arn !== '') about.userIdentityArn = call.caller.arn;
  if (category === 'Management') return [about];
  const [first, ...more] = dataArns(resourcesIn(call), kind);
  if (first === undefined) return [about];
  const kinds = more.map((resourceArn) => ({ ...about, resourceArn }));
  about.resourceArn = first;
  return [about, ...kinds];
}

/** The same list again for the same single resource. */
export function resourcesIn(call: Pick<FinishedCall, 'resources' | 'checks' | 'caller'>) {
  return call.resources ?? resourcesOf(call.checks, call.caller.account);
}

/** A call about a bucket's contents as a whole is about the objects with the bucket's prefix. */
function dataArns(
  resources: readonly TrailResource[],
  { resourceType }: CallKind,
): readonly string[] {
  const fitting = resources.filter(({ type }) => type === resourceType);
  if (fitting.length > 0) return fitting.map(({ ARN }) => ARN);
  if (resourceType !== 'AWS::S3::Object') return [];
  const buckets = resources.filter(({ type }) => type === 'AWS::S3::Bucket');
  return buckets.map(({ ARN }) => `${ARN}/`);
}

export function buildEvent(call: FinishedCall, facts: RecordFacts): TrailEvent {
  const { service, operation, output, fault } = call;
  const kind = kindOf(service, operation);
  const event = beginEvent(call, kind, facts);
  if (namesItsCaller(call)) {
    event.userIdentity = webIdentityOf(output);
  }
  const secrets: string[] = [];
  const onHidden = fault && ((text: string) => void secrets.push(text));
  const hiding = onHidden ? { service, onHidden } : { service };
  event.requestParameters = elementsOf(call.input, call.inputShape, hiding);
  if (fault) setFault(event, fault, secrets);
  if (output && kind.answers) {
    event.responseElements = elementsOf(output, call.outputShape, { service });
  }
  const resources = resourcesIn(call);
  if (resources.length > 0) event.resources = resources;
  if (service === 's3') {
    const { parameters, additional } = objectCallOf(call, kind);
    event.requestParameters = { ...event.requestParameters, ...parameters };
    if (additional) event.additionalEventData = additional;
  }
  bound(event);
  return event;
}

/** Of a call without a signature: its answer says who made it. */
export function namesItsCaller({ service, operation }: FinishedCall): boolean {
  return service === 'sts' && operation === 'AssumeRoleWithWebIdentity';
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** A record in the making: members are set one by one, which costs a tenth of joining objects. */
export type Draft = Mutable<TrailEvent>;

/** What records of every kind begin with. */
export function beginEvent(
  call: CallOrigin,
  kind: Pick<CallKind, 'category' | 'eventSource' | 'eventName' | 'readOnly'>,
  { nowMs, eventId }: RecordFacts,
): Draft {
  const { caller, scope, tls, headers } = call;
  const event: Draft = {
    eventVersion: '1.11',
    userIdentity: identityOf(caller),
    eventTime: isoSeconds(nowMs),
    eventSource: kind.eventSource,
    eventName: kind.eventName,
    awsRegion: scope.region,
    sourceIPAddress: call.sourceAddress ?? caller.service ?? '',
    requestParameters: null,
    responseElements: null,
    requestID: call.requestId,
    eventID: eventId,
    readOnly: kind.readOnly,
    eventType: 'AwsApiCall',
    managementEvent: kind.category === 'Management',
    recipientAccountId: scope.account,
    eventCategory: kind.category,
  };
  const userAgent = headers['user-agent'];
  if (userAgent !== undefined) event.userAgent = agentOf(userAgent);
  if (tls) event.tlsDetails = tlsDetailsOf(tls, headers['host']);
  return event;
}

export function agentOf(text: string): string {
  return text.slice(0, longestAgentChars);
}

export function tlsDetailsOf({ version, cipher }: TlsFacts, host: string | undefined) {
  const name = host === undefined ? {} : { clientProvidedHostHeader: host };
  return { tlsVersion: version, cipherSuite: cipher, ...name };
}

export function setFault(event: Draft, { code, message }: CallFault, secrets: readonly string[]) {
  event.errorCode = code;
  event.errorMessage = withoutSecrets(message, secrets).slice(0, longestMessageChars);
}

const longestAgentChars = 1_024;
const longestMessageChars = 1_024;
/** Amazon's bounds of members. */
const largestElementsChars = 100 * 1_024;
const largestAdditionalChars = 28 * 1_024;

/** Leaves out members beyond their bounds and says so, as the original does. */
function bound(event: Draft): void {
  const { requestParameters, responseElements, additionalEventData } = event;
  event.requestParameters = fitting(requestParameters, 'requestParameters', largestElementsChars);
  event.responseElements = fitting(responseElements, 'responseElements', largestElementsChars);
  if (!additionalEventData) return;
  const additional = fitting(additionalEventData, 'additionalEventData', largestAdditionalChars);
  if (additional) event.additionalEventData = additional;
}

function fitting(elements: Elements | null, name: string, limit: number): Elements | null {
  if (elements === null) return elements;
  // Most are a few short texts: measured without being written twice.
  if (!mayExceed(elements, limit)) return elements;
  const originalSize = JSON.stringify(elements).length;
  return originalSize <= limit ? elements : omitted(name, originalSize);
}

/** The same for elements that are JSON already. */
export function fittingText(text: string, name: string): string {
  if (text.length <= largestElementsChars) return text;
  return JSON.stringify(omitted(name, text.length));
}

function omitted(name: string, originalSize: number): Elements {
  return { omitted: true, originalSize, reason: `${name} too large` };
}

/**
 * Below this many plain members of at most so many characters nothing comes near a bound, though
 * JSON may write a character as six.
 */
const plainMembers = 20;
const plainChars = 200;

function mayExceed(elements: Elements, limit: number): boolean {
  if (plainMembers * plainChars * 6 > limit) return true;
  let members = 0;
  for (const name in elements) {
    const value = elements[name];
    members += 1;
    if (members > plainMembers || typeof value === 'object') return true;
    if (typeof value === 'string' && value.length > plainChars) return true;
  }
  return false;
}
