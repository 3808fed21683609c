/**
 * The checksums a client may give for a body, and the hashes that recompute them. What a client
 * asks to be checked and cannot be is refused, never passed over.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { Fault } from '../operation.ts';
import { crc32c } from './crc32c.ts';

export interface Digest {
  update(bytes: Uint8Array): void;
  /** In base64, once. */
  finish(): Promise<string>;
}

interface Algorithm {
  readonly sizeBytes: number;
  readonly start: () => Digest;
}

function hash(name: string, sizeBytes: number): Algorithm {
  const start = () => {
    const state = createHash(name);
    return {
      update: (bytes: Uint8Array) => void state.update(bytes),
      finish: async () => state.digest('base64'),
    };
  };
  return { sizeBytes, start };
}

/** A checksum of four bytes that is carried on from piece to piece. */
function crc(next: (bytes: Uint8Array, value: number) => number): Algorithm {
  const start = () => {
    let value = 0;
    return {
      update: (bytes: Uint8Array) => {
        value = next(bytes, value);
      },
      finish: async () => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(value);
        return bytes.toString('base64');
      },
    };
  };
  return { sizeBytes: 4, start };
}

const load = createRequire(import.meta.url);

/** A large package for one algorithm: a start of the server does not wait for it. */
function crc64nvme(): Digest {
  const { Crc64Nvme } = load('@aws-sdk/checksums') as typeof import('@aws-sdk/checksums');
  const state = new Crc64Nvme();
  return {
    update: (bytes) => state.update(bytes),
    finish: async () => Buffer.from(await state.digest()).toString('base64'),
  };
}

const algorithms: Readonly<Record<string, Algorithm>> = {
  crc32: crc(zlib.crc32),
  crc32c: crc(crc32c),
  crc64nvme: { sizeBytes: 8, start: crc64nvme },
  md5: hash('md5', 16),
  sha1: hash('sha1', 20),
  sha256: hash('sha256', 32),
  sha512: hash('sha512', 64),
};

const prefix = 'x-amz-checksum-';
/** Headers of the family that hold no checksum. */
const settings = new Set(['algorithm', 'mode', 'type']);

export const isChecksumHeader = (name: string) =>
  name.startsWith(prefix) && !settings.has(name.slice(prefix.length));

export const contentMd5 = 'content-md5';

/** The hash behind a header; throws `Fault` NotImplemented for one that is unknown. */
export function algorithmOf(header: string): Algorithm {
  const name = header === contentMd5 ? 'md5' : header.slice(prefix.length);
  const found = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (found) return found;
  const message = `A header you provided implies functionality that is not implemented: ${header}`;
  throw new Fault('NotImplemented', message, { status: 501, members: { Header: header } });
}

/** Throws `Fault` for a value that no body could have. */
export function checkForm(header: string, value: string): void {
  const { sizeBytes } = algorithmOf(header);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === sizeBytes && bytes.toString('base64') === value) return;
  if (header === contentMd5) {
    throw new Fault('InvalidDigest', 'The Content-MD5 you specified was invalid.', {
      status: 400,
      members: { 'Content-MD5': value },
    });
  }
  throw new Fault('InvalidRequest', `Value for ${header} header is invalid.`, { status: 400 });
}

export function manyChecksums(): Fault {
  const message =
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.';
  return new Fault('InvalidRequest', message, { status: 400 });
}

/** The body is not the one the client computed its checksum of. */
export function badDigest(header: string, expected: string, calculated: string): Fault {
  const members = { ExpectedDigest: expected, CalculatedDigest: calculated };
  if (header === contentMd5) {
    const message = 'The Content-MD5 you specified did not match what we received.';
    return new Fault('BadDigest', message, { status: 400, members });
  }
  const name = header.slice(prefix.length).toUpperCase();
  const message = `The ${name} you specified did not match the calculated checksum.`;
  return new Fault('BadDigest', message, { status: 400, members });
}
