/** A signed request learns who signed it, from the key at rest to the answer. */
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeVault } from '../../engines/envelope/vault.ts';
import { makeIdentity } from '../../engines/identity/identity.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { type Call, mount } from '../../wire/operation.ts';
import { verifySignature } from '../../wire/signature/index.ts';
import { sts } from './index.ts';

const account = '123456789012';
const random = seededRandom(3);
const clock = new VirtualClock(Date.UTC(2026, 0, 1));

test('the administrator signs, and is told its name', async () => {
  const store = memoryMetadataStore();
  const vault = makeVault({ rootKey: random.bytes(32), random });
  const identity = makeIdentity({ store, vault, random, clock, account, partition: 'aws' });
  const credentials = await identity.ensureAdministrator();
  if (!credentials.ok) throw new Error(credentials.reason);
  const rows = await store.list({ name: 'identity/administrator' }, { limit: 10 });
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(credentials.value.secretAccessKey);

  const signer = new SignatureV4({
    service: 'sts',
    region: 'eu-west-1',
    credentials: credentials.value,
    sha256: Sha256,
  });
  const { method, headers } = await signer.sign(
    { method: 'POST', protocol: 'http:', hostname: 'h', path: '/', headers: { host: 'h' } },
    { signingDate: new Date(clock.nowMs()) },
  );
  const { findSecret } = identity;
  const parts = { findSecret, nowMs: clock.nowMs(), services: ['sts'] };
  const verified = await verifySignature({ method, url: '/', headers }, parts);
  if (!verified) throw new Error('the request is signed');

  const call: Call = {
    scope: { partition: 'aws', region: 'eu-west-1', account },
    caller: verified.caller,
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://h',
    headers,
    url: '/',
    checksums: {},
  };
  const mounted = mount('sts', sts, {});
  expect(await mounted.call('GetCallerIdentity', {}, call)).toEqual({
    UserId: expect.stringMatching(/^AIDA/),
    Account: account,
    Arn: 'arn:aws:iam::123456789012:user/administrator',
  });
  expect(mounted.call('AssumeRole', {}, call)).toBeUndefined();
});
