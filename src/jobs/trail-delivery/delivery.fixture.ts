/** A trail, buckets, topics and keys in memory, and the delivery between them, for tests. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { makeIdentitySpace } from '../../engines/identity/space.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { PutRequest } from '../../engines/objects/putting.ts';
import type { ObjectAddress } from '../../engines/objects/space.ts';
import type { Topic } from '../../engines/topics/topics.ts';
import type { AnchorRecord } from '../../engines/trail/digests/anchor.ts';
import type { Digest } from '../../engines/trail/digests/digest.ts';
import {
  deliveryRows,
  type TrailRow,
  trailKey,
  trailRows,
} from '../../engines/trail/digests/rows.ts';
import { fingerprintOf, type SigningKeys } from '../../engines/trail/digests/signing-keys.ts';
import { testTrail } from '../../engines/trail/trail.fixture.ts';
import { defined } from '../../kernel/assert.ts';
import { type ByteStream, gather } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { makeTrailDelivery, type TrailDeliveryParts } from './loop.ts';
import { beginRun, endRun, newestStretch } from './state.ts';

export const account = '111122223333';
export const region = 'eu-west-1';
export const bucketName = 'trail-logs';

/** As the user guide writes it. */
export function bucketPolicy(bucket = bucketName, prefix = ''): string {
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  const arn = `arn:aws:s3:::${bucket}`;
  const source = { 'aws:SourceArn': `arn:aws:cloudtrail:${region}:${account}:trail/*` };
  const acl = { 's3:x-amz-acl': 'bucket-owner-full-control' };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Principal, Action: 's3:GetBucketAcl', Resource: arn },
        Condition: { StringLike: source },
      },
      {
        ...{ Effect: 'Allow', Principal, Action: 's3:PutObject' },
        Resource: `${arn}/${prefix}AWSLogs/${account}/*`,
        Condition: { StringEquals: acl, StringLike: source },
      },
    ],
  });
}

export interface PutObject {
  readonly bytes: Buffer;
  readonly options: PutRequest;
  readonly modifiedAtMs: number;
}

/** Buckets that keep everything that was put into them. */
export function fakeBuckets(clock: Clock) {
  const policies = new Map<string, string | undefined>();
  const objects = new Map<string, PutObject>();
  const puts: string[] = [];
  let failure: { readonly after: number } | undefined;
  return {
    policies,
    objects,
    puts,
    /** Throws in the put after so many. */
    failAfter(after: number | undefined) {
      failure = after === undefined ? undefined : { after: puts.length + after };
    },
    space: {
      async policyOf(bucket: string) {
        if (!policies.has(bucket)) return undefined;
        const policy = policies.get(bucket);
        return { owner: account, ...(policy === undefined ? {} : { policy }) };
      },
      async put({ bucket, key }: ObjectAddress, content: ByteStream, options: PutRequest = {}) {
        if (failure && puts.length >= failure.after) throw new Error('the machine stopped');
        if (!policies.has(bucket)) return refuse('no bucket');
        const bytes = await gather(content, 1_000_000);
        objects.set(key, { bytes, options, modifiedAtMs: clock.nowMs() });
        puts.push(key);
        return ok({ key, sizeBytes: bytes.length, modifiedAtMs: 0, etag: '' });
      },
    },
  };
}

const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const der = createPublicKey(pair.privateKey).export({ format: 'der', type: 'pkcs1' });

/** The same in every region and for ever: making one takes long. */
function oneKey(): SigningKeys {
  const fingerprint = fingerprintOf(der);
  const key = { validFromMs: 0, validToMs: Date.UTC(2100, 0), publicKey: der.toString('base64') };
  return {
    current: async () => ({ fingerprint, key: pair.privateKey }),
    list: async (of) => [{ ...key, region: of, fingerprint }],
  };
}

