/**
 * The configuration: one table of settings, read from flags, the environment and a JSON file, in
 * this order of precedence. The only file that reads the environment. An unknown key is an error.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import {
  type FunctionProgram,
  type Image,
  list,
  matching,
  oneOf,
  parseFunctions,
  parseImages,
  text,
  whole,
  yesNo,
} from './config-values.ts';

export interface Config {
  readonly data: string;
  readonly workFolder: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly dataPlaneProcesses: number;
  readonly dataPlanePort: number | undefined;
  readonly maxConnections: number;
  readonly bodyMemoryMb: number;
  readonly account: string;
  readonly region: string;
  readonly ephemeral: boolean;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly rootKeyFile: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly passphraseFd: number | undefined;
  readonly passphraseFromEnvironment: boolean;
  readonly pkcs11Module: string | undefined;
  readonly pkcs11Token: string;
  readonly pkcs11Key: string;
  readonly pkcs11PinFile: string | undefined;
  readonly anchorFile: string | undefined;
  readonly acceptRollback: boolean;
  readonly objectDomains: readonly string[];
  readonly tlsCertificate: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientAuthority: string | undefined;
  readonly plaintextHost: string | undefined;
  readonly trailDeliverySeconds: number;
  readonly trailDigestSeconds: number;
  readonly trailAnchor: string | undefined;
  readonly functions: Readonly<Record<string, FunctionProgram>>;
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

/** Not a setting: what lists settings must never show it. */
const passphraseVariable = 'MODELKEEP_PASSPHRASE';

