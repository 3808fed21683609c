/**
 * Refuses requests that two servers could read differently, before any part of ours reads them.
 * The parser of Node has refused most by then (two lengths, a length with chunks, folded lines,
 * bare line feeds, blanks before a colon); this is what it lets through, and what it would refuse
 * without ending the connection. Not a limit on bodies.
 */
import type { IncomingMessage } from 'node:http';

/** Lines of a head. S3's user metadata, the longest that clients send, is some tens of lines. */
export const maxHeaderLines = 500;

/** RFC 3986: what an authority may consist of, without a user. */
const authority = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;
/** Chunks around something: a body that has an end, which we cannot unpack. */
const anotherCoding = /,[ \t]*chunked$/i;
const absolute = /^https?:\/\/([^/?#]*)(.*)$/is;

/**
 * The status to refuse with, after which the connection must end. RFC 9112: 2.3 (versions), 3.2
 * (targets and Host), 6.1 (Transfer-Encoding). Turns an absolute target into a path.
 */
export function framingRefusal(request: IncomingMessage): number | undefined {
  const { httpVersion, rawHeaders } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 505;
  if (rawHeaders.length > 2 * maxHeaderLines) return 431;
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    // By length first: this runs for each line of each request.
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (host !== undefined || !authority.test(value)) return 400;
      host = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      // HTTP/1.0 has no chunks: who sent it on may have taken it for a body without an end.
      if (httpVersion === '1.0') return 400;
      if (value.toLowerCase() !== 'chunked') return anotherCoding.test(value) ? 501 : 400;
    }
  }
  if (host === undefined && httpVersion === '1.1') return 400;
  return targetRefusal(request, host);
}

function targetRefusal(request: IncomingMessage, host: string | undefined): number | undefined {
  const { url = '', method } = request;
  if (url.startsWith('/')) return undefined;
  if (url === '*') return method === 'OPTIONS' ? undefined : 400;
  const [, named, rest = ''] = absolute.exec(url) ?? [];
  // Routes and signatures go by Host: a target that names another would be a second opinion.
  if (named === undefined || named.toLowerCase() !== host?.toLowerCase()) return 400;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  return undefined;
}
