/** DecodeAuthorizationMessage: why a call was refused, for who may know. */
import type {
  DecodeAuthorizationMessageRequest,
  DecodeAuthorizationMessageResponse,
} from '@aws-sdk/client-sts';
import { openMessage } from '../../engines/identity/messages.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';

export async function decodeAuthorizationMessage(
  { EncodedMessage = '' }: DecodeAuthorizationMessageRequest,
  { vault }: StsCtx,
): Promise<DecodeAuthorizationMessageResponse> {
  const opened = openMessage(vault, EncodedMessage);
  if (!opened.ok) throw faults.invalidAuthorizationMessage();
  return { DecodedMessage: opened.value };
}
