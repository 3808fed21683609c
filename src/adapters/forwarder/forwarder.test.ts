/** The undici forwarder under the forwarder's contract, and the addresses it never connects to. */
import { expect, test } from 'vitest';
import { forwarderContract } from '../../ports/forwarder.contract.ts';
import { undiciForwarder } from './forwarder.ts';

forwarderContract(() => undiciForwarder({ connectTimeoutMs: 500 }));

test('a name that has come to mean a link-local address is not connected to', async () => {
  const forwarder = undiciForwarder({
    resolve: (_name, _options, callback) =>
      callback(null, [{ address: '169.254.169.254', family: 4 }]),
  });
  const request = { url: new URL('http://model.test/'), headers: {}, body: Buffer.of() };
  const answer = await forwarder.forward({ ...request, timeoutMs: 5_000 }, { limitBytes: 1 });
  expect(answer).toMatchObject({
    kind: 'unreachable',
    reason: 'model.test: the address 169.254.169.254 is never allowed',
  });
  await forwarder.close();
});
