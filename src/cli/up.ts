/** `modelkeep up`: the server in the foreground, until SIGTERM or SIGINT. */
import type { RunningServer } from '../server/main.ts';
import { configCommand } from './flags.ts';

export const up = configCommand(
  { usage: '[--data DIR] [--port 4566] [--ephemeral]', meaning: 'runs the server' },
  async (config) => {
    const { startServer } = await import('../server/main.ts');
    const started = await startServer(config);
    if (!started.ok) return fail(started.reason);
    const server = started.value;
    // Before the line that says so: whoever waits for it may stop the server at once.
    const signalled = untilSignalled();
    if (server.isSealed) console.log(`modelkeep sealed ${server.url}`);
    const ready = await Promise.race([server.ready, signalled]);
    if (ready?.ok === false) {
      await server.stop();
      return fail(ready.reason);
    }
    const { dataPlaneUrl } = server;
    if (ready && dataPlaneUrl !== undefined) console.log(`modelkeep data plane ${dataPlaneUrl}`);
    if (ready) console.log(`modelkeep ready ${server.url}`);
    await signalled;
    await stopOrGiveUp(server);
    return 0;
  },
);

function fail(reason: string): number {
  console.error(`modelkeep up: ${reason}`);
  return 1;
}

function untilSignalled(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve(undefined));
    process.once('SIGINT', () => resolve(undefined));
  });
}

/** A second signal ends the drain. */
async function stopOrGiveUp(server: RunningServer): Promise<void> {
  process.once('SIGINT', () => process.exit(1));
  process.once('SIGTERM', () => process.exit(1));
  await server.stop();
}
