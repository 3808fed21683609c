/**
 * The token of a session: everything that the session is, with its secret, sealed under the root
 * key and bound to the access key's id. It is not stored anywhere and cannot be made or changed
 * without the root key. Whether it still holds is judged by `sessions.ts`.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Session } from '../../kernel/caller.ts';
import type { SecretVault } from './identity.ts';

export interface TokenContent {
  readonly account: string;
  readonly secretAccessKey: string;
  readonly session: Session;
}

/** Bytes of packed policies and tags that a token has room for; 100 % of `PackedPolicySize`. */
const packedBytes = 4_096;
/** What is looked at of a token that a client shows; ours are below 10,000. */
const maxTokenChars = 12_288;

const contextOf = (accessKeyId: string) => ({ purpose: 'session-token', accessKeyId });

type Packed = Pick<Session, 'policies' | 'policyArns' | 'tags' | 'transitiveTagKeys'>;

/** How much of a token's room the policies and tags need; above 100 there is no such token. */
export function packedPercent({ policies, policyArns, tags, transitiveTagKeys }: Packed): number {
  const counts = [policies, policyArns, Object.keys(tags), transitiveTagKeys];
  if (counts.every((list) => list.length === 0)) return 0;
  const packed = pack({ policies, policyArns, tags, transitiveTagKeys });
  return Math.ceil((packed.length * 100) / packedBytes);
}

/** Unpadded base64url. */
export function sealToken(vault: SecretVault, accessKeyId: string, content: TokenContent): string {
  // The secret stays out of what is compressed: the length of a token must not depend on it.
  const { account, secretAccessKey, session } = content;
  const text = `${account}\n${secretAccessKey}\n${pack(session).toString('base64')}`;
  const sealed = vault.seal(text, contextOf(accessKeyId));
  return Buffer.from(sealed, 'base64').toString('base64url');
}

/** Undefined for what is no token of this key, unchanged, in its one spelling. */
export function openToken(
  vault: SecretVault,
  accessKeyId: string,
  token: string,
): TokenContent | undefined {
  if (token.length > maxTokenChars) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.toString('base64url') !== token) return undefined;
  const opened = vault.open(bytes.toString('base64'), contextOf(accessKeyId));
  if (!opened.ok) return undefined;
  const [account = '', secretAccessKey = '', packed = ''] = opened.value.split('\n');
  const json = inflateRawSync(Buffer.from(packed, 'base64')).toString('utf8');
  return { account, secretAccessKey, session: JSON.parse(json) as Session };
}

function pack(value: object): Buffer {
  return deflateRawSync(Buffer.from(JSON.stringify(value), 'utf8'), { level: 9 });
}
