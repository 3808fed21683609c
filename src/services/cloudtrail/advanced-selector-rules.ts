/**
 * What advanced event selectors may say. Source: the references of AdvancedEventSelector and
 * AdvancedFieldSelector, and "Filtering data events by using advanced event selectors".
 */
import type { AdvancedEventSelector, AdvancedFieldSelector } from '@aws-sdk/client-cloudtrail';
import type { AdvancedSelector, FieldSelector } from '../../engines/trail/digests/rows.ts';
import { faults } from './faults.ts';

/** Values over all selectors of a trail. */
const mostValues = 500;
const longestValue = 2_048;

const operators = [
  ['equals', 'Equals'],
  ['startsWith', 'StartsWith'],
  ['endsWith', 'EndsWith'],
  ['notEquals', 'NotEquals'],
  ['notStartsWith', 'NotStartsWith'],
  ['notEndsWith', 'NotEndsWith'],
] as const;
type Operator = (typeof operators)[number][0];

const anyOperator: readonly Operator[] = operators.map(([name]) => name);

/** Field to the operators it may have. */
type Rules = Readonly<Record<string, readonly Operator[]>>;

const managementRules: Rules = {
  eventCategory: ['equals'],
  readOnly: ['equals'],
  eventSource: ['notEquals'],
  sessionCredentialFromConsole: ['equals', 'notEquals'],
};
const dataRules: Rules = {
  eventCategory: ['equals'],
  readOnly: ['equals'],
  'resources.type': ['equals'],
  'resources.ARN': anyOperator,
  eventName: anyOperator,
  eventSource: anyOperator,
  eventType: anyOperator,
  'userIdentity.arn': anyOperator,
  sessionCredentialFromConsole: ['equals', 'notEquals'],
};
const excludable = ['kms.amazonaws.com', 'rdsdata.amazonaws.com'];
const single = new Set([
  'eventCategory',
  'readOnly',
  'resources.type',
  'sessionCredentialFromConsole',
]);
const truths = new Set(['readOnly', 'sessionCredentialFromConsole']);

export function advancedSelectors(
  given: readonly AdvancedEventSelector[],
): readonly AdvancedSelector[] {
  if (given.length === 0) {
    throw faults.invalidSelectors('At least one advanced event selector must be specified.');
  }
  const selectors = given.map(selectorOf);
  const count = selectors.flatMap(({ fields }) => fields.flatMap(valuesOf)).length;
  if (count > mostValues) {
    throw faults.invalidSelectors(
      `The number of values in all advanced event selectors exceeds ${mostValues}.`,
    );
  }
  return selectors;
}

function selectorOf({ Name, FieldSelectors = [] }: AdvancedEventSelector): AdvancedSelector {
  const fields = FieldSelectors.map(fieldOf);
  const names = fields.map(({ field }) => field);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw faults.invalidSelectors(`The field ${repeated} is used more than once in a selector.`);
  }
  const category = fields.find(({ field }) => field === 'eventCategory')?.equals?.[0];
  const rules = rulesOf(category);
  for (const field of fields) assertAllowed(field, rules, category ?? '');
  if (category === 'Data' && !names.includes('resources.type')) {
    throw faults.invalidSelectors('A selector of data events must have the field resources.type.');
  }
  return { ...(Name === undefined ? {} : { name: Name }), fields };
}

function rulesOf(category: string | undefined): Rules {
  if (category === undefined) {
    throw faults.invalidSelectors('Every selector must have the field eventCategory with Equals.');
  }
  if (category === 'Management') return managementRules;
  if (category === 'Data') return dataRules;
  if (category === 'NetworkActivity') throw faults.notBuilt('eventCategory NetworkActivity');
  throw faults.invalidSelectors(`The value ${category} of eventCategory is invalid.`);
}

function fieldOf(given: AdvancedFieldSelector): FieldSelector {
  const { Field: field = '' } = given;
  const told = operators.flatMap(([name, member]) => {
    const values = given[member];
    return values === undefined ? [] : [[name, values] as const];
  });
  if (told.length === 0) throw faults.invalidSelectors(`The field ${field} has no operator.`);
  for (const value of told.flatMap(([, values]) => values)) {
    if (value.length === 0 || value.length > longestValue) {
      throw faults.invalidSelectors(`A value of ${field} is empty or too long.`);
    }
  }
  return { field, ...Object.fromEntries(told) };
}

function assertAllowed(selector: FieldSelector, rules: Rules, category: string): void {
  const { field } = selector;
  const allowed = Object.hasOwn(rules, field) ? rules[field] : undefined;
  if (!allowed) {
    throw faults.invalidSelectors(`The field ${field} is invalid for ${category} events.`);
  }
  const used = operators.filter(([name]) => selector[name] !== undefined);
  const strange = used.find(([name]) => !allowed.includes(name));
  if (strange) throw faults.invalidSelectors(`The field ${field} does not support ${strange[1]}.`);
  const values = valuesOf(selector);
  if (single.has(field) && values.length !== 1) {
    throw faults.invalidSelectors(`The field ${field} must have exactly one value.`);
  }
  if (truths.has(field) && !values.every((value) => value === 'true' || value === 'false')) {
    throw faults.invalidSelectors(`The field ${field} must be true or false.`);
  }
  if (field === 'resources.type' && !/^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$/.test(values[0] ?? '')) {
    throw faults.invalidSelectors(`The value ${values[0]} of resources.type is invalid.`);
  }
  const isSource = category === 'Management' && field === 'eventSource';
  if (isSource && !values.every((value) => excludable.includes(value))) {
    throw faults.invalidSelectors(
      `Of management events, ${excludable.join(' and ')} can be left out.`,
    );
  }
}

function valuesOf(selector: FieldSelector): readonly string[] {
  return operators.flatMap(([name]) => selector[name] ?? []);
}
