/** What the tests of every operation of a service share. Not a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as sdk from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as token from '@aws-sdk/client-sts';
import { named, once, policyOf, refusal } from './clients.mjs';

const services = {
  iam: { commands: sdk, client: new sdk.IAMClient(once) },
  sts: { commands: token, client: new token.STSClient(once) },
  kms: { commands: kms, client: new kms.KMSClient(once) },
  secretsmanager: {
    commands: secretsmanager,
    client: new secretsmanager.SecretsManagerClient(once),
  },
  cloudtrail: { commands: cloudtrail, client: new cloudtrail.CloudTrailClient(once) },
};
/** `SERVICE:OPERATION` of every call, and of those that were answered. */
const tried = new Set();
const called = new Set();

/** `calls('CreateUser', …)` for the command of that name. */
export function caller(service, client = services[service].client) {
  const { commands } = services[service];
  return async (operation, input = {}) => {
    tried.add(`${service}:${operation}`);
    const answer = await client.send(new commands[`${operation}Command`](input));
    called.add(`${service}:${operation}`);
    return answer;
  };
}

export const send = caller('iam');
export const ask = caller('sts');
export const credentialsOf = ({ AccessKeyId, SecretAccessKey, SessionToken }) => ({
  accessKeyId: AccessKeyId,
  secretAccessKey: SecretAccessKey,
  ...(SessionToken ? { sessionToken: SessionToken } : {}),
});
const clientOf = (keys) => ({ ...once, credentials: credentialsOf(keys) });
export const iamAs = (keys) => caller('iam', new sdk.IAMClient(clientOf(keys)));
export const stsAs = (keys) => caller('sts', new token.STSClient(clientOf(keys)));
export const kmsAs = (keys) => caller('kms', new kms.KMSClient(clientOf(keys)));
export const secretsAs = (keys) =>
  caller('secretsmanager', new secretsmanager.SecretsManagerClient(clientOf(keys)));

export async function refused(code, status, call) {
  const told = await refusal(call);
  assert.deepEqual([told.code, told.status], [code, status], told.error.message);
  return told.error;
}

export const Path = `/${named('every')}/`;
export const here = { PathPrefix: Path };
export const names = (items, member) => items.map((item) => item[member]);
export const tag = (Key, Value) => ({ Key, Value });
export const trust = (Principal, Action = 'sts:AssumeRole') =>
  policyOf({ Effect: 'Allow', Principal, Action });
export const trustsSageMaker = trust({ Service: 'sagemaker.amazonaws.com' });

/** A user for one test, who goes with the keys that the test left. */
export async function withUser(use) {
  const { User } = await send('CreateUser', { UserName: named('user'), Path });
  const { UserName } = User;
  const { AccessKey } = await send('CreateAccessKey', { UserName });
  await use(User, AccessKey);
  await send('DeleteAccessKey', { UserName, AccessKeyId: AccessKey.AccessKeyId });
  await send('DeleteUser', { UserName });
}

/**
 * The last tests of a file: `list` has the names of all that the server has of the service,
 * `alwaysRefused` of those among them that it answers with what it does not do.
 */
export function everyOperation(service, list, alwaysRefused = '') {
  const { commands } = services[service];
  const known = list.trim().split(/\s+/);
  const refusing = alwaysRefused.split(/\s+/).filter((operation) => operation !== '');
  const namesIn = (calls) =>
    Array.from(calls, (name) => name.split(':'))
      .filter(([of]) => of === service)
      .map(([, operation]) => operation);

  test(`${service}: every operation was called`, () => {
    assert.deepEqual(namesIn(tried).sort(), known.sort());
    const answered = known.filter((operation) => !refusing.includes(operation));
    assert.deepEqual(namesIn(called).sort(), answered.sort());
  });

  test(`${service}: the list lacks nothing that the server has`, async () => {
    const all = Object.keys(commands).flatMap((name) => /^(\w+)Command$/.exec(name)?.[1] ?? []);
    const others = all.filter((operation) => !known.includes(operation));
    assert.equal(others.length, all.length - known.length);
    const send = caller(service);
    for (const operation of others) {
      await refused('NotImplemented', 501, () => send(operation));
    }
  });
}
