/** `modelkeep seal`: what opens a data folder, and how that is changed while no server runs. */
import type { ParseArgsConfig } from 'node:util';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from '../server/config.ts';
import type { Done, Layer, SealRequest, SealStatus } from '../server/seal-offline.ts';
import type { Ask } from '../server/seal-prompt.ts';
import { type Command, configFlags, configOf, type Parsed, parseFlags } from './flags.ts';

const usage = 'status|init|add|remove|rotate …';
const meaning = 'what opens a data folder, and how to change it';

const help = `modelkeep seal status                          lists the seals
modelkeep seal init --kind K                   seals a new folder otherwise than by a key file
modelkeep seal add --kind K                    adds another way to open it
modelkeep seal remove ID                       removes one; the last one stays
modelkeep seal rotate --layer keyring          seals with a new key from now on
modelkeep seal rotate --layer root             a new root key under every seal
modelkeep seal rotate --layer unseal --id ID   a new key file, passphrase, token key or new shares

  --kind K                     file, passphrase, pkcs11 or shares
  --shares N, --threshold T    so many shares, so many of which open it (5 and 3)
  --new-passphrase-file FILE   the new passphrase, which is asked for otherwise
  --json                       prints the answer as JSON
  --data DIR, --root-key-file, --passphrase-file, --passphrase-fd, --pkcs11-module,
  --pkcs11-token, --pkcs11-key, --pkcs11-pin-file as for modelkeep up`;

const options: NonNullable<ParseArgsConfig['options']> = {
  ...configFlags,
  kind: { type: 'string' },
  shares: { type: 'string' },
  threshold: { type: 'string' },
  layer: { type: 'string' },
  id: { type: 'string' },
  'new-passphrase-file': { type: 'string' },
  json: { type: 'boolean' },
};
const ownFlags = new Set(['kind', 'shares', 'threshold', 'layer', 'id', 'new-passphrase-file']);
const kinds = ['file', 'passphrase', 'pkcs11', 'shares'] as const;
const layers = ['unseal', 'root', 'keyring'] as const;

type Offline = typeof import('../server/seal-offline.ts');
type Work = (offline: Offline, ask: Ask) => Promise<Outcome<Done>>;

export const seal: Command = {
  usage,
  meaning,
  parse(args) {
    const parsed = parseFlags(args, options);
    if (!parsed.ok) return parsed;
    const { values, positionals } = parsed.value;
    if (values['help'] === true) return ok(printHelp);
    const [action, ...rest] = positionals;
    const settings = Object.entries(values).filter(([n]) => !ownFlags.has(n) && n !== 'json');
    const config = configOf({ values: Object.fromEntries(settings), positionals });
    if (!config.ok) return config;
    const json = values['json'] === true;
    if (action === 'status') {
      return rest.length > 0 ? stray(rest) : ok(() => status(config.value, json));
    }
    const work = workOf(action, { values, positionals: rest }, config.value);
    return work.ok ? ok(() => run(work.value, json)) : work;
  },
};

const stray = ([first = '']: readonly string[]) => refuse(`unexpected argument '${first}'`);

async function printHelp(): Promise<number> {
  console.log(help);
  return 0;
}

function workOf(
  action: string | undefined,
  { values, positionals }: Parsed,
  config: Config,
): Outcome<Work> {
  const request = requestOf(values);
  if (!request.ok) return request;
  const [id, ...more] = positionals;
  if (action === 'remove') {
    if (id === undefined || more.length > 0) return refuse('remove needs the id of one seal');
    return ok(({ removeSeal }, ask) => removeSeal(config, id, ask));
  }
  if (id !== undefined) return stray(positionals);
  if (action === 'rotate') {
    const layer = layers.find((one) => one === values['layer']);
    if (!layer) return refuse(`--layer must be one of ${layers.join(', ')}`);
    return ok(({ rotate }, ask) => rotate(config, rotation(layer, values, request.value), ask));
  }
  if (action !== 'init' && action !== 'add') {
    return refuse(`needs one of status, init, add, remove and rotate\n${help}`);
  }
  const kind = kinds.find((one) => one === values['kind']);
  if (!kind) return refuse(`--kind must be one of ${kinds.join(', ')}`);
  const asked: SealRequest = { ...request.value, kind };
  return ok(({ addSeal, initSeal }, ask) =>
    action === 'add' ? addSeal(config, asked, ask) : initSeal(config, asked, ask),
  );
}

function rotation(layer: Layer, values: Parsed['values'], request: Omit<SealRequest, 'kind'>) {
  const id = textOf(values['id']);
  return { ...request, layer, ...(id === undefined ? {} : { id }) };
}

function requestOf(values: Parsed['values']): Outcome<Omit<SealRequest, 'kind'>> {
  const numbers: Record<string, number> = {};
  for (const [flag, member] of [
    ['shares', 'count'],
    ['threshold', 'threshold'],
  ] as const) {
    const text = textOf(values[flag]);
    if (text === undefined) continue;
    if (!/^\d{1,3}$/.test(text)) return refuse(`--${flag} must be a whole number from 2 to 255`);
    numbers[member] = Number(text);
  }
  const newPassphraseFile = textOf(values['new-passphrase-file']);
  return ok({ ...numbers, ...(newPassphraseFile === undefined ? {} : { newPassphraseFile }) });
}

const textOf = (value: string | boolean | undefined) =>
  typeof value === 'string' ? value : undefined;

function fail(reason: string): number {
  console.error(`modelkeep seal: ${reason}`);
  return 1;
}

async function run(work: Work, json: boolean): Promise<number> {
  const offline = await import('../server/seal-offline.ts');
  const { terminalAsk } = await import('../server/seal-prompt.ts');
  const done = await work(offline, terminalAsk);
  if (!done.ok) return fail(done.reason);
  const { id, shares } = done.value;
  if (json) {
    console.log(JSON.stringify(done.value, null, 2));
    return 0;
  }
  for (const share of shares ?? []) console.log(share);
  if (shares) console.error('These shares are shown once. Give each to somebody else, on paper.');
  console.error(id === undefined ? 'done' : `done: ${id}`);
  return 0;
}

async function status(config: Config, json: boolean): Promise<number> {
  const { sealStatus } = await import('../server/seal-offline.ts');
  const found = await sealStatus(config);
  if (!found.ok) return fail(found.reason);
  const lines = json ? [JSON.stringify(found.value, null, 2)] : statusLines(found.value);
  for (const line of lines) console.log(line);
  return 0;
}

const shown = ['module', 'token', 'key', 'threshold', 'count', 'memoryKib', 'passes', 'lanes'];

function statusLines({ generation, seals }: SealStatus): readonly string[] {
  const rows = seals.map(({ id, kind, parameters }) => {
    const about = shown
      .filter((name) => parameters[name] !== undefined)
      .map((name) => `${name} ${parameters[name]}`);
    return `${id.padEnd(24)} ${kind.padEnd(12)} ${about.join(', ')}`.trimEnd();
  });
  return [...rows, `seal.json was changed ${generation} times`];
}
