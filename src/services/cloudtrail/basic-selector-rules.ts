/** What basic event selectors may say. Source: the reference of PutEventSelectors. */
import type { DataResource as DataResourceInput, EventSelector } from '@aws-sdk/client-cloudtrail';
import type { BasicSelector, DataResource } from '../../engines/trail/digests/rows.ts';
import { parseArn } from '../../kernel/arn.ts';
import { faults } from './faults.ts';

const mostSelectors = 5;
/** Over all selectors of a trail. */
const mostResources = 250;
const excludable = ['kms.amazonaws.com', 'rdsdata.amazonaws.com'];

const services: Readonly<Record<string, string>> = {
  'AWS::S3::Object': 's3',
  'AWS::Lambda::Function': 'lambda',
  'AWS::DynamoDB::Table': 'dynamodb',
};

export function basicSelectors(given: readonly EventSelector[]): readonly BasicSelector[] {
  if (given.length === 0 || given.length > mostSelectors) {
    throw faults.invalidSelectors(`Between 1 and ${mostSelectors} event selectors are allowed.`);
  }
  const selectors = given.map(selectorOf);
  const resources = selectors.flatMap(({ dataResources }) =>
    dataResources.flatMap(({ values }) => values),
  );
  if (resources.length > mostResources) {
    throw faults.invalidSelectors(
      `The number of data resources exceeds the limit of ${mostResources} of a trail.`,
    );
  }
  return selectors;
}

function selectorOf(given: EventSelector): BasicSelector {
  const { IncludeManagementEvents: management = true } = given;
  const excludedSources = given.ExcludeManagementEventSources ?? [];
  const strange = excludedSources.find((source) => !excludable.includes(source));
  if (strange !== undefined) {
    throw faults.invalidSelectors(
      `The value ${strange} of ExcludeManagementEventSources is invalid: ` +
        `${excludable.join(' and ')} can be left out.`,
    );
  }
  const dataResources = (given.DataResources ?? []).map(dataResourceOf);
  if (!management && dataResources.length === 0) {
    throw faults.invalidSelectors(
      'An event selector must include management events or data resources.',
    );
  }
  return { readWrite: given.ReadWriteType ?? 'All', management, dataResources, excludedSources };
}

function dataResourceOf({ Type: type = '', Values: values = [] }: DataResourceInput): DataResource {
  const service = Object.hasOwn(services, type) ? services[type] : undefined;
  if (service === undefined) {
    throw faults.invalidSelectors(
      `The type ${type} of DataResources is invalid: basic event selectors have ` +
        `${Object.keys(services).join(', ')}; advanced event selectors have more.`,
    );
  }
  if (values.length === 0) throw faults.invalidSelectors(`DataResources of ${type} has no Values.`);
  return { type, values: values.map((value) => beginningOf(value, service)) };
}

/** All resources of a service, all in a bucket (`…:::NAME/`), or those under a prefix. */
function beginningOf(value: string, service: string): string {
  if (isWhole(value, service)) return value;
  const arn = parseArn(value);
  const isGood = arn.ok && arn.value.service === service;
  const isObject = service !== 's3' || /^[^/]+\//.test(arn.ok ? arn.value.resource : '');
  if (!isGood || !isObject) {
    throw faults.invalidSelectors(
      `Value ${value.slice(0, 300)} for DataResources.Values is invalid.`,
    );
  }
  return value;
}

/** With or without the colons at its end, which `parseArn` asks for. */
function isWhole(value: string, service: string): boolean {
  const arn = parseArn(`${value}:::x`);
  const colons = value.split(':').slice(3);
  return arn.ok && arn.value.service === service && /^,{0,3}$/.test(colons.join());
}
