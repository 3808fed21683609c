/** `modelkeep up`: the server in the foreground, until SIGTERM or SIGINT. */
import type { RunningServer } from '../server/main.ts';
import { configCommand } from './flags.ts';

export const up = configCommand(
  { usage: '[--data DIR] [--port 4566] [--ephemeral]', meaning: 'runs the server' },
  async (config) => {
    const { startServer } = await import('../server/main.ts');
    const started = await startServer(config);
    if (!started.ok) {
      console.error(`modelkeep up: ${started.reason}`);
      return 1;
    }
    // Before the line that says so: whoever waits for it may stop the server at once.
    const signalled = untilSignalled();
    console.log(`modelkeep ready ${started.value.url}`);
    await signalled;
    await stopOrGiveUp(started.value);
    return 0;
  },
);

function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

/** A second signal ends the drain. */
async function stopOrGiveUp(server: RunningServer): Promise<void> {
  process.once('SIGINT', () => process.exit(1));
  process.once('SIGTERM', () => process.exit(1));
  await server.stop();
}
