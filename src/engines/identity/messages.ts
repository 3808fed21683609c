/**
 * What was decided about a refused call, sealed: the client carries it, and whoever may call
 * DecodeAuthorizationMessage reads it. Nothing is stored.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import type { SecretVault } from './identity.ts';

const context = { purpose: 'authorization-message' };
/** Headers are bounded, and the operation that decodes takes 10,240 characters. */
const maxMessageChars = 7_000;

/** Unpadded base64url, 7,000 characters at most: details too long for that only say so. */
export function sealMessage(vault: SecretVault, details: string): string {
  const message = sealed(vault, details);
  if (message.length <= maxMessageChars) return message;
  return sealed(vault, JSON.stringify({ allowed: false, reason: 'The details are too long.' }));
}

/** The details as they were sealed. The reason of a refusal says nothing of the content. */
export function openMessage(vault: SecretVault, message: string): Outcome<string> {
  const opened = vault.open(Buffer.from(message, 'base64url').toString('base64'), context);
  if (!opened.ok) return opened;
  return ok(inflateRawSync(Buffer.from(opened.value, 'base64')).toString('utf8'));
}

function sealed(vault: SecretVault, details: string): string {
  const packed = deflateRawSync(Buffer.from(details, 'utf8')).toString('base64');
  return Buffer.from(vault.seal(packed, context), 'base64').toString('base64url');
}
