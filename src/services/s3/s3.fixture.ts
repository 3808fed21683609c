/** S3 in memory for tests: calls as the wire would make them, without a wire. */
import type { GetObjectOutput } from '@aws-sdk/client-s3';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { FakeKeys } from '../../engines/objects/keys.fixture.ts';
import { sealedBlobs } from '../../engines/objects/objects.fixture.ts';
import { makeObjects } from '../../engines/objects/objects.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { Fault } from '../../wire/operation.ts';
import type { S3Ctx } from './context.ts';
import type { Sent } from './ground.ts';
import { s3 } from './index.ts';

export const account = '123456789012';

type Table = typeof s3;
type Calls = {
  readonly [Name in keyof Table]: (
    input: Parameters<Table[Name]>[0],
    call?: Partial<S3Ctx>,
  ) => ReturnType<Table[Name]>;
};

export function s3Fixture() {
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  const store = memoryMetadataStore();
  const { blobs, inner } = sealedBlobs();
  const keys = new FakeKeys();
  const objects = makeObjects({ store, blobs, keys, clock, random: seededRandom(11) });
  const context = (): S3Ctx => ({
    objects,
    clock,
    scope: { partition: 'aws', region: 'us-east-1', account },
    caller: { accessKeyId: 'AKIA', arn: 'someone', userId: 'AIDA', account },
    requestId: 'request',
    signal: new AbortController().signal,
    endpointUrl: 'http://localhost:4566',
    headers: {},
    url: '/',
    checksums: {},
  });
  const calls = Object.fromEntries(
    Object.entries(s3).map(([name, run]) => [
      name,
      (input: never, call: Partial<S3Ctx> = {}) => run(input, { ...context(), ...call }),
    ]),
  ) as unknown as Calls;
  const bucket = async (Bucket: string, versioned = false) => {
    await calls.CreateBucket({ Bucket });
    const VersioningConfiguration = { Status: 'Enabled' as const };
    if (versioned) await calls.PutBucketVersioning({ Bucket, VersioningConfiguration });
    return Bucket;
  };
  const put = (Key: string, content = '', more: object = {}) =>
    calls.PutObject({ Bucket: 'data', Key, Body: text(content), ...more });
  return { clock, objects, keys, inner, context, calls, bucket, put };
}

export const text = (content: string) => once(Buffer.from(content));

export async function textOf({ Body }: Sent<GetObjectOutput>): Promise<string> {
  if (!Body) throw new Error('no body');
  if (Body instanceof Uint8Array) return Buffer.from(Body).toString();
  return (await gather(Body, 1_024 ** 2)).toString();
}

/** `code status`, and members and headers for tests that look. */
export async function refusal(call: Promise<unknown>): Promise<Fault> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

export async function codeOf(call: Promise<unknown>): Promise<string> {
  const { code, status } = await refusal(call);
  return `${code} ${status}`;
}
