/** The whole service over memory, for tests of roles and policies. */
import { type Caller, mount } from '../../wire/operation.ts';
import { iam, iamPermissions } from './index.ts';
import { callBy, setup as principals, root, scope } from './principal.fixture.ts';

export { administratorAccess, arnOf, root, scope, startMs } from './principal.fixture.ts';

export const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

export function setup() {
  const made = principals();
  const service = mount('iam', { operations: iam, permissions: iamPermissions }, made.parts);

  /** The answer, whose shape the test knows. */
  async function run<Out = Record<string, unknown>>(
    operation: keyof typeof iam,
    input: object = {},
    caller: Caller = root,
  ): Promise<Out> {
    const answer = service.call(operation, input, callBy(caller));
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }

  const needs = (operation: keyof typeof iam, input: object, caller: Caller = root) =>
    service.needs(operation, input, callBy(caller));

  return { ...made, service, run, needs };
}

/** A policy of one statement, with its members over the usual ones. */
export function document(statement: object = {}): string {
  const usual = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ ...usual, ...statement }] });
}

export function trust(principal: object = { Service: 'sagemaker.amazonaws.com' }): string {
  const statement = { Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

/** The ARN of a made-up account's user. */
export const foreignRoot = `arn:aws:iam::${scope.account.replace(/^1/, '9')}:root`;

/** A document whose size without white space is about `size`. */
export function documentOfSize(size: number): string {
  const short = document({ Resource: 'arn:aws:s3:::' });
  return document({ Resource: `arn:aws:s3:::${'a'.repeat(size - short.length)}` });
}
