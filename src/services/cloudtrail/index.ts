/**
 * The operations of CloudTrail that exist; the wire answers NotImplemented for the rest: event data
 * stores and their queries, channels, dashboards, imports, organisations.
 */
import type { OperationTable } from '../../wire/operation.ts';
import type { Ctx } from './context.ts';
import { getEventSelectors, putEventSelectors } from './event-selector.ts';
import { getInsightSelectors, putInsightSelectors } from './insight-selector.ts';
import { getTrailStatus, startLogging, stopLogging } from './logging.ts';
import { lookupEvents } from './lookup-event.ts';
import { listPublicKeys } from './public-key.ts';
import { addTags, listTags, removeTags } from './tags.ts';
import { createTrail, deleteTrail, updateTrail } from './trail.ts';
import { describeTrails, getTrail, listTrails } from './trail-view.ts';

export { cloudtrailPermissions } from './permissions.ts';

export const cloudtrail = {
  CreateTrail: createTrail,
  UpdateTrail: updateTrail,
  DeleteTrail: deleteTrail,
  DescribeTrails: describeTrails,
  GetTrail: getTrail,
  ListTrails: listTrails,
  StartLogging: startLogging,
  StopLogging: stopLogging,
  GetTrailStatus: getTrailStatus,
  PutEventSelectors: putEventSelectors,
  GetEventSelectors: getEventSelectors,
  PutInsightSelectors: putInsightSelectors,
  GetInsightSelectors: getInsightSelectors,
  ListPublicKeys: listPublicKeys,
  LookupEvents: lookupEvents,
  AddTags: addTags,
  RemoveTags: removeTags,
  ListTags: listTags,
} satisfies OperationTable<Ctx>;
