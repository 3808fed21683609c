/** The service over memory, real keys and a virtual clock, called without a wire. */
import { scope, setupSecrets } from '../../engines/secrets/secrets.fixture.ts';
import { formatArn } from '../../kernel/arn.ts';
import { type Call, Fault, mount } from '../../wire/operation.ts';
import { secretsManager, secretsManagerPermissions } from './index.ts';

export { scope };

export const functionArn = (name: string) => formatArn(scope, 'lambda', `function:${name}`);

export function makeCall(): Call {
  const { account } = scope;
  return {
    scope,
    caller: { accessKeyId: 'AKID', arn: 'someone', userId: 'AIDA', account },
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://127.0.0.1:4566',
    headers: {},
    url: '/',
    checksums: {},
  };
}

export function setup() {
  const engine = setupSecrets();
  const functions = { has: (name: string) => name === 'rotate' };
  const { secrets, random } = engine;
  const guarded = { operations: secretsManager, permissions: secretsManagerPermissions };
  const service = mount('secretsmanager', guarded, { secrets, functions, random });
  /** The answer, whose shape the test knows. */
  async function run<Out = Record<string, unknown>>(
    operation: string,
    input: object,
    more: Partial<Call> = {},
  ) {
    const answer = service.call(operation, input, { ...makeCall(), ...more });
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }
  return {
    ...engine,
    run,
    /** `CODE: message` of a refusal, or `done`. */
    async refusal(operation: string, input: object, more: Partial<Call> = {}): Promise<string> {
      try {
        await run(operation, input, more);
        return 'done';
      } catch (cause) {
        if (cause instanceof Fault) return `${cause.code}: ${cause.message}`;
        throw cause;
      }
    },
    /** What the call needs permission for. */
    async needs(operation: string, input: object, more: Partial<Call> = {}) {
      const checks = await service.needs(operation, input, { ...makeCall(), ...more });
      if (checks === 'open') throw new Error(`${operation} is open`);
      return checks;
    },
  };
}
