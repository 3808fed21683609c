/**
 * `modelkeep demo`: the main job end to end on real data. Starts a server in a fresh folder on a
 * virtual clock, and lets the flights example drive it through the public API.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defined } from '../kernel/assert.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import { readConfig } from '../server/config.ts';
import type { RunningServer } from '../server/main.ts';
import { type Command, parseFlags } from './flags.ts';

const exampleFolder = fileURLToPath(new URL('../../examples/flights/', import.meta.url));
const usage = '[--json FILE] [--data DIR]';
const meaning = 'serves six months of flights and lets the monitor watch';

/** What the example is given, and what it gives back; see examples/flights/demo.mjs. */
interface Example {
  readonly startMs: number;
  run(given: {
    readonly endpointUrl: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly advanceTo: (instantMs: number) => Promise<void>;
    readonly settle: () => Promise<void>;
    readonly say: (line: string) => void;
    /** Keeps a page for the reader; answers where. */
    readonly keep: (name: string, text: string) => Promise<string>;
  }): Promise<{ readonly stages: readonly Stage[] }>;
}

interface Stage {
  readonly name: string;
  readonly held: boolean;
  readonly detail: string;
}

export const demo: Command = {
  usage,
  meaning,
  parse(args) {
    const parsed = parseFlags(args, { json: { type: 'string' }, data: { type: 'string' } });
    if (!parsed.ok) return parsed;
    const { json, data, help } = parsed.value.values;
    if (help === true) {
      return ok(async () => {
        console.log(`modelkeep demo ${usage}\n  ${meaning}`);
        return 0;
      });
    }
    return ok(() => runDemo({ json: text(json), data: text(data) }));
  },
};

const text = (value: string | boolean | undefined) =>
  typeof value === 'string' ? value : undefined;

interface DemoFlags {
  readonly json: string | undefined;
  readonly data: string | undefined;
}

async function runDemo({ json, data }: DemoFlags): Promise<number> {
  const example = await loadExample();
  if (!example.ok) {
    console.error(`modelkeep demo: ${example.reason}`);
    return 1;
  }
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'modelkeep-demo-')));
  const server = await startAt(folder, example.value.startMs);
  if (!server.ok) {
    console.error(`modelkeep demo: ${server.reason}`);
    return 1;
  }
  console.log(`modelkeep ready ${server.value.url}, data in ${folder}, on a virtual clock`);
  endWith(server.value);
  try {
    const { stages } = await runExample(example.value, server.value, folder);
    if (json !== undefined)
      await writeFile(json, `${JSON.stringify({ folder, stages }, null, 2)}\n`);
    return conclude(stages, folder);
  } finally {
    await server.value.stop();
  }
}

/** Broken off halfway, the demo takes the model servers it started with it. */
function endWith(server: RunningServer): void {
  const end = () => void server.stop().finally(() => process.exit(1));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

async function loadExample(): Promise<Outcome<Example>> {
  if (!existsSync(join(exampleFolder, 'demo.mjs'))) {
    return refuse(`the example is missing: ${exampleFolder}`);
  }
  try {
    return ok((await import(pathToFileURL(join(exampleFolder, 'demo.mjs')).href)) as Example);
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    return refuse(
      'the flights (13 MB) and the clients that replay them are not part of the package.\n' +
        `  Get them with:  npm install --prefix ${exampleFolder}\n` +
        `  (${(cause as Error).message.split('\n')[0]})`,
    );
  }
}

async function startAt(folder: string, virtualStartMs: number): Promise<Outcome<RunningServer>> {
  const flags = { data: folder, port: '0', 'log-level': 'error' };
  const config = readConfig({ flags, environment: {} });
  if (!config.ok) return config;
  const { startServer } = await import('../server/main.ts');
  return startServer(config.value, { virtualStartMs });
}

async function runExample(example: Example, server: RunningServer, folder: string) {
  const pages = join(folder, 'reports');
  return example.run({
    endpointUrl: server.url,
    region: 'us-east-1',
    credentials: defined(server.administrator, 'the administrator of a new server'),
    advanceTo: (instantMs) => server.advanceTo(instantMs),
    settle: () => server.settle(),
    say: (line) => console.log(line),
    async keep(name, text) {
      await mkdir(pages, { recursive: true });
      await writeFile(join(pages, name), text);
      return join(pages, name);
    },
  });
}

function conclude(stages: readonly Stage[], folder: string): number {
  console.log('\nWhat held:');
  for (const { name, held, detail } of stages) {
    console.log(`  ${held ? 'yes' : 'NO '}  ${name}: ${detail}`);
  }
  const failed = stages.filter(({ held }) => !held).length;
  if (stages.length === 0 || failed > 0) {
    console.log(`\n${failed} of ${stages.length} stages did not hold. Data: ${folder}`);
    return 1;
  }
  console.log(`\nAll ${stages.length} stages held. Everything is in ${folder}`);
  return 0;
}