/** Name in the configuration file to how it is set and what it means. */
export const settings: Readonly<Record<keyof Config, Setting>> = {
  data: {
    flag: 'data',
    environment: 'MODELKEEP_DATA',
    fallback: join(homedir(), '.modelkeep'),
    parse: text,
    meaning: 'the folder that holds everything the server keeps (default ~/.modelkeep)',
  },
  workFolder: {
    flag: 'work-folder',
    environment: 'MODELKEEP_WORK_FOLDER',
    fallback: undefined,
    parse: text,
    meaning:
      'where jobs, programs and decrypted copies lie while in use (default: in memory if it has ' +
      'room, or else in the temporary folder)',
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
  dataPlaneProcesses: {
    flag: 'data-plane-processes',
    environment: 'MODELKEEP_DATA_PLANE_PROCESSES',
    fallback: 0,
    parse: whole(0, 64),
    meaning:
      'processes beside the server that serve invocations on the data-plane port (default 0: the ' +
      'server alone)',
  },
  dataPlanePort: {
    flag: 'data-plane-port',
    environment: 'MODELKEEP_DATA_PLANE_PORT',
    fallback: undefined,
    parse: whole(0, 65_535),
    meaning: 'the port of those processes; 0 takes a free one (default none)',
  },
  maxConnections: {
    flag: 'max-connections',
    environment: 'MODELKEEP_MAX_CONNECTIONS',
    fallback: 10_000,
    parse: whole(10, 1_000_000),
    meaning:
      'open connections; past them the one that waits longest for a request is ended, and never ' +
      'more than half of the file descriptors (default 10000)',
  },
  bodyMemoryMb: {
    flag: 'body-memory-mb',
    environment: 'MODELKEEP_BODY_MEMORY_MB',
    fallback: 512,
    parse: whole(16, 1_048_576),
    meaning:
      'MiB of memory for bodies of requests under way; past it those over 64 KiB are answered ' +
      '503 (default 512)',
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
    meaning: 'the key file, outside the data folder, that opens it (default DATA.key)',
  },
  passphraseFile: {
    flag: 'passphrase-file',
    environment: 'MODELKEEP_PASSPHRASE_FILE',
    fallback: undefined,
    parse: text,
    meaning: 'file with the passphrase that opens the data folder, readable by its owner alone',
  },
  passphraseFd: {
    flag: 'passphrase-fd',
    environment: 'MODELKEEP_PASSPHRASE_FD',
    fallback: undefined,
    parse: whole(0, 1_023),
    meaning: 'file descriptor to read that passphrase from, up to its end',
  },
  passphraseFromEnvironment: {
    flag: 'passphrase-from-environment',
    environment: 'MODELKEEP_PASSPHRASE_FROM_ENVIRONMENT',
    fallback: false,
    parse: yesNo,
    meaning: 'take that passphrase from MODELKEEP_PASSPHRASE, where other programs may see it',
  },
  pkcs11Module: {
    flag: 'pkcs11-module',
    environment: 'MODELKEEP_PKCS11_MODULE',
    fallback: undefined,
    parse: text,
    meaning: 'library of the token that opens the data folder',
  },
  pkcs11Token: {
    flag: 'pkcs11-token',
    environment: 'MODELKEEP_PKCS11_TOKEN',
    fallback: 'modelkeep',
    parse: text,
    meaning: 'label of the token that a seal is made with (default modelkeep)',
  },
  pkcs11Key: {
    flag: 'pkcs11-key',
    environment: 'MODELKEEP_PKCS11_KEY',
    fallback: 'modelkeep',
    parse: text,
    meaning: 'label of the key on it, made unless it is there (default modelkeep)',
  },
  pkcs11PinFile: {
    flag: 'pkcs11-pin-file',
    environment: 'MODELKEEP_PKCS11_PIN_FILE',
    fallback: undefined,
    parse: text,
    meaning: 'file with the PIN of that token, readable by its owner alone',
  },
  anchorFile: {
    flag: 'anchor-file',
    environment: 'MODELKEEP_ANCHOR_FILE',
    fallback: undefined,
    parse: text,
    meaning: 'file that tells when the data folder was put back to an older state (DATA.anchor)',
  },
  acceptRollback: {
    flag: 'accept-rollback',
    environment: 'MODELKEEP_ACCEPT_ROLLBACK',
    fallback: false,
    parse: yesNo,
    meaning: 'the data folder was put back to an older state on purpose: start all the same',
  },
  objectDomains: {
    flag: 'object-domains',
    environment: 'MODELKEEP_OBJECT_DOMAINS',
    fallback: ['localhost'],
    parse: list,
    meaning: 'host names under which bucket.NAME addresses a bucket (default localhost)',
  },
  tlsCertificate: {
    flag: 'tls-certificate',
    environment: 'MODELKEEP_TLS_CERTIFICATE',
    fallback: undefined,
    parse: text,
    meaning: 'PEM file of the certificate to serve HTTPS with, read again when it changes',
  },
  tlsKey: {
    flag: 'tls-key',
    environment: 'MODELKEEP_TLS_KEY',
    fallback: undefined,
    parse: text,
    meaning: 'PEM file of the key of that certificate',
  },
  tlsClientAuthority: {
    flag: 'tls-client-authority',
    environment: 'MODELKEEP_TLS_CLIENT_AUTHORITY',
    fallback: undefined,
    parse: text,
    meaning: 'PEM file of the authority that must have signed the certificates of clients',
  },
  plaintextHost: {
    flag: 'plaintext-host',
    environment: 'MODELKEEP_PLAINTEXT_HOST',
    fallback: undefined,
    parse: text,
    meaning: 'the same address as --host, to listen there without TLS beyond this machine',
  },
  trailDeliverySeconds: {
    flag: 'trail-delivery-seconds',
    environment: 'MODELKEEP_TRAIL_DELIVERY_SECONDS',
    fallback: 300,
    parse: whole(1, 3_600),
    meaning: 'how often trails deliver log files (300)',
  },
  trailDigestSeconds: {
    flag: 'trail-digest-seconds',
    environment: 'MODELKEEP_TRAIL_DIGEST_SECONDS',
    fallback: 3_600,
    parse: whole(1, 3_600),
    meaning: 'how often trails deliver signed digests (3600)',
  },
  trailAnchor: {
    flag: 'trail-anchor',
    environment: 'MODELKEEP_TRAIL_ANCHOR',
    fallback: undefined,
    parse: text,
    meaning:
      'file that notes the newest digests of trails, best on another disk (default DATA.anchors)',
  },
  functions: {
    flag: 'functions',
    environment: 'MODELKEEP_FUNCTIONS',
    fallback: {},
    parse: parseFunctions,
    meaning:
      'JSON: name to {"file", "handler", "role", "environment"}, for secrets to rotate by (none)',
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
    (name) => name.startsWith('MODELKEEP_') && !known.has(name) && name !== passphraseVariable,
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
  const apart = dataPlaneProblem(result);
  if (apart !== undefined) return refuse(apart);
  if (sources.environment[passphraseVariable] !== undefined && !result.passphraseFromEnvironment) {
    return refuse(
      `${passphraseVariable} is set, where other programs may see it: say ` +
        '--passphrase-from-environment if that is meant, or use --passphrase-file',
    );
  }
  return ok(result);
}

function dataPlaneProblem(config: Config): string | undefined {
  const { dataPlaneProcesses, dataPlanePort, port, ephemeral } = config;
  if (dataPlaneProcesses > 0 !== (dataPlanePort !== undefined)) {
    return '--data-plane-processes and --data-plane-port go together: give both or none';
  }
  if (dataPlaneProcesses === 0) return undefined;
  if (ephemeral) {
    return '--data-plane-processes needs a data folder: what --ephemeral keeps, one process has';
  }
  if (dataPlanePort === port && port !== 0) {
    return `--data-plane-port ${port} is the port of the server: give it another`;
  }
  return undefined;
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

/** Takes the passphrase out of the environment, so that programs started later do not have it. */
export function takePassphraseVariable(): string | undefined {
  const value = process.env[passphraseVariable];
  delete process.env[passphraseVariable];
  return value;
}

/** The process's environment, for `readConfig`. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Flags that need no value. */
export const switches: ReadonlySet<string> = new Set(
  Object.values(settings)
    .filter(({ parse }) => parse === yesNo)
    .map(({ flag }) => flag),
);
