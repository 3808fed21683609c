/** `modelkeep unseal`: opens a server that waits for a passphrase or for shares. */
import { configCommand } from './flags.ts';

export const unseal = configCommand(
  { usage: '[--data DIR]', meaning: 'opens a sealed server: asks for its passphrase or shares' },
  async (config) => {
    const { unsealServer } = await import('../server/unseal-client.ts');
    const { terminalAsk } = await import('../server/seal-prompt.ts');
    const done = await unsealServer(config, terminalAsk);
    if (!done.ok) {
      console.error(`modelkeep unseal: ${done.reason}`);
      return 1;
    }
    console.log(`modelkeep ready ${done.value}`);
    return 0;
  },
);
