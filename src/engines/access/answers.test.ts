/** Which answers are remembered: those that no key of a request could change. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { allow, type Bench, bench, deny, nowMs, policy } from './access.fixture.ts';

let b: Bench;
beforeEach(() => {
  b = bench();
});
const readAll = { read: policy(allow('s3:GetObject')) };

describe('an answer that was given before', () => {
  const onlyFrom = (address: string) => ({ Condition: { IpAddress: { 'aws:SourceIp': address } } });
  const asked = (who: Caller, sourceAddress: string, more: Partial<Check> = {}) => {
    const check = { action: 's3:GetObject', resource: 'arn:aws:s3:::data/a', ...more };
    const facts = { nowMs, region: 'eu-west-1', secure: false, sourceAddress };
    return b.access.refusalOf(check, { caller: who, facts });
  };

  test('is given anew when a statement about it looks at the request', async () => {
    const inline = { near: policy(allow('s3:GetObject', '*', onlyFrom('192.0.2.0/24'))) };
    const ada = await b.user('ada', { inline });
    expect(await asked(ada, '192.0.2.7')).toBeUndefined();
    expect(await asked(ada, '198.51.100.7')).toMatchObject({ effect: 'implicitDeny' });
    expect(await asked(ada, '192.0.2.7')).toBeUndefined();
  });

  test('is given anew when a statement that denies looks at the request', async () => {
    const far = { Condition: { NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } };
    const inline = { all: policy(allow('*'), deny('s3:Get*', '*', far)) };
    const ada = await b.user('ada', { inline });
    expect(await asked(ada, '192.0.2.7')).toBeUndefined();
    expect(await asked(ada, '198.51.100.7')).toMatchObject({ effect: 'explicitDeny' });
  });

  test('is given anew when a variable stands in the resource', async () => {
    const own = policy(allow('s3:GetObject', `arn:aws:s3:::data/\${aws:SourceIp}`));
    const ada = await b.user('ada', { inline: { own } });
    const resource = 'arn:aws:s3:::data/192.0.2.7';
    expect(await asked(ada, '192.0.2.7', { resource })).toBeUndefined();
    expect(await asked(ada, '192.0.2.8', { resource })).toMatchObject({ effect: 'implicitDeny' });
  });

  test('needs no tags unless a statement about it looks at them', async () => {
    const tagged = { Condition: { StringEquals: { 'aws:ResourceTag/Team': 'risk' } } };
    const ada = await b.user('ada', {
      inline: { ...readAll, other: policy(allow('sqs:*', '*', tagged)) },
    });
    let reads = 0;
    const resourceTags = async () => {
      reads += 1;
      return { Team: reads === 1 ? 'risk' : 'other' };
    };
    expect(await asked(ada, '192.0.2.7', { resourceTags })).toBeUndefined();
    expect(reads).toBe(0);
    const send = { action: 'sqs:SendMessage', resourceTags };
    expect(await asked(ada, '192.0.2.7', send)).toBeUndefined();
    expect(await asked(ada, '192.0.2.7', send)).toMatchObject({ effect: 'implicitDeny' });
    expect(reads).toBe(2);
  });

  test('holds for its resource and owner alone', async () => {
    const ada = await b.user('ada', { inline: readAll });
    expect(await asked(ada, '192.0.2.7')).toBeUndefined();
    const elsewhere = await asked(ada, '192.0.2.7', { owner: '444455556666' });
    expect(elsewhere).toMatchObject({ effect: 'implicitDeny' });
    expect(await asked(ada, '192.0.2.7', { action: 'sqs:SendMessage' })).toBeDefined();
  });
});