/** Keys, topics and an anchor that are what a test makes them. */
function others() {
  const keys = new Map<string, { readonly row: KeyRow; readonly policy: string }>();
  const topics = new Map<string, Topic>();
  const published: { readonly arn: string; readonly message: string }[] = [];
  const anchored: AnchorRecord[] = [];
  const fakes: Pick<TrailDeliveryParts, 'keys' | 'topics' | 'anchor'> = {
    keys: {
      async find(reference, scope) {
        // As the keys of a real server: each is of one partition and region.
        const isHere = scope.partition === 'aws' && scope.region === region;
        const key = isHere ? keys.get(reference)?.row : undefined;
        if (key) return { ok: true, value: key };
        return { ok: false, problem: 'notFound', reason: `there is no key ${reference}` };
      },
      policyOf: async ({ arn }) => keys.get(arn)?.policy ?? '',
    },
    topics: {
      find: async ({ name }) => topics.get(name),
      async publish(arn, { message }) {
        published.push({ arn, message });
        return ok({ messageId: 'm' });
      },
    },
    anchor: { write: async (one) => void anchored.push(one), read: async () => anchored },
  };
  return { keys, topics, published, anchored, fakes };
}

export function setup(over: Partial<TrailDeliveryParts> = {}) {
  const store = memoryMetadataStore();
  const kept = testTrail({ store });
  const { trail, clock, record } = kept;
  const log = silentLogger;
  const access = makeAccess({ space: makeIdentitySpace(store), clock, log, partition: 'aws' });
  const buckets = fakeBuckets(clock);
  buckets.policies.set(bucketName, bucketPolicy());
  const { keys, topics, published, anchored, fakes } = others();
  const signingKeys = oneKey();
  const objects = buckets.space;
  const parts = { store, trail, access, signingKeys, clock, log, objects, ...fakes, ...over };
  let loop = makeTrailDelivery(parts);
  const tick = () => loop.tick(clock.nowMs(), { signal: new AbortController().signal });
  const pass = async (ms: number) => {
    clock.moveTo(clock.nowMs() + ms);
    return tick();
  };
  const of = (folder: string) =>
    [...buckets.objects].filter(([key]) => key.includes(`/${folder}/`)).map(([key]) => key);
  const content = (key: string): unknown => {
    const { bytes } = defined(buckets.objects.get(key), key);
    return JSON.parse(gunzipSync(bytes).toString('utf8'));
  };
  return {
    ...{ store, trail, clock, record, access, buckets, keys, topics, published, anchored, parts },
    ...{ signingKeys, tick, pass },
    /** As after a restart of the process. */
    restart() {
      loop = makeTrailDelivery(parts);
    },
    async add(members: Partial<TrailRow> = {}): Promise<TrailRow> {
      const name = members.name ?? 'main';
      const row: TrailRow = {
        ...{ name, account, region, bucket: bucketName },
        arn: `arn:aws:cloudtrail:${region}:${account}:trail/${name}`,
        createdAtMs: clock.nowMs(),
        ...{ includeGlobal: true, multiRegion: false, validation: true, tags: [], logging: false },
        ...members,
      };
      await store.write((tx) => tx.put(trailRows, trailKey(row, name), row));
      return row;
    },
    async start(row: TrailRow) {
      const after = await newestStretch(trail);
      await store.write((tx) => beginRun(tx, row, { nowMs: clock.nowMs(), after }));
    },
    stop: (row: TrailRow) => store.write((tx) => endRun(tx, row, clock.nowMs())),
    change: (row: TrailRow) => store.write((tx) => tx.put(trailRows, trailKey(row, row.name), row)),
    state: async (row: TrailRow) => store.get(deliveryRows, trailKey(row, row.name)),
    logs: () => of('CloudTrail'),
    digests: () => of('CloudTrail-Digest'),
    records: (key: string) => (content(key) as { Records: { eventID: string }[] }).Records,
    digest: (key: string) => content(key) as Digest,
    /** Of all log files, in the order of their names. */
    delivered: () =>
      of('CloudTrail')
        .sort()
        .flatMap((key) => (content(key) as { Records: { eventID: string }[] }).Records)
        .map(({ eventID }) => eventID),
  };
}
