/** S3 behind its permissions, for tests: callers with policies, decided by the real rules. */
import { bench } from '../../engines/access/access.fixture.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { mount } from '../../wire/operation.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { s3, s3Permissions } from './index.ts';
import { s3Fixture, text } from './s3.fixture.ts';

export const owner = '111122223333';
export const root: Caller = {
  accessKeyId: 'AKIAROOT',
  arn: `arn:aws:iam::${owner}:root`,
  userId: owner,
  account: owner,
};
export const anonymous: Caller = { accessKeyId: '', arn: '', userId: 'anonymous', account: owner };

export function guarded() {
  const { objects, clock, context, keys } = s3Fixture();
  const people = bench();
  const service = mount('s3', { operations: s3, permissions: s3Permissions }, { objects, clock });
  const callOf = (caller: Caller, more: Partial<S3Ctx> = {}): S3Ctx => ({
    ...context(),
    scope: { partition: 'aws', region: 'us-east-1', account: caller.account },
    caller,
    ...more,
  });

  async function needs(
    operation: string,
    input: object,
    { caller = root, ...more }: Partial<S3Ctx> = {},
  ): Promise<readonly Check[]> {
    const checks = await service.needs(operation, input, callOf(caller, more));
    if (checks === 'open') throw new Error(`${operation} is open`);
    return checks;
  }

  /** As the wire would: asks, refuses or goes on without the refused items, runs. */
  async function run<Out = Record<string, unknown>>(
    caller: Caller,
    operation: string,
    input: object,
  ): Promise<Out> {
    const refused = new Map<string, string>();
    const facts = { nowMs: people.clock.nowMs(), region: 'us-east-1', secure: true };
    for (const check of await needs(operation, input, { caller })) {
      const refusal = await people.access.refusalOf(check, { caller, facts });
      if (!refusal) continue;
      if (check.item === undefined) throw faults.accessDenied(refusal.message);
      refused.set(check.item, refusal.message);
    }
    const answer = service.call(operation, input, callOf(caller, { refused }));
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }

  /** A user with one policy of these statements; with none without any. */
  const user = (name: string, ...statements: readonly object[]) =>
    people.user(name, statements.length > 0 ? { inline: { own: policy(...statements) } } : {});

  const put = (Key: string, more: object = {}) =>
    run(root, 'PutObject', { Bucket: 'data', Key, Body: text(Key), ...more });

  return { needs, run, user, put, keys };
}

export function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

export function allow(Action: string | readonly string[], Resource: string, more: object = {}) {
  return { Effect: 'Allow', Action, Resource, ...more };
}

export const bucketArn = 'arn:aws:s3:::data';
export const objectsArn = `${bucketArn}/*`;
