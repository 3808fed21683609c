/**
 * Ranges of network addresses as policies write them: CIDR of IPv4 or IPv6, or one address. An IPv4
 * address that is written inside an IPv6 one is that IPv4 address.
 */
import { isIP } from 'node:net';

/** Four groups of eight bits, or eight of sixteen. */
export type Address = readonly number[];

export interface Network {
  readonly address: Address;
  readonly prefixBits: number;
}

/** Undefined for what is no address; a zone at its end is left out. */
export function addressOf(text: string): Address | undefined {
  const bare = text.includes('%') ? text.slice(0, text.indexOf('%')) : text;
  const family = isIP(bare);
  if (family === 4) return bare.split('.').map(Number);
  return family === 6 ? unmapped(groupsOf(bare)) : undefined;
}

/** Undefined for what is no address or range. */
export function networkOf(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const base = slash === -1 ? text : text.slice(0, slash);
  const address = addressOf(base);
  if (!address) return undefined;
  const bits = address.length === 4 ? 32 : 128;
  if (slash === -1) return { address, prefixBits: bits };
  const written = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(written)) return undefined;
  // Of a mapped range the first 96 bits are those of the mapping.
  const prefixBits = Number(written) - (bits === 32 && base.includes(':') ? 96 : 0);
  return prefixBits >= 0 && prefixBits <= bits ? { address, prefixBits } : undefined;
}

export function holds({ address, prefixBits }: Network, candidate: Address): boolean {
  if (address.length !== candidate.length) return false;
  const groupBits = address.length === 4 ? 8 : 16;
  let left = prefixBits;
  for (let i = 0; i < address.length && left > 0; i += 1) {
    const drop = Math.max(0, groupBits - left);
    if ((address[i] ?? 0) >> drop !== (candidate[i] ?? 0) >> drop) return false;
    left -= groupBits;
  }
  return true;
}

/** The eight groups of an address that `isIP` has accepted. */
function groupsOf(text: string): readonly number[] {
  const [head = '', tail] = text.split('::');
  const before = groupsIn(head);
  if (tail === undefined) return before;
  const after = groupsIn(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function groupsIn(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function unmapped(groups: readonly number[]): Address {
  const mapped = groups.slice(0, 6).every((group, i) => group === (i === 5 ? 0xffff : 0));
  if (!mapped) return groups;
  const [, , , , , , high = 0, low = 0] = groups;
  return [high >> 8, high & 255, low >> 8, low & 255];
}
