/**
 * The canonical form of a request, which is what a version 4 signature covers.
 * Source: "Create a signed AWS API request" in the IAM User Guide, and for S3's path rule
 * "Authenticating Requests: Using the Authorization Header" in the S3 API Reference.
 * Works on bytes: a URL holds one character per byte, so malformed UTF-8 stays what it was.
 */
import { createHash, hash } from 'node:crypto';
import { shortHmac } from '../../kernel/hmac.ts';
import type { SignedRequest } from './types.ts';

export const algorithm = 'AWS4-HMAC-SHA256';
export const emptySha256 = createHash('sha256').digest('hex');

const plainPath = /^[A-Za-z0-9\-._~/]*$/;
const unreserved = /[A-Za-z0-9\-._~]/;
const encoded = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (unreserved.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

export function sha256Hex(data: string | Uint8Array): string {
  // In one call, which costs half of a hash that could be added to.
  return hash('sha256', data, 'hex');
}

export function hmacSha256(key: string | Uint8Array, data: string): Buffer {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  return Buffer.from(shortHmac('sha256', bytes, [data]), 'latin1');
}

/** Percent-encodes every byte that is not unreserved in RFC 3986. */
export function encodeBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += encoded[byte] ?? '';
  return text;
}

/** A URL's text as bytes: one per character, or UTF-8 where that cannot be. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text, /[\u0100-\uffff]/.test(text) ? 'utf8' : 'latin1');
}

/** Undoes percent-encoding; an escape that is none stays as it is, as the signers leave it. */
export function decodeBytes(text: string): Buffer {
  const raw = bytesOf(text);
  if (!raw.includes(0x25)) return raw;
  const out = Buffer.alloc(raw.length);
  let size = 0;
  for (let i = 0; i < raw.length; i += 1) {
    const hex = raw[i] === 0x25 ? raw.toString('latin1', i + 1, i + 3) : '';
    const escape = /^[0-9A-Fa-f]{2}$/.test(hex);
    out[size] = escape ? Number.parseInt(hex, 16) : (raw[i] ?? 0);
    size += 1;
    if (escape) i += 2;
  }
  return out.subarray(0, size);
}

export function splitUrl(url: string): readonly [path: string, query: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** S3 encodes once and never normalises; every other service encodes again what was sent. */
export function canonicalPath(path: string, service: string): string {
  if (path === '/') return path;
  const normal = isObjectService(service) ? path : withoutDots(path);
  if (plainPath.test(normal)) return normal || '/';
  const encode = isObjectService(service)
    ? (part: string) => encodeBytes(decodeBytes(part))
    : (part: string) => encodeBytes(bytesOf(part));
  return normal.split('/').map(encode).join('/');
}

export function isObjectService(service: string): boolean {
  return service === 's3' || service === 's3express';
}

/** RFC 3986 dot segments, and runs of slashes made one. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

/** Parameters re-encoded and in order of their encoded names, then values. `+` is a space. */
export function canonicalQuery(query: string, omit?: string): string {
  if (query === '') return '';
  const encode = (text: string) => encodeBytes(decodeBytes(text.replaceAll('+', '%20')));
  const pairs: (readonly [string, string])[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = encode(at < 0 ? part : part.slice(0, at));
    if (name !== omit) pairs.push([name, at < 0 ? '' : encode(part.slice(at + 1))]);
  }
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export interface CanonicalParts {
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** Hex SHA-256 of the body, or the literal that stands for it. */
  readonly payload: string;
  /** A query parameter that the signature does not cover: itself. */
  readonly omit?: string;
}

/** Few values have any to take out. */
const severalSpaces = /^\s|\s$|\s\s|[^\S ]/;

function oneSpaced(value: string): string {
  return value.trim().replace(/\s+/g, ' ');
}

export function canonicalRequest(request: SignedRequest, parts: CanonicalParts): string {
  const [path, query] = splitUrl(request.url);
  let headers = '';
  for (const name of parts.signedHeaders) {
    const found: unknown = request.headers[name];
    // What every object inherits (`constructor`) is no text.
    const value = typeof found === 'string' ? found : '';
    headers += `${name}:${severalSpaces.test(value) ? oneSpaced(value) : value}\n`;
  }
  return (
    `${request.method}\n${canonicalPath(path, parts.service)}\n` +
    `${canonicalQuery(query, parts.omit)}\n` +
    `${headers}\n${parts.signedHeaders.join(';')}\n${parts.payload}`
  );
}
