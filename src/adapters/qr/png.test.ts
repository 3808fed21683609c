/** The pictures are whole PNG files, and a reader that is not ours finds the text in them. */
import { inflateSync } from 'node:zlib';
import decodeQR from 'qr/decode.js';
import { expect, test } from 'vitest';
import { qrCodes } from './png.ts';

/** Reads what the PNG specification says of a picture of one bit a pixel. */
function pixelsOf(png: Buffer): { width: number; height: number; data: Uint8Array } {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  expect(png.subarray(24, 29)).toEqual(Buffer.from([1, 0, 0, 0, 0]));
  const start = png.indexOf('IDAT');
  const lines = inflateSync(png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)));
  const lineBytes = 1 + Math.ceil(width / 8);
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const white = ((lines[y * lineBytes + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1;
      data.fill(white * 255, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

test.each(['otpauth://totp/phone%40123456789012?secret=JBSWY3DPEHPK3PXP', 'ä', 'x'.repeat(900)])(
  'reads back: %.40s',
  (text) => {
    const png = Buffer.from(qrCodes.png(text));
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    // The sum of the empty last chunk is known.
    expect(png.subarray(-12).toString('hex')).toBe('0000000049454e44ae426082');
    const pixels = pixelsOf(png);
    expect(pixels.data.slice(0, 3)).toEqual(Uint8Array.of(255, 255, 255));
    expect(decodeQR(pixels)).toBe(text);
  },
);

test('text past the capacity of a code is refused', () => {
  expect(() => qrCodes.png('x'.repeat(3_000))).toThrow();
});
