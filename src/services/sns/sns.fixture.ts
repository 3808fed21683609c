/** The service over memory and a virtual clock, called without a wire. */
import { x509Certificates } from '../../adapters/certificates/x509.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeTopics } from '../../engines/topics/topics.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { type Call, mount } from '../../wire/operation.ts';
import { sns, snsPermissions } from './index.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const arnOf = (name: string) => `arn:aws:sns:${scope.region}:${scope.account}:${name}`;
export const queueArnOf = (name: string) => `arn:aws:sqs:${scope.region}:${scope.account}:${name}`;

const caller = { accessKeyId: 'AKID', arn: 'someone', userId: 'AIDA', account: scope.account };
const anonymous = { accessKeyId: '', arn: '', userId: 'anonymous', account: scope.account };

export function makeCall(signed = true): Call {
  return {
    scope,
    caller: signed ? caller : anonymous,
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://127.0.0.1:4566',
    headers: {},
    url: '/',
    checksums: {},
  };
}

export function setup() {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(1_700_000_000_000);
  const random = seededRandom(5);
  const secrets = { seal: (text: string) => text, open: (text: string) => text };
  const topics = makeTopics({
    store,
    clock,
    random,
    secrets,
    certificates: x509Certificates(),
  });
  const service = mount('sns', { operations: sns, permissions: snsPermissions }, { topics });
  /** The answer, whose shape the test knows. */
  async function run<Out = Record<string, unknown>>(
    operation: string,
    input: object,
    { signed = true } = {},
  ) {
    const answer = service.call(operation, input, makeCall(signed));
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }
  /** What the call needs permission for. */
  async function needs(operation: string, input: object, { signed = true } = {}) {
    const checks = await service.needs(operation, input, makeCall(signed));
    if (checks === 'open') throw new Error(`${operation} is open`);
    return checks;
  }
  return { store, clock, topics, run, needs };
}
