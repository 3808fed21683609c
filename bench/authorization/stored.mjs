/** The metadata of a folder that a server made, opened as a server would. */
import { readConfig } from '../../dist/server/config.js';
import { openMetadata } from '../../dist/server/metadata.js';
import { loadOrMakeKeyring } from '../../dist/server/unseal.js';

export async function openStored(data) {
  const config = readConfig({ flags: { data }, environment: {} });
  if (!config.ok) throw new Error(config.reason);
  const keyring = await loadOrMakeKeyring(config.value);
  if (!keyring.ok) throw new Error(keyring.reason);
  return openMetadata(data, keyring.value);
}
