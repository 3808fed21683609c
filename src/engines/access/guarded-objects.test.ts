/** Objects under a role: what it may, what it may not, and what the bucket adds. */
import { beforeEach, expect, test } from 'vitest';
import { gather, once } from '../../kernel/bytes.ts';
import { nameKey, roles } from '../identity/rows.ts';
import { sealedFixture } from '../objects/objects.fixture.ts';
import { ObjectAccessDenied, type ObjectSpace } from '../objects/space.ts';
import { account, allow, type Bench, bench, deny, policy } from './access.fixture.ts';
import { type BucketRule, makeObjectsFor } from './guarded-objects.ts';

const summary = { key: 'k', sizeBytes: 1, modifiedAtMs: 0, etag: 'e' };
const use = {
  ...{ roleArn: `arn:aws:iam::${account}:role/Train`, account, region: 'eu-west-1' },
  sessionName: 'SageMaker',
};

let b: Bench;
let reached: string[];
let rule: BucketRule | undefined;
let asked: number;
beforeEach(() => {
  b = bench();
  reached = [];
  rule = { owner: account };
  asked = 0;
});

const objects: ObjectSpace = {
  hasBucket: async () => true,
  put: async ({ key }) => (reached.push(`put ${key}`), { ok: true, value: summary }),
  head: async ({ key }) => (reached.push(`head ${key}`), summary),
  read: async ({ key }) => (reached.push(`read ${key}`), once(Buffer.from('x'))),
  asFile: async ({ key }) => void reached.push(`file ${key}`),
  list: async (_bucket, { prefix }) => (reached.push(`list ${prefix}`), [summary]),
  delete: async ({ key }) => void reached.push(`delete ${key}`),
};

async function spaceOf(...statements: readonly object[]): Promise<ObjectSpace> {
  await b.role('Train', { inline: { p: policy(...(statements as never[])) } });
  const assumed: string[] = [];
  const objectsFor = makeObjectsFor({
    ...{ objects, access: b.access, clock: b.clock, partition: 'aws' },
    service: 'sagemaker.amazonaws.com',
    bucketRule: async () => {
      asked += 1;
      return rule;
    },
    onAssumed: ({ session }, region) => assumed.push(`${session?.issuerArn} ${region}`),
  });
  const space = await objectsFor(use);
  expect(assumed).toEqual([`${use.roleArn} eu-west-1`]);
  if (!space.ok) throw new Error(space.reason);
  return space.value;
}

const at = (key: string) => ({ bucket: 'data', key });
const page = (prefix: string) => ({ prefix, limit: 10 });

test('each deed needs its own right', async () => {
  const all = await spaceOf(allow('s3:*'));
  await all.put(at('a'), once(Buffer.from('x')));
  await all.head(at('a'));
  await all.read(at('a'));
  await all.asFile(at('a'));
  await all.list('data', page('p/'));
  await all.delete(at('a'));
  expect(reached).toEqual(['put a', 'head a', 'read a', 'file a', 'list p/', 'delete a']);
});

