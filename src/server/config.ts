/**
 * The configuration: one table of settings, read from flags, the environment and a JSON file, in
 * this order of precedence. The only file that reads the environment. An unknown key is an error.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';

export interface Image {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Config {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly account: string;
  readonly region: string;
  readonly ephemeral: boolean;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly rootKeyFile: string | undefined;
  readonly objectDomains: readonly string[];
  readonly images: Readonly<Record<string, Image>>;
  readonly remoteHosts: readonly string[];
  readonly webhookHosts: readonly string[];
  readonly issuerHosts: readonly string[];
  readonly captureFlushSeconds: number;
  readonly minimumSampleSize: number;
  readonly logLevel: 'info' | 'warn' | 'error' | 'silent';
}

interface Setting {
  readonly flag: string;
  readonly environment: string;
  /** What it means and its default, for `modelkeep help` and docs/configuration.md. */
  readonly meaning: string;
  readonly fallback: unknown;
  readonly parse: (text: string) => Outcome<unknown>;
}

const text = (value: string): Outcome<unknown> => ok(value);
const list = (value: string): Outcome<unknown> =>
  ok(
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
const yesNo = (value: string): Outcome<unknown> =>
  value === 'true' || value === 'false' ? ok(value === 'true') : refuse('must be true or false');
const matching =
  (pattern: RegExp, rule: string) =>
  (value: string): Outcome<unknown> =>
    pattern.test(value) ? ok(value) : refuse(`must be ${rule}`);
const whole =
  (minimum: number, maximum: number) =>
  (value: string): Outcome<unknown> => {
    const n = Number(value);
    const fits = /^\d+$/.test(value) && n >= minimum && n <= maximum;
    return fits ? ok(n) : refuse(`must be a whole number from ${minimum} to ${maximum}`);
  };
const oneOf =
  (...names: string[]) =>
  (value: string): Outcome<unknown> =>
    names.includes(value) ? ok(value) : refuse(`must be one of ${names.join(', ')}`);

/** Name in the configuration file to how it is set and what it means. */
export const settings: Readonly<Record<keyof Config, Setting>> = {
  data: {
    flag: 'data',
    environment: 'MODELKEEP_DATA',
    fallback: join(homedir(), '.modelkeep'),
    parse: text,
    meaning: 'the folder that holds everything the server keeps (default ~/.modelkeep)',
  },
  host: {
    flag: 'host',
    environment: 'MODELKEEP_HOST',
    fallback: '127.0.0.1',
    parse: text,
    meaning: 'the address to listen on (default 127.0.0.1)',
  },
  port: {
    flag: 'port',
    environment: 'MODELKEEP_PORT',
    fallback: 4566,
    parse: whole(0, 65_535),
    meaning: 'the port to listen on; 0 takes a free one (default 4566)',
  },
  account: {
    flag: 'account',
    environment: 'MODELKEEP_ACCOUNT',
    fallback: '000000000000',
    parse: matching(/^\d{12}$/, 'twelve digits'),
    meaning: 'the account id in ARNs (default 000000000000)',
  },
  region: {
    flag: 'region',
    environment: 'MODELKEEP_REGION',
    fallback: 'us-east-1',
    parse: matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region name such as eu-west-1'),
    meaning: 'the region that `modelkeep env` names (default us-east-1)',
  },
  ephemeral: {
    flag: 'ephemeral',
    environment: 'MODELKEEP_EPHEMERAL',
    fallback: false,
    parse: yesNo,
    meaning: 'keep everything in memory and offer POST /_modelkeep/reset (default false)',
  },
  accessKeyId: {
    flag: 'access-key-id',
    environment: 'MODELKEEP_ACCESS_KEY_ID',
    fallback: undefined,
    parse: text,
    meaning: "the administrator's access key at first start (default: made at random)",
  },
  secretAccessKey: {
    flag: 'secret-access-key',
    environment: 'MODELKEEP_SECRET_ACCESS_KEY',
    fallback: undefined,
    parse: text,
    meaning: "the administrator's secret at first start (default: made at random)",
  },
  rootKeyFile: {
    flag: 'root-key-file',
    environment: 'MODELKEEP_ROOT_KEY_FILE',
    fallback: undefined,
    parse: text,
    meaning: 'where the 32-byte root key lies (default: root.key in the data folder)',
  },
  objectDomains: {
    flag: 'object-domains',
    environment: 'MODELKEEP_OBJECT_DOMAINS',
    fallback: ['localhost'],
    parse: list,
    meaning: 'host names under which bucket.NAME addresses a bucket (default localhost)',
  },
  images: {
    flag: 'images',
    environment: 'MODELKEEP_IMAGES',
    fallback: {},
    parse: parseImages,
    meaning: 'JSON: image repository to {"command": [...], "environment": {...}} (default none)',
  },
  remoteHosts: {
    flag: 'remote-hosts',
    environment: 'MODELKEEP_REMOTE_HOSTS',
    fallback: ['*'],
    parse: list,
    meaning: 'hosts that http(s) images may name, * as wildcard; link-local never (default *)',
  },
  webhookHosts: {
    flag: 'webhook-hosts',
    environment: 'MODELKEEP_WEBHOOK_HOSTS',
    fallback: ['*'],
    parse: list,
    meaning: 'hosts that topics may post to, * as wildcard; link-local never (default *)',
  },
  issuerHosts: {
    flag: 'issuer-hosts',
    environment: 'MODELKEEP_ISSUER_HOSTS',
    fallback: ['*'],
    parse: list,
    meaning:
      'hosts that issuers of web identities may be on, * as wildcard; link-local never (default *)',
  },
  captureFlushSeconds: {
    flag: 'capture-flush-seconds',
    environment: 'MODELKEEP_CAPTURE_FLUSH_SECONDS',
    fallback: 60,
    parse: whole(1, 3_600),
    meaning: 'how long captured records wait before they are objects (60)',
  },
  minimumSampleSize: {
    flag: 'minimum-sample-size',
    environment: 'MODELKEEP_MINIMUM_SAMPLE_SIZE',
    fallback: 0,
    parse: whole(0, 1_000_000_000),
    meaning: 'rows a window needs before drift is judged; 0 takes the documented default (0)',
  },
  logLevel: {
    flag: 'log-level',
    environment: 'MODELKEEP_LOG_LEVEL',
    fallback: 'info',
    parse: oneOf('info', 'warn', 'error', 'silent'),
    meaning: 'info, warn, error or silent (default info)',
  },
};

function parseImages(value: string): Outcome<unknown> {
  try {
    return checkImages(JSON.parse(value));
  } catch {
    return refuse('must be JSON');
  }
}

function checkImages(value: unknown): Outcome<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('must be an object');
  }
  for (const [name, image] of Object.entries(value)) {
    const command = (image as { command?: unknown } | null)?.command;
    const good = Array.isArray(command) && command.length > 0 && command.every(isText);
    if (!good) return refuse(`${name}.command must be a list of one or more strings`);
    const { environment = {} } = image as { environment?: unknown };
    const plain = typeof environment === 'object' && environment !== null;
    if (!plain || !Object.values(environment).every(isText)) {
      return refuse(`${name}.environment must be an object of strings`);
    }
  }
  return ok(value);
}

