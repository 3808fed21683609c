/** QR codes as PNG pictures of one bit a pixel, with the quiet zone that readers need. */
import { deflateSync } from 'node:zlib';
import encodeQR from 'qr';
import type { QrCodes } from '../../ports/qr-codes.ts';

/** Modules of white around a code: ISO/IEC 18004 asks for four. */
const quietModules = 4;
const pixelsPerModule = 6;
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const grayscale = 0;

export const qrCodes: QrCodes = {
  png: (text) =>
    pngOf(encodeQR(text, 'raw', { ecc: 'medium', border: quietModules, scale: pixelsPerModule })),
};

/** True is black. Layout of the file: PNG specification, third edition, 5 and 11.2. */
function pngOf(rows: readonly (readonly boolean[])[]): Uint8Array {
  const width = rows[0]?.length ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([1, grayscale, 0, 0, 0], 8);
  const lineBytes = 1 + Math.ceil(width / 8);
  const lines = Buffer.alloc(lineBytes * rows.length);
  rows.forEach((row, y) => {
    row.forEach((black, x) => {
      const at = y * lineBytes + 1 + (x >> 3);
      if (!black) lines[at] = (lines[at] ?? 0) | (0x80 >> (x & 7));
    });
  });
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND')];
  return Buffer.concat([signature, ...parts]);
}

function chunk(name: string, content: Uint8Array = new Uint8Array()): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
