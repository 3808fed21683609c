/** Clients of the server that AWS_ENDPOINT_URL names, and what several tests need. Not a test. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';

/** One try and no more: an error that goes away when asked again is still an error. */
export const once = { maxAttempts: 1 };

export const named = (prefix = 'js') => `${prefix}-${randomUUID().slice(0, 12)}`;

/** Asks again until the answer is true, and no longer than `seconds`. */
export async function until(question, seconds = 30) {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`did not come true in ${seconds} s: ${question}`);
    await delay(200);
  }
}

/** Runs, and returns the error that it must throw. */
export async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return { code: error.name, status: error.$metadata?.httpStatusCode, error };
  }
  throw new Error('was not refused');
}

/** Documents of one statement; the version is the one that knows variables. */
export const policyOf = (...Statement) => JSON.stringify({ Version: '2012-10-17', Statement });
export const allow = (Action, Resource = '*') => policyOf({ Effect: 'Allow', Action, Resource });

/** The ARN of a new role that jobs and models take, and that may use this bucket only. */
export async function roleOf(bucket) {
  const iam = new IAMClient(once);
  const RoleName = named('compute');
  const trust = {
    Effect: 'Allow',
    Principal: { Service: 'sagemaker.amazonaws.com' },
    Action: 'sts:AssumeRole',
  };
  const made = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: policyOf(trust) }),
  );
  const list = { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` };
  const use = {
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: `arn:aws:s3:::${bucket}/*`,
  };
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: 'bucket',
      PolicyDocument: policyOf(list, use),
    }),
  );
  return made.Role.Arn;
}
