/**
 * Which events a trail takes, by its selectors. What a client may write into selectors is checked
 * elsewhere. Source: "Logging data events" and "Filtering data events by using advanced event
 * selectors" in the CloudTrail User Guide.
 */
import type { TrailEvent } from '../event.ts';
import type { EventKind } from '../trail.ts';
import type { AdvancedSelector, BasicSelector, FieldSelector, Selectors } from './rows.ts';
import { defaultSelector } from './rows.ts';

/** What selectors look at. Of the resources one suffices. */
export interface Selectable extends EventKind {
  readonly eventType?: string;
  readonly sessionCredentialFromConsole?: boolean;
  readonly errorCode?: string;
  readonly resources?: readonly Selected[];
}

interface Selected {
  readonly type: string;
  readonly arn: string;
}

export type Selection = (event: Selectable) => boolean;

const usual: Selectors = { kind: 'basic', each: [defaultSelector] };

/** Absent selectors take all management events, as a trail without any does. */
export function selectionOf(selectors: Selectors = usual): Selection {
  const each =
    selectors.kind === 'basic' ? selectors.each.map(basic) : selectors.each.map(advanced);
  return (event) => each.some((takes) => takes(event));
}

/** Whether any data event can be taken. */
export function takesData(selectors: Selectors = usual): boolean {
  if (selectors.kind === 'basic')
    return selectors.each.some((each) => each.dataResources.length > 0);
  return selectors.each.some(({ fields }) =>
    fields.some(({ field, equals }) => field === 'eventCategory' && equals?.includes('Data')),
  );
}

export function selectableOf(event: TrailEvent): Selectable {
  const { errorCode, userIdentity, resources = [] } = event;
  return {
    category: event.eventCategory,
    eventSource: event.eventSource,
    eventName: event.eventName,
    readOnly: event.readOnly,
    eventType: event.eventType,
    sessionCredentialFromConsole: event.sessionCredentialFromConsole === 'true',
    resources: resources.map(({ type, ARN }) => ({ type, arn: ARN })),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(userIdentity.arn === undefined ? {} : { userIdentityArn: userIdentity.arn }),
  };
}

function resourcesOf({ resources, resourceType, resourceArn }: Selectable): readonly Selected[] {
  if (resources) return resources;
  return resourceType === undefined ? [] : [{ type: resourceType, arn: resourceArn ?? '' }];
}

function basic(selector: BasicSelector): Selection {
  const { readWrite, management, dataResources, excludedSources } = selector;
  return (event) => {
    if (readWrite !== 'All' && event.readOnly !== (readWrite === 'ReadOnly')) return false;
    if (event.category === 'Management') {
      return management && !excludedSources.includes(event.eventSource);
    }
    return dataResources.some(({ type, values }) =>
      resourcesOf(event).some(
        (resource) =>
          resource.type === type && values.some((value) => resource.arn.startsWith(value)),
      ),
    );
  };
}

function advanced({ fields }: AdvancedSelector): Selection {
  const ofResource = fields.filter(({ field }) => field.startsWith('resources.'));
  const ofEvent = fields.filter(({ field }) => !field.startsWith('resources.'));
  return (event) => {
    if (!ofEvent.every((field) => holds(field, eventValue(event, field.field)))) return false;
    if (ofResource.length === 0) return true;
    return resourcesOf(event).some((resource) =>
      ofResource.every((field) =>
        holds(field, field.field === 'resources.type' ? resource.type : resource.arn),
      ),
    );
  };
}

function eventValue(event: Selectable, field: string): string | undefined {
  switch (field) {
    case 'eventCategory':
      return event.category;
    case 'eventSource':
      return event.eventSource;
    case 'eventName':
      return event.eventName;
    case 'readOnly':
      return String(event.readOnly);
    case 'eventType':
      return event.eventType ?? 'AwsApiCall';
    case 'userIdentity.arn':
      return event.userIdentityArn;
    case 'errorCode':
      return event.errorCode;
    case 'sessionCredentialFromConsole':
      return String(event.sessionCredentialFromConsole ?? false);
    default:
      return undefined;
  }
}

/** Of values one suffices; of negated values none may match. */
function holds(selector: FieldSelector, value = ''): boolean {
  const { equals, startsWith, endsWith, notEquals, notStartsWith, notEndsWith } = selector;
  if (equals && !equals.includes(value)) return false;
  if (startsWith && !startsWith.some((one) => value.startsWith(one))) return false;
  if (endsWith && !endsWith.some((one) => value.endsWith(one))) return false;
  if (notEquals?.includes(value)) return false;
  if (notStartsWith?.some((one) => value.startsWith(one))) return false;
  return !notEndsWith?.some((one) => value.endsWith(one));
}
