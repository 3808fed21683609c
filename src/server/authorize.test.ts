/** How refusals reach clients: code, status, words and details, by service; and items of many. */
import { expect, test } from 'vitest';
import type { Access, AccessRefusal, Asking } from '../engines/access/access.ts';
import type { Caller } from '../kernel/caller.ts';
import type { Check } from '../kernel/check.ts';
import type { Asked } from '../wire/chain.ts';
import { Fault } from '../wire/operation.ts';
import { makeAuthorize, makeInvokeAuthorize, messageHeader } from './authorize.ts';

const nowMs = Date.UTC(2026, 4, 5);
const account = '111122223333';
const ada: Caller = {
  ...{ accessKeyId: 'AKIA', arn: `arn:aws:iam::${account}:user/ada`, userId: 'AIDA', account },
};
const anonymous: Caller = { accessKeyId: '', arn: '', userId: 'anonymous', account };
const refusal: AccessRefusal = { effect: 'implicitDeny', message: 'User: …', details: '{}' };
const check: Check = { action: 's:Act', resource: '*' };

/** Refuses what the set has, by resource. */
function accessOf(refused: ReadonlySet<string>, seen: Asking[] = []): Access {
  return {
    async refusalOf({ resource }, asking) {
      seen.push(asking);
      return refused.has(resource) ? { ...refusal, message: `not ${resource}` } : undefined;
    },
    assumedBy: async () => ({ ok: false, reason: 'none' }),
  };
}

const parts = { clock: { nowMs: () => nowMs }, seal: (details: string) => `sealed${details}` };

function asked(over: Partial<Asked> = {}, caller = ada): Asked {
  const scope = { partition: 'aws', region: 'eu-west-1', account };
  const signal = new AbortController().signal;
  const headers = { 'user-agent': 'boto', referer: 'https://a' };
  const endpointUrl = 'https://here:4566';
  const call = {
    ...{ scope, caller, requestId: 'r', signal, endpointUrl, headers, url: '/', checksums: {} },
    sourceAddress: '192.0.2.1',
  };
  return { call, service: 's3', operation: 'GetObject', checks: [check], ...over };
}

async function faultOf(given: Asked, access = accessOf(new Set(['*']))): Promise<Fault> {
  const asking = async () => makeAuthorize({ ...parts, access })(given);
  const thrown = await asking().catch((error: unknown) => error);
  if (!(thrown instanceof Fault)) throw new Error('was not refused');
  return thrown;
}

test.each([
  ['s3', 'AccessDenied', 403],
  ['iam', 'AccessDenied', 403],
  ['sts', 'AccessDenied', 403],
  ['sqs', 'AccessDenied', 403],
  ['cloudwatch', 'AccessDenied', 403],
  ['sns', 'AuthorizationErrorException', undefined],
  ['sagemaker', 'AccessDeniedException', 400],
  ['logs', 'AccessDeniedException', 400],
])('%s refuses as %s', async (service, code, status) => {
  const fault = await faultOf(asked({ service }));
  expect(fault).toMatchObject({ code, status, message: 'not *' });
  expect(fault.headers).toEqual({ [messageHeader]: 'sealed{}' });
});

test('who does not sign learns less', async () => {
  const words = async (service: string) => (await faultOf(asked({ service }, anonymous))).message;
  expect(await words('s3')).toBe('Access Denied');
  expect(await words('sts')).toBe('Not authorized to perform s:Act');
  expect(await words('sns')).toBe('not *');
});

test('all checks must pass, and those of items only for the item', async () => {
  const access = accessOf(new Set(['no', 'never']));
  const authorize = makeAuthorize({ ...parts, access });
  const of = (...resources: readonly string[]) =>
    asked({ checks: resources.map((resource) => ({ ...check, resource })) });
  expect(await authorize(of('a', 'b'))).toEqual(new Map());
  expect((await faultOf(of('a', 'no', 'never'), access)).message).toBe('not no');
  const items = ['a', 'no', 'b'].map((item) => ({ ...check, resource: item, item }));
  expect(await authorize(asked({ checks: items }))).toEqual(new Map([['no', 'not no']]));
  const both = [...items, { ...check, resource: 'never' }];
  await expect(authorize(asked({ checks: both }))).rejects.toThrow('not never');
});

test('what is true of the request is told, and every call is a use', async () => {
  const seen: Asking[] = [];
  const uses: unknown[] = [];
  const access = accessOf(new Set(), seen);
  const noteUse = (...use: unknown[]) => void uses.push(use);
  await makeAuthorize({ ...parts, access, noteUse })(asked({ service: 'cloudwatch' }));
  expect(seen).toEqual([
    {
      caller: ada,
      facts: {
        ...{ nowMs, region: 'eu-west-1', sourceAddress: '192.0.2.1', secure: true },
        ...{ userAgent: 'boto', referer: 'https://a' },
      },
    },
  ]);
  expect(uses).toEqual([[ada, { service: 'monitoring', region: 'eu-west-1' }]]);
});

test('sessions are limited before policies are asked', async () => {
  const session = {
    ...({ kind: 'user', issuerArn: ada.arn, issuerId: ada.userId, name: '' } as const),
    ...{ issuedAtMs: 0, expiresAtMs: nowMs, tags: {}, transitiveTagKeys: [] },
    ...{ policies: [], policyArns: [] },
  };
  const given = asked({ service: 'iam', operation: 'ListUsers' }, { ...ada, session });
  const fault = await faultOf(given, accessOf(new Set()));
  expect(fault).toMatchObject({ code: 'AccessDenied', status: 403 });
  expect(fault.message).toMatch(/session credentials/);
});

test('an invocation is refused as the runtime refuses', async () => {
  const facts = { nowMs, region: 'eu-west-1', secure: false };
  const refusing = makeInvokeAuthorize({ ...parts, access: accessOf(new Set(['*'])) });
  const thrown = await refusing({ caller: ada, check, facts }).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: 'AccessDeniedException', status: 403, message: 'not *' });
  expect((thrown as Fault).headers).toEqual({ [messageHeader]: 'sealed{}' });
  const allowing = makeInvokeAuthorize({ ...parts, access: accessOf(new Set()) });
  expect(await allowing({ caller: ada, check, facts })).toBeUndefined();
});
