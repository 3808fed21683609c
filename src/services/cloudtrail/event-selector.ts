/** Which events a trail takes: setting it and showing it. */
import type {
  AdvancedEventSelector,
  EventSelector,
  GetEventSelectorsRequest,
  GetEventSelectorsResponse,
  PutEventSelectorsRequest,
  PutEventSelectorsResponse,
} from '@aws-sdk/client-cloudtrail';
import {
  type AdvancedSelector,
  type BasicSelector,
  defaultSelector,
  type FieldSelector,
  type Selectors,
  trailKey,
  trailRows,
} from '../../engines/trail/digests/rows.ts';
import { chooseDataEvents } from '../../jobs/trail-delivery/choice.ts';
import { advancedSelectors } from './advanced-selector-rules.ts';
import { basicSelectors } from './basic-selector-rules.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { findHomeTrail, findTrail } from './names.ts';

export async function putEventSelectors(
  input: PutEventSelectorsRequest,
  ctx: Ctx,
): Promise<PutEventSelectorsResponse> {
  const { TrailName: name = '' } = input;
  const { arn } = await findHomeTrail(name, ctx);
  const selectors = selectorsOf(input);
  await ctx.store.write(async (tx) => {
    const row = await findHomeTrail(name, ctx, tx);
    await tx.put(trailRows, trailKey(row, row.name), { ...row, selectors });
  });
  await chooseDataEvents(ctx);
  return { TrailARN: arn, ...selectorsView(selectors) };
}

function selectorsOf(input: PutEventSelectorsRequest): Selectors {
  const { EventSelectors: basic, AdvancedEventSelectors: advanced } = input;
  if (basic && advanced) {
    throw faults.invalidSelectors(
      'EventSelectors and AdvancedEventSelectors cannot be used together.',
    );
  }
  if (advanced) return { kind: 'advanced', each: advancedSelectors(advanced) };
  if (basic) return { kind: 'basic', each: basicSelectors(basic) };
  throw faults.invalidSelectors('EventSelectors or AdvancedEventSelectors must be specified.');
}

export async function getEventSelectors(
  { TrailName = '' }: GetEventSelectorsRequest,
  ctx: Ctx,
): Promise<GetEventSelectorsResponse> {
  const row = await findTrail(TrailName, ctx);
  const selectors = row.selectors ?? { kind: 'basic' as const, each: [defaultSelector] };
  return { TrailARN: row.arn, ...selectorsView(selectors) };
}

function selectorsView(selectors: Selectors) {
  return selectors.kind === 'basic'
    ? { EventSelectors: selectors.each.map(basicView) }
    : { AdvancedEventSelectors: selectors.each.map(advancedView) };
}

function basicView(selector: BasicSelector): EventSelector {
  return {
    ReadWriteType: selector.readWrite,
    IncludeManagementEvents: selector.management,
    DataResources: selector.dataResources.map(({ type, values }) => ({
      Type: type,
      Values: [...values],
    })),
    ExcludeManagementEventSources: [...selector.excludedSources],
  };
}

function advancedView({ name, fields }: AdvancedSelector): AdvancedEventSelector {
  return { ...(name === undefined ? {} : { Name: name }), FieldSelectors: fields.map(fieldView) };
}

function fieldView({ field, ...conditions }: FieldSelector) {
  const told = Object.entries(conditions).map(([name, values]) => [
    `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    [...values],
  ]);
  return { Field: field, ...(Object.fromEntries(told) as Record<string, string[]>) };
}
