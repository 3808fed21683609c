/** Searches for secrets. */
import { expect, test } from 'vitest';
import { matchesAll, type SecretFilter } from './filters.ts';
import type { SecretRow } from './rows.ts';

const row: SecretRow = {
  ...{ name: 'prod/db', arn: 'a', account: '1', region: 'eu-west-1', createdAtMs: 1 },
  ...{ changedAtMs: 1, description: 'The Main database' },
  tags: [{ key: 'Team', value: 'Blue' }],
};
const filter = (field: string, ...values: string[]): SecretFilter => ({ field, values });

test.each([
  [[], true],
  [[filter('name', 'prod')], true],
  [[filter('name', 'db')], false],
  [[filter('name', 'Prod')], false],
  [[filter('name', 'x', 'prod/')], true],
  [[filter('name', '!prod')], false],
  [[filter('name', '!test')], true],
  [[filter('name', 'prod', '!prod/db')], false],
  [[filter('description', 'the')], true],
  [[filter('description', 'DATA main')], true],
  [[filter('description', 'base')], false],
  [[filter('tag-key', 'Te')], true],
  [[filter('tag-key', 'te')], false],
  [[filter('tag-value', 'Blue')], true],
  [[filter('tag-value', 'Red')], false],
  [[filter('primary-region', 'eu-')], true],
  [[filter('primary-region', 'us-')], false],
  [[filter('owning-service', 'rds')], false],
  [[filter('owning-service', '!rds')], true],
  [[filter('all', 'blue')], true],
  [[filter('all', 'prod main')], true],
  [[filter('all', 'green')], false],
  [[filter('all', '!green')], true],
  [[filter('name', 'prod'), filter('tag-value', 'Red')], false],
])('%j: %s', (filters, expected) => {
  expect(matchesAll(row, filters)).toBe(expected);
});
