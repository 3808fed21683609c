/** Our CRC-32C and the SDK's agree, in any pieces. */
import { AwsCrc32c } from '@aws-crypto/crc32c';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

test('agrees with the SDK on any bytes in any pieces', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const reference = new AwsCrc32c();
      for (const part of parts) reference.update(part);
      const ours = Buffer.alloc(4);
      ours.writeUInt32BE(parts.reduce((crc, part) => crc32c(part, crc), 0));
      expect(ours).toEqual(Buffer.from(await reference.digest()));
    }),
  );
});
