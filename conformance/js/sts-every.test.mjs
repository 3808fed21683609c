/** The AWS SDK for JavaScript: every operation of the token service, the token of an issuer too. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as sdk from '@aws-sdk/client-iam';
import * as token from '@aws-sdk/client-sts';
import { allow, named, once, policyOf } from './clients.mjs';
import {
  ask,
  caller,
  credentialsOf,
  everyOperation,
  iamAs,
  Path,
  refused,
  send,
  stsAs,
  trust,
  withUser,
} from './every.mjs';
import { startIssuer, startServer } from './issuer.mjs';

test('who calls, and whose a key is', () =>
  withUser(async ({ Arn, UserId }, key) => {
    const who = await stsAs(key)('GetCallerIdentity');
    assert.deepEqual([who.Arn, who.UserId], [Arn, UserId]);
    const told = await ask('GetAccessKeyInfo', { AccessKeyId: key.AccessKeyId });
    assert.equal(told.Account, who.Account);
    const DurationSeconds = 900;
    const { Credentials } = await stsAs(key)('GetSessionToken', { DurationSeconds });
    const lastsMs = Credentials.Expiration - Date.now();
    assert.ok(lastsMs > 0 && lastsMs <= 1_000 * (DurationSeconds + 5), `${lastsMs} ms`);
    const session = stsAs(Credentials);
    assert.equal((await session('GetCallerIdentity')).Arn, Arn);
    await refused('AccessDenied', 403, () => session('GetSessionToken'));
  }));

test('sessions: of a role, of a guest, and why one was refused', () =>
  withUser(async ({ Arn }, key) => {
    const RoleName = named('role');
    const AssumeRolePolicyDocument = trust({ AWS: Arn });
    const { Role } = await send('CreateRole', { RoleName, Path, AssumeRolePolicyDocument });
    const RoleSessionName = 'every';
    const opened = await stsAs(key)('AssumeRole', { RoleArn: Role.Arn, RoleSessionName });
    const { Arn: sessionArn } = opened.AssumedRoleUser;
    assert.ok(sessionArn.endsWith(`:assumed-role/${RoleName}/${RoleSessionName}`));
    assert.equal((await stsAs(opened.Credentials)('GetCallerIdentity')).Arn, sessionArn);
    const denied = await refused('AccessDenied', 403, () =>
      iamAs(opened.Credentials)('GetAccountSummary'),
    );
    const EncodedMessage = denied.$response.headers['x-modelkeep-authorization-message'];
    const { DecodedMessage } = await ask('DecodeAuthorizationMessage', { EncodedMessage });
    assert.equal(JSON.parse(DecodedMessage).context.action, 'iam:GetAccountSummary');
    const Policy = allow('iam:ListUsers');
    const guest = await ask('GetFederationToken', { Name: 'guest', Policy });
    assert.ok(guest.FederatedUser.Arn.endsWith(':federated-user/guest'));
    await send('DeleteRole', { RoleName });
  }));

test('a session by the token of an issuer', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-issuer-'));
  const issuer = await startIssuer();
  t.after(() => issuer.close());
  const server = await startServer(folder, issuer);
  t.after(async () => {
    assert.equal(await server.stop(), 0);
    await rm(folder, { recursive: true });
  });
  const own = caller('iam', new sdk.IAMClient({ ...once, ...server.client }));
  const provider = { Url: issuer.url, ClientIDList: ['app'] };
  const { OpenIDConnectProviderArn } = await own('CreateOpenIDConnectProvider', provider);
  const Federated = OpenIDConnectProviderArn;
  const { Role } = await own('CreateRole', {
    RoleName: 'web',
    AssumeRolePolicyDocument: policyOf({
      ...{ Effect: 'Allow', Principal: { Federated }, Action: 'sts:AssumeRoleWithWebIdentity' },
      Condition: { StringEquals: { [`${issuer.host}:sub`]: 'ann' } },
    }),
  });
  const web = caller('sts', new token.STSClient({ ...once, ...server.client }));
  const open = async (claims) =>
    web('AssumeRoleWithWebIdentity', {
      ...{ RoleArn: Role.Arn, RoleSessionName: 'web' },
      WebIdentityToken: await issuer.token(claims),
    });
  const told = await open();
  assert.deepEqual(
    [told.SubjectFromWebIdentityToken, told.Audience, told.Provider],
    ['ann', 'app', OpenIDConnectProviderArn],
  );
  const as = { ...server.client, credentials: credentialsOf(told.Credentials) };
  const who = await caller('sts', new token.STSClient({ ...once, ...as }))('GetCallerIdentity');
  assert.equal(who.Arn, told.AssumedRoleUser.Arn);
  await refused('AccessDenied', 403, () => open({ sub: 'bob' }));
});

everyOperation(
  'sts',
  `
  AssumeRole AssumeRoleWithWebIdentity DecodeAuthorizationMessage GetAccessKeyInfo
  GetCallerIdentity GetFederationToken GetSessionToken
`,
);
