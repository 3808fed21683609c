/** A server with buckets and trails and nothing else, for tests of what verifies its trails. */
import { memoryMetadataStore } from '../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../adapters/memory/object-store.ts';
import { makeAccess } from '../engines/access/authorizer.ts';
import { keyringOf } from '../engines/envelope/keyring.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { makeIdentitySpace } from '../engines/identity/space.ts';
import { makeObjects } from '../engines/objects/objects.ts';
import { makeSigningKeys } from '../engines/trail/digests/signing-keys.ts';
import { eventOf, testTrail } from '../engines/trail/trail.fixture.ts';
import { makeTrailAdmission } from '../jobs/trail-delivery/admission.ts';
import { bucketPolicy } from '../jobs/trail-delivery/delivery.fixture.ts';
import { makeTrailDelivery } from '../jobs/trail-delivery/loop.ts';
import { once } from '../kernel/bytes.ts';
import { silentLogger } from '../kernel/log.ts';
import { ok } from '../kernel/outcome.ts';
import { seededRandom } from '../kernel/random.ts';
import { cloudtrail } from '../services/cloudtrail/index.ts';
import { cloudtrailPermissions } from '../services/cloudtrail/permissions.ts';
import { s3 } from '../services/s3/index.ts';
import { s3Permissions } from '../services/s3/permissions.ts';
import { makeListener } from '../wire/listener.ts';
import { mount } from '../wire/operation.ts';
import { listen } from './http.ts';
import { fileAnchor } from './trail-verify-anchor.ts';
import { makeCall } from './trail-verify-client.ts';

export const account = '111122223333';
export const region = 'eu-west-1';
export const bucket = 'trail-logs';
const scope = { partition: 'aws', region, account };
const secretAccessKey = 'secret';

export async function trailServer(anchorPath: string) {
  // Signatures go by the time that clients have, and so does everything that they are shown.
  const clock = { nowMs: () => Date.now() + offsetMs };
  let offsetMs = 0;
  const store = memoryMetadataStore();
  const random = seededRandom(9);
  const log = silentLogger;
  const { trail } = testTrail({ store, clock });
  const objects = makeObjects({ store, blobs: memoryObjectStore(), clock, random });
  const access = makeAccess({ space: makeIdentitySpace(store), clock, log, partition: 'aws' });
  const vault = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
  const parts = {
    ...{ store, trail, objects, access, clock, log },
    signingKeys: makeSigningKeys({ store, vault, clock }),
    anchor: fileAnchor(anchorPath),
    keys: {
      find: async () => ({ ok: false, problem: 'notFound', reason: 'no key' }) as const,
      policyOf: async () => '',
    },
    topics: { find: async () => undefined, publish: async () => ok({ messageId: 'm' }) },
    digestMs: 1_000,
  };
  const loop = makeTrailDelivery(parts);
  const given = {
    ...{ store, clock, trail, signingKeys: parts.signingKeys, keys: parts.keys },
    ...{ topics: parts.topics, admission: makeTrailAdmission(parts), wake: () => {} },
    lookup: trail.lookup,
  };
  const listener = makeListener({
    services: [
      mount('cloudtrail', { operations: cloudtrail, permissions: cloudtrailPermissions }, given),
      mount('s3', { operations: s3, permissions: s3Permissions }, { objects, clock }),
    ],
    authorize: async () => new Map(),
    findSecret: async () => ({
      secretAccessKey,
      caller: { accessKeyId: 'AKID', arn: 'root', userId: account, account },
    }),
    clock,
    random,
    log,
    scope,
    objectDomains: ['localhost'],
  });
  const all = { matches: () => true, handle: listener };
  const server = await listen(() => [all], { host: '127.0.0.1', port: 0 });
  await objects.buckets.create({ name: bucket, owner: account, region });
  await objects.buckets.setPolicy(bucket, bucketPolicy(bucket));
  const administrator = { url: server.url, region, accessKeyId: 'AKID', secretAccessKey };
  const call = makeCall({ administrator, clock });
  return {
    ...{ server, objects, clock, administrator },
    call: (operation: string, input: object) => call<object>(operation, input),
    create: (settings: object) =>
      call<object>('CreateTrail', { S3BucketName: bucket, ...settings }),
    record: () => trail.record(eventOf(clock.nowMs())),
    tick: () => loop.tick(clock.nowMs(), { signal: new AbortController().signal }),
    pass(ms: number) {
      offsetMs += ms;
    },
    put: (key: string, text: Buffer, metadata: Record<string, string> = {}) =>
      objects.put({ bucket, key }, once(text), { metadata }),
  };
}