const isText = (value: unknown): value is string => typeof value === 'string';

export interface ConfigSources {
  /** Flag name without dashes to its text. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A JSON file of settings by their configuration names. */
  readonly file?: string | undefined;
}

const noFile: Outcome<Readonly<Record<string, unknown>>> = ok({});

export function readConfig(sources: ConfigSources): Outcome<Config> {
  const fromFile = sources.file === undefined ? noFile : readConfigFile(sources.file);
  if (!fromFile.ok) return fromFile;
  const known = new Set(Object.values(settings).map(({ environment }) => environment));
  const stray = Object.keys(sources.environment).find(
    (name) => name.startsWith('MODELKEEP_') && !known.has(name),
  );
  if (stray !== undefined) return refuse(`unknown environment variable ${stray}`);
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const flag = sources.flags[setting.flag];
    const variable = sources.environment[setting.environment];
    const inFile = fromFile.value[name];
    const chosen = flag ?? variable ?? (inFile === undefined ? undefined : asText(inFile));
    if (chosen === undefined) {
      config[name] = setting.fallback;
      continue;
    }
    const parsed = setting.parse(chosen);
    if (!parsed.ok) return refuse(`${nameOf(setting, name, sources)} ${parsed.reason}`);
    config[name] = parsed.value;
  }
  // Every key of `settings` was just filled in with a value of its type.
  const result = config as unknown as Config;
  if ((result.accessKeyId === undefined) !== (result.secretAccessKey === undefined)) {
    return refuse('--access-key-id and --secret-access-key go together: give both or none');
  }
  return ok(result);
}

function nameOf(setting: Setting, name: string, sources: ConfigSources): string {
  if (sources.flags[setting.flag] !== undefined) return `--${setting.flag}`;
  if (sources.environment[setting.environment] !== undefined) return setting.environment;
  return `${name} in ${sources.file}`;
}

function asText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function readConfigFile(path: string): Outcome<Readonly<Record<string, unknown>>> {
  if (!existsSync(path)) return refuse(`the configuration file ${path} does not exist`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    return refuse(`the configuration file ${path} is not JSON: ${(cause as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`the configuration file ${path} must hold an object`);
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(settings, key));
  if (unknown !== undefined) {
    const known = Object.keys(settings).join(', ');
    return refuse(`unknown key ${unknown} in ${path}; known are ${known}`);
  }
  return ok(value as Record<string, unknown>);
}

/** The process's environment, for `readConfig`. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