test('a right under a prefix ends there', async () => {
  const space = await spaceOf(
    allow('s3:GetObject', 'arn:aws:s3:::data/in/*'),
    allow('s3:PutObject', 'arn:aws:s3:::data/out/*'),
    allow('s3:ListBucket', 'arn:aws:s3:::data', {
      Condition: { StringLike: { 's3:prefix': 'in/*' } },
    }),
  );
  await space.read(at('in/a'));
  await space.list('data', page('in/'));
  expect((await space.put(at('out/a'), once(Buffer.from('x')))).ok).toBe(true);
  const done = ['read in/a', 'list in/', 'put out/a'];
  expect(reached).toEqual(done);

  const refused = (action: string, resource: string) =>
    `User: arn:aws:sts::${account}:assumed-role/Train/SageMaker is not authorized to perform: ` +
    `${action} on resource: "arn:aws:s3:::${resource}" because no identity-based policy allows ` +
    `the ${action} action`;
  const get = new ObjectAccessDenied(refused('s3:GetObject', 'data/out/a'));
  await expect(space.read(at('out/a'))).rejects.toEqual(get);
  await expect(space.head(at('out/a'))).rejects.toEqual(get);
  await expect(space.asFile(at('out/a'))).rejects.toEqual(get);
  await expect(space.list('data', page(''))).rejects.toThrow(refused('s3:ListBucket', 'data'));
  await expect(space.delete(at('in/a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
  let closed = false;
  const content = (async function* () {
    try {
      yield Buffer.from('x');
    } finally {
      closed = true;
    }
  })();
  await content.next();
  const put = await space.put(at('in/a'), content);
  expect(put).toEqual({ ok: false, reason: refused('s3:PutObject', 'data/in/a') });
  expect(closed).toBe(true);
  expect(reached).toEqual(done);
});

test('the policy of the bucket has its say, and its account', async () => {
  const space = await spaceOf(allow('s3:*'));
  const statement = { ...deny('s3:GetObject', 'arn:aws:s3:::data/*'), Principal: '*' };
  rule = { owner: account, policy: policy(statement) };
  await expect(space.read(at('a'))).rejects.toThrow('an explicit deny in a resource-based policy');
  rule = { owner: '999988887777' };
  await expect(space.read(at('a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
});

test('a right is used for a minute without asking again, a refusal never', async () => {
  const space = await spaceOf(allow('s3:GetObject'));
  await space.read(at('a'));
  await space.read(at('a'));
  expect(asked).toBe(1);
  await b.space.write((tx) => tx.delete(roles, nameKey(account, 'Train')));
  b.clock.moveTo(b.clock.nowMs() + 60_000);
  await expect(space.read(at('a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
  await expect(space.read(at('a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
  expect(asked).toBe(3);
});

test('a role that may not be taken over gives no space', async () => {
  const objectsFor = makeObjectsFor({
    ...{ objects, access: b.access, clock: b.clock, partition: 'aws' },
    ...{ service: 'sagemaker.amazonaws.com', bucketRule: async () => rule },
  });
  const refused = await objectsFor(use);
  expect(refused.ok ? '' : refused.reason).toBe(`the role ${use.roleArn} does not exist`);
});

test('objects under managed keys need rights on the keys as well', async () => {
  const { objects: real, keys, bucket } = sealedFixture();
  await bucket('data');
  const key = keys.add('one', { account });
  const other = keys.add('two', { account });
  const write = { bucket: 'data', key: 'a' };
  await real.put(write, once(Buffer.from('secret')), { keyId: key.arn });
  const owned: BucketRule = { owner: account };
  const spaceWith = async (...statements: readonly object[]) => {
    await b.role('Train', { inline: { p: policy(...(statements as never[])) } });
    const parts = { objects: real, access: b.access, clock: b.clock, partition: 'aws' };
    const objectsFor = makeObjectsFor({
      ...{ ...parts, service: 'sagemaker.amazonaws.com', bucketRule: async () => owned },
    });
    const space = await objectsFor(use);
    if (!space.ok) throw new Error(space.reason);
    return space.value;
  };
  const blind = await spaceWith(allow('s3:*'));
  await expect(blind.read(write)).rejects.toThrow(`kms:Decrypt on resource: ${key.arn} `);
  await expect(blind.asFile(write)).rejects.toBeInstanceOf(ObjectAccessDenied);
  // What is known of it without its bytes needs no key.
  expect(await blind.head(write)).toMatchObject({ sizeBytes: 6 });
  expect(await blind.put(write, once(Buffer.from('x')))).toMatchObject({ ok: true });
  const refused = await blind.put(write, once(Buffer.from('x')), { keyId: key.arn });
  expect(refused.ok ? '' : refused.reason).toContain(
    `kms:GenerateDataKey on resource: ${key.arn} `,
  );

  const able = await spaceWith(
    allow('s3:*'),
    allow('kms:GenerateDataKey', key.arn),
    allow('kms:Decrypt', key.arn, {
      Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::data/a' } },
    }),
  );
  const put = await able.put(write, once(Buffer.from('again')), { keyId: key.arn });
  expect(put).toMatchObject({ ok: true });
  const stream = await able.read(write);
  expect(stream && (await gather(stream, 100)).toString()).toBe('again');
  expect((await able.put(write, once(Buffer.from('x')), { keyId: other.arn })).ok).toBe(false);
  // The right is there, and the key is not usable: that is told too.
  keys.change(key, { state: 'Disabled' });
  await expect(able.read(write)).rejects.toThrow(`${key.arn} is disabled.`);
  const disabled = await able.put(write, once(Buffer.from('x')), { keyId: key.arn });
  expect(disabled.ok ? '' : disabled.reason).toBe(`${key.arn} is disabled.`);
});
