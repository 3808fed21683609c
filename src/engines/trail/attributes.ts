/** The attributes that events are looked up by. Source: the reference of LookupEvents. */
import type { TrailEvent } from './event.ts';
import { userNameOf } from './identity.ts';
import { nameInArn } from './resources.ts';
import type { TrailSubject } from './trail.ts';

export type AttributeName =
  | 'EventId'
  | 'EventName'
  | 'ReadOnly'
  | 'Username'
  | 'ResourceType'
  | 'ResourceName'
  | 'EventSource'
  | 'AccessKeyId';

export interface Attribute {
  readonly name: AttributeName;
  readonly value: string;
}

/** Resources that are described each by an ARN are found by it, and by the name in it. */
export function valuesOf(event: TrailEvent, name: AttributeName): readonly string[] {
  return name === 'EventId' ? [event.eventID] : subjectValues(event, name);
}

function subjectValues(
  event: TrailSubject,
  name: Exclude<AttributeName, 'EventId'>,
): readonly string[] {
  switch (name) {
    case 'EventName':
      return [event.eventName];
    case 'ReadOnly':
      return [String(event.readOnly)];
    case 'Username':
      return present(userNameOf(event.userIdentity));
    case 'EventSource':
      return [event.eventSource];
    case 'AccessKeyId':
      return present(event.userIdentity.accessKeyId);
    case 'ResourceType':
      return (event.resources ?? []).map(({ type }) => type);
    case 'ResourceName':
      return (event.resources ?? []).flatMap(({ ARN }) => [ARN, nameInArn(ARN)]);
    default:
      return name satisfies never;
  }
}

function present(value: string | undefined): readonly string[] {
  return value ? [value] : [];
}

/** Gathers the attributes of events for the filter of a stretch: most repeat those before. */
export class AttributeTexts {
  readonly #add: (begin: string, end: string) => void;
  /** Subjects, names and sources of events, identities, ARNs: what was added already. */
  readonly #seen = new Set<unknown>();

  constructor(add: (begin: string, end: string) => void) {
    this.#add = add;
  }

  add(eventID: string, event: TrailSubject): void {
    this.#add(beginOfId, eventID);
    if (!this.#isNew(event)) return;
    if (this.#isNew(event.eventName)) this.#addAll(event, 'EventName');
    if (this.#isNew(event.eventSource)) this.#addAll(event, 'EventSource');
    if (this.#isNew(event.readOnly)) this.#addAll(event, 'ReadOnly');
    if (this.#isNew(event.userIdentity)) {
      this.#addAll(event, 'Username');
      this.#addAll(event, 'AccessKeyId');
    }
    let fresh = false;
    for (const { ARN } of event.resources ?? []) if (this.#isNew(ARN)) fresh = true;
    if (!fresh) return;
    this.#addAll(event, 'ResourceType');
    this.#addAll(event, 'ResourceName');
  }

  #addAll(event: TrailSubject, name: Exclude<AttributeName, 'EventId'>): void {
    for (const value of subjectValues(event, name)) this.#add(beginOf(name), value);
  }

  #isNew(what: unknown): boolean {
    if (this.#seen.has(what)) return false;
    // Forgetting costs time alone: what is added again is in the filter once.
    if (this.#seen.size >= maxSeen) this.#seen.clear();
    this.#seen.add(what);
    return true;
  }
}

const maxSeen = 10_000;

export function textOf({ name, value }: Attribute): string {
  return beginOf(name) + value;
}

function beginOf(name: AttributeName): string {
  return `${name}=`;
}

/** Made once: there is one in every record. */
const beginOfId = beginOf('EventId');

export function hasAttribute(event: TrailEvent, { name, value }: Attribute): boolean {
  return valuesOf(event, name).includes(value);
}
