/** What sessions may not call, by kind. */
import { expect, test } from 'vitest';
import type { Session } from '../../kernel/caller.ts';
import { sessionLimits } from './session-limits.ts';

type Case = readonly [string, Partial<Session> | undefined, Readonly<Record<string, boolean>>];

const cases: readonly Case[] = [
  ['a key', undefined, { 'sts.GetSessionToken': true, 'iam.ListUsers': true }],
  [
    'a role session',
    { kind: 'role' },
    {
      'iam.ListUsers': true,
      'sts.AssumeRole': true,
      'sts.GetSessionToken': false,
      'sts.GetFederationToken': false,
    },
  ],
  [
    'a session of a user',
    { kind: 'user' },
    {
      's3.GetObject': true,
      'iam.ListUsers': false,
      'sts.AssumeRole': true,
      'sts.GetCallerIdentity': true,
      'sts.GetSessionToken': false,
      'sts.GetAccessKeyInfo': false,
    },
  ],
  ['one with a device', { kind: 'user', mfaAtMs: 1 }, { 'iam.ListUsers': true }],
  [
    'a federated user',
    { kind: 'federated' },
    {
      's3.GetObject': true,
      'iam.ListUsers': false,
      'sts.AssumeRole': false,
      'sts.GetCallerIdentity': true,
    },
  ],
];

test.each(cases)('%s', (_name, session, calls) => {
  for (const [call, isFree] of Object.entries(calls)) {
    const [service = '', operation = ''] = call.split('.');
    const caller = session ? { session: session as Session } : {};
    const limit = sessionLimits(caller, service, operation);
    expect([call, limit === undefined]).toEqual([call, isFree]);
    if (limit !== undefined) expect(limit).toContain(operation);
  }
});
