/** The service over memory and a virtual clock, called without a wire. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeQueues } from '../../engines/queues/queues.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { type Call, mount } from '../../wire/operation.ts';
import { sqs, sqsPermissions } from './index.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };

export function makeCall(): Call {
  return {
    scope,
    caller: { accessKeyId: 'AKID', arn: 'someone', userId: 'AIDA', account: scope.account },
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://127.0.0.1:4566',
    headers: {},
    url: '/',
    checksums: {},
  };
}

export function setup() {
  const clock = new VirtualClock(1_700_000_000_000);
  const queues = makeQueues({
    store: memoryMetadataStore(),
    clock,
    random: seededRandom(5),
    wait: async (ms) => clock.moveTo(clock.nowMs() + ms),
  });
  const service = mount('sqs', { operations: sqs, permissions: sqsPermissions }, { queues });
  /** The answer, whose shape the test knows. */
  async function run<Out = Record<string, unknown>>(operation: string, input: object) {
    const answer = service.call(operation, input, makeCall());
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }
  async function make(QueueName: string, Attributes: Record<string, string> = {}) {
    const { QueueUrl } = await run<{ QueueUrl: string }>('CreateQueue', { QueueName, Attributes });
    return QueueUrl;
  }
  /** What the call needs permission for. */
  async function needs(operation: string, input: object, more: Partial<Call> = {}) {
    const checks = await service.needs(operation, input, { ...makeCall(), ...more });
    if (checks === 'open') throw new Error(`${operation} is open`);
    return checks;
  }
  return { clock, run, make, needs };
}
