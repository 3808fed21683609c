/** Many users, roles and policies, written as the server keeps them. */
import * as rows from '../../dist/engines/identity/rows.js';

export const account = '111122223333';
export const counts = { users: 10_000, roles: 1_000, policies: 5_000, groups: 200 };
const BATCH = 1_000;
const arnOf = (what) => `arn:aws:iam::${account}:${what}`;

/** Ten statements, each with a pattern and every third with a condition. */
export function document(seed) {
  const Statement = Array.from({ length: 10 }, (_, at) => ({
    Sid: `S${at}`,
    Effect: at === 9 ? 'Deny' : 'Allow',
    Action: at === 9 ? ['s3:DeleteBucket'] : ['s3:GetObject', 's3:ListBucket', `sqs:Send*`],
    Resource: [`arn:aws:s3:::team-${seed % 97}-${at}/*`, `arn:aws:sqs:*:*:queue-${seed}-${at}`],
    ...(at % 3 === 0
      ? { Condition: { StringEquals: { 'aws:RequestedRegion': ['eu-west-1', 'us-east-1'] } } }
      : {}),
  }));
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

export const userId = (at) => `AIDA${String(at).padStart(17, 'A')}`;
export const userName = (at) => `user-${at}`;

/** Users have two policies of the account, a public one, one inline, and two groups. */
export async function populate(space) {
  const entity = (kind, name, id) => ({
    ...{ account, name, path: '/', id, arn: arnOf(`${kind}/${name}`), createdAtMs: 0, tags: {} },
    ...{ inline: { own: document(7) }, attached: [policyArn(id.length), policyArn(name.length)] },
  });
  await inBatches(space, counts.policies, (tx, at) => {
    const versions = { v1: { document: document(at), createdAtMs: 0 } };
    const named = { account, name: `policy-${at}`, path: '/', id: `ANPA${at}`, arn: policyArn(at) };
    const times = { createdAtMs: 0, updatedAtMs: 0 };
    const row = { ...named, ...times, defaultVersion: 'v1', nextVersion: 2, versions, tags: {} };
    return tx.put(rows.managedPolicies, row.arn, row);
  });
  await inBatches(space, counts.groups, (tx, at) => {
    const row = entity('group', `group-${at}`, `AGPA${at}`);
    return tx.put(rows.groups, rows.nameKey(account, row.name), row);
  });
  await inBatches(space, counts.users, (tx, at) => {
    const row = {
      ...entity('user', userName(at), userId(at)),
      groups: [`group-${at % counts.groups}`, `group-${(at * 7 + 1) % counts.groups}`],
      attached: [
        ...[policyArn(at % counts.policies), policyArn((at * 13 + 5) % counts.policies)],
        publicArn,
      ],
    };
    const { name, id } = row;
    const attachment = { policyArn: publicArn, as: 'policy', kind: 'user', name, id };
    return Promise.all([
      tx.put(rows.users, rows.nameKey(account, name), row),
      tx.put(rows.attachments, rows.attachmentKey(attachment), attachment),
    ]);
  });
  await inBatches(space, counts.roles, (tx, at) => {
    const trustPolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        ...{ Effect: 'Allow', Action: 'sts:AssumeRole' },
        Principal: { Service: 'sagemaker.amazonaws.com' },
      },
    });
    const row = {
      ...entity('role', `role-${at}`, `AROA${at}`),
      ...{ maxSessionSeconds: 3_600, trustPolicy, trustedIds: {} },
    };
    return tx.put(rows.roles, rows.nameKey(account, row.name), row);
  });
}

const publicArn = 'arn:aws:iam::aws:policy/AmazonSageMakerFullAccess';
const policyArn = (at) => arnOf(`policy/policy-${at}`);

async function inBatches(space, count, put) {
  for (let from = 0; from < count; from += BATCH) {
    await space.write(async (tx) => {
      for (let at = from; at < Math.min(count, from + BATCH); at++) await put(tx, at);
    });
  }
}
