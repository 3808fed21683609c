/**
 * Which network addresses the server may be sent to by its users. Names and resolved addresses are
 * judged here; resolving and connecting is the adapters' work, through `guardedLookup`, so that
 * what was judged is what is connected to.
 */
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { type Outcome, ok, refuse } from './outcome.ts';

export interface AddressPolicy {
  /** Loopback, RFC 1918, RFC 6598, RFC 4193 and the like. */
  readonly allowPrivate: boolean;
  /** When given, only these: `host`, `*.domain`, either with `:port`. */
  readonly hosts?: readonly string[];
}

/** Resolves a name to all its addresses; `lookup` of `node:dns` is one. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (cause: Error | null, addresses: readonly ResolvedAddress[]) => void,
) => void;

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Link-local addresses, and those at which clouds hand out credentials: never, by any policy. */
const forbidden = blockList([
  ['169.254.0.0', 16],
  ['fe80::', 10],
  ['fd00:ec2::', 64],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
]);
const forbiddenNames = /^(instance-data|metadata)(\.|$)|(^|\.)metadata\.(google|azure)\.internal$/;

const privateOnes = blockList([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 128],
  ['::1', 128],
  ['fc00::', 7],
  ['ff00::', 8],
]);

/** Judges the URL's scheme, name and, when it is a literal, its address. */
export function checkUrl(url: URL, policy: AddressPolicy): Outcome<void> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return refuse(`only http and https URLs can be reached, not ${url.protocol}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (forbiddenNames.test(host)) return refuse(`the host ${host} is never allowed`);
  if (policy.hosts && !policy.hosts.some((pattern) => matches(pattern, host, portOf(url)))) {
    return refuse(`the host ${url.host} is not among the allowed hosts`);
  }
  return isIP(host) === 0 ? ok(undefined) : checkAddress(host, policy);
}

export function checkAddress(address: string, policy: AddressPolicy): Outcome<void> {
  const embedded = embeddedV4(address) ?? address;
  const family = isIP(embedded) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(embedded) === 0) return refuse(`not an address: ${address}`);
  if (forbidden.check(embedded, family)) return refuse(`the address ${address} is never allowed`);
  if (!policy.allowPrivate && privateOnes.check(embedded, family)) {
    return refuse(`the private address ${address} is not allowed`);
  }
  return ok(undefined);
}

/** The `code` of the error for a name none may be connected to. */
export const addressRefused = 'ERR_ADDRESS_REFUSED';

/**
 * A `lookup` for sockets that fails unless every address of the name is allowed, so that a name
 * with one good and one bad address cannot slip through. Not called for literals: see `checkUrl`.
 */
export function guardedLookup(policy: AddressPolicy, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true }, (cause, addresses) => {
      if (cause) return callback(cause, '');
      for (const { address } of addresses) {
        const judged = checkAddress(address, policy);
        if (judged.ok) continue;
        const refused = new Error(`${hostname}: ${judged.reason}`);
        return callback(Object.assign(refused, { code: addressRefused }), '');
      }
      const [first] = addresses;
      if (!first) return callback(new Error(`${hostname} has no address`), '');
      if (options.all) return callback(null, [...addresses]);
      callback(null, first.address, first.family);
    });
  };
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

function matches(pattern: string, host: string, port: string): boolean {
  const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(pattern.toLowerCase()) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  return name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name;
}

/** The IPv4 address inside a NAT64 or 6to4 address; mapped ones the block list sees through. */
function embeddedV4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname
    .slice(1, -1)
    .split(':');
  const nat64 = groups[0] === '64' && groups[1] === 'ff9b';
  const pair = nat64 ? groups.slice(-2) : groups[0] === '2002' ? groups.slice(1, 3) : undefined;
  if (!pair) return undefined;
  const bytes = pair.flatMap((group) => {
    const value = Number.parseInt(group || '0', 16);
    return [value >> 8, value & 255];
  });
  return bytes.join('.');
}

function blockList(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets)
    list.addSubnet(net, prefix, isIP(net) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
