/** `modelkeep status`: whether the server of a data folder runs, and what it has under way. */
import { configCommand } from './flags.ts';

export const status = configCommand(
  { usage: '[--data DIR]', meaning: 'says what runs' },
  async (config) => {
    const { readStatus } = await import('../server/status.ts');
    const found = await readStatus(config);
    if (!found.ok) {
      console.error(`modelkeep status: ${found.reason}`);
      return 1;
    }
    const { url, ready, isSealed, dataPlane, counts, schedules } = found.value;
    const state = ready ? 'ready' : isSealed ? 'sealed: run modelkeep unseal' : 'not running';
    console.log(`server     ${url} ${state}`);
    if (dataPlane) {
      const { processes, ready: serves } = dataPlane;
      const many = `${processes} ${processes === 1 ? 'process' : 'processes'}`;
      console.log(`data plane ${dataPlane.url} ${many}, ${serves ? 'ready' : 'not running'}`);
    }
    for (const [name, count] of Object.entries(counts)) console.log(`${name.padEnd(10)} ${count}`);
    for (const line of schedules) console.log(`schedule   ${line}`);
    return ready ? 0 : 1;
  },
);
