/** Which texts name secrets, and which only try to. */
import { expect, test } from 'vitest';
import { referencesIn } from './references.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf';
const id = 'EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE';
const none = { key: '', label: '', version: '' };

test.each([
  ['db', { secret: 'db', ...none }],
  ['prod/db_1+=.@-', { secret: 'prod/db_1+=.@-', ...none }],
  ['db:SecretString', { secret: 'db', ...none }],
  ['db:SecretString:user', { secret: 'db', ...none, key: 'user' }],
  ['db::user', { secret: 'db', ...none, key: 'user' }],
  ['db:SecretString::AWSPREVIOUS', { secret: 'db', ...none, label: 'AWSPREVIOUS' }],
  [
    'db:SecretString:user:AWSCURRENT:',
    { secret: 'db', key: 'user', label: 'AWSCURRENT', version: '' },
  ],
  [`db:SecretString:::${id}`, { secret: 'db', ...none, version: id }],
  [arn, { secret: arn, ...none }],
  [`${arn}:SecretString:pass word`, { secret: arn, ...none, key: 'pass word' }],
])('%s', (inner, expected) => {
  const text = `{{resolve:secretsmanager:${inner}}}`;
  expect(referencesIn(text)).toEqual({ ok: true, value: [{ text, ...expected }] });
});

test('there may be none, several, and other text around them', () => {
  for (const text of ['', 'plain', '{{x}}', 'resolve:secretsmanager:db', '{"a":{"b":1}}']) {
    expect(referencesIn(text)).toEqual({ ok: true, value: [] });
  }
  const url = 'pg://{{resolve:secretsmanager:db::user}}:{{resolve:secretsmanager:db::pw}}@host';
  const found = referencesIn(url);
  expect(found.ok && found.value.map(({ key }) => key)).toEqual(['user', 'pw']);
});

test.each([
  ['{{resolve:ssm:name}}', 'only secretsmanager is supported'],
  ['{{resolve:}}', 'only secretsmanager'],
  ['{{resolve:secretsmanager}}', 'by its name or its ARN'],
  ['{{resolve:secretsmanager:}}', 'by its name or its ARN'],
  ['{{resolve:secretsmanager:a b}}', 'by its name or its ARN'],
  [`{{resolve:secretsmanager:${'x'.repeat(513)}}}`, 'by its name or its ARN'],
  ['{{resolve:secretsmanager:arn:aws:s3:::bucket}}', 'by its name or its ARN'],
  ['{{resolve:secretsmanager:arn:aws:secretsmanager:r:1:secret:db}}', 'by its name or its ARN'],
  ['{{resolve:secretsmanager:db:SecretBinary}}', 'only SecretString'],
  ['{{resolve:secretsmanager:db:SecretString:k:s:i:more}}', 'more parts'],
  [`{{resolve:secretsmanager:db:SecretString:k:s:${id}}}`, 'not both'],
  ['{{resolve:secretsmanager:db:SecretString:::short}}', 'a version id has'],
  [`{{resolve:secretsmanager:db:::${'x'.repeat(257)}}}`, 'stage is too long'],
  ['{{resolve:secretsmanager:db', 'must end with }}'],
  ['{{resolve:secretsmanager:db}', 'must end with }}'],
  ['{{resolve:secretsmanager:{{resolve:secretsmanager:db}}}}', 'must end with }}'],
])('%s is refused', (text, reason) => {
  expect(referencesIn(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});
