/**
 * Starts and stops a server: what opens its folder, the world, the parts, the HTTP listener, and
 * the loops. A folder that people have to open is listened for first, and served once it is open.
 */

import { pinoLogger } from '../adapters/system/logger.ts';
import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { keyBytes, keyringOf } from '../engines/envelope/keyring.ts';
import { VirtualClock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import type { KeyPair } from './administrator.ts';
import type { Config } from './config.ts';
import { forbidCoreDumps } from './core-dumps.ts';
import { lockFolder } from './data-folder.ts';
import { type Listening, listen } from './http.ts';
import { ServerState } from './server-state.ts';
import { checkPlaintext, openTls, type TlsSource, tlsFilesOf } from './tls.ts';
import { type Unsealed, type Unsealing, unseal } from './unseal.ts';

export interface RunningServer {
  readonly url: string;
  /** Of processes of their own; undefined while sealed, and where there are none. */
  readonly dataPlaneUrl: string | undefined;
  /** Undefined while sealed, and when all of the administrator's keys are gone or inactive. */
  readonly administrator: KeyPair | undefined;
  readonly isSealed: boolean;
  /** When it serves, which is at once unless it is sealed. Refused when it ends before. */
  readonly ready: Promise<Outcome<void>>;
  /** Moves a virtual clock, doing on the way all that falls due; a bug on the system's clock. */
  advanceTo(instantMs: number): Promise<void>;
  /** Does what is due now, on a virtual clock. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Time starts here and moves only by `advanceTo`. */
  readonly virtualStartMs?: number;
}

/** Refused, with a reason for people, when the folder is taken, or the port, or keys do not fit. */
export async function startServer(
  config: Config,
  options: StartOptions = {},
): Promise<Outcome<RunningServer>> {
  if (options.virtualStartMs !== undefined && config.dataPlaneProcesses > 0) {
    return refuse('a data plane of its own goes by the clock of the machine alone');
  }
  // Nothing of an ephemeral server is in the folder but its note.
  if (config.ephemeral) return startUnlocked(config, { ...options, release: async () => {} });
  const lock = await lockFolder(config);
  if (!lock.ok) return lock;
  const { release } = lock.value;
  let started: Outcome<RunningServer> | undefined;
  try {
    started = await startUnlocked(config, { ...options, release });
    return started;
  } finally {
    if (!started?.ok) await release();
  }
}

interface Starting extends StartOptions {
  /** Gives the folder back after the server has stopped. */
  readonly release: () => Promise<void>;
}

async function startUnlocked(config: Config, starting: Starting): Promise<Outcome<RunningServer>> {
  const { virtualStartMs } = starting;
  const log = pinoLogger({ level: config.logLevel });
  if (!config.ephemeral) forbidCoreDumps();
  const tls = await tlsOf(config, log);
  if (!tls.ok) return tls;
  const unsealing = config.ephemeral ? ok(freshRing()) : await unseal(config);
  if (!unsealing.ok) return unsealing;
  const virtual = virtualStartMs === undefined ? undefined : new VirtualClock(virtualStartMs);
  let listening: Listening | undefined;
  const publicUrl = () => listening?.url ?? '';
  const state = new ServerState({ config, clock: virtual ?? systemClock, log, publicUrl });
  const found = unsealing.value;
  if (found.kind === 'open') {
    const opened = await state.open(found).catch((cause: unknown) => {
      log.error('the server cannot start', cause);
      return refuse(reasonOf(cause));
    });
    if (!opened.ok) return opened;
  } else {
    state.awaitUnsealing(found.unsealer);
  }
  try {
    listening = await listen(() => state.routes(), { ...config, tls: tls.value });
  } catch (cause) {
    await state.stop();
    return refuse(`cannot listen on ${config.host}:${config.port}: ${reasonOf(cause)}`);
  }
  const noted = await state.listening({ timers: !virtual });
  const server = runningServer({ state, listening, virtual, release: starting.release });
  if (noted.ok) return ok(server);
  await server.stop();
  return noted;
}

async function tlsOf(config: Config, log: Logger): Promise<Outcome<TlsSource | undefined>> {
  const plain = checkPlaintext(config);
  if (!plain.ok) return plain;
  const files = tlsFilesOf(config);
  if (!files.ok || files.value === undefined) return files.ok ? ok(undefined) : files;
  return openTls(files.value, log);
}

/** Of a server that keeps nothing. */
function freshRing(): Unsealing {
  const unsealed: Unsealed = {
    keyring: keyringOf([systemRandom.bytes(keyBytes)]),
    folder: '',
    sealGeneration: 0,
  };
  return { kind: 'open', ...unsealed };
}

interface RunningParts extends Pick<Starting, 'release'> {
  readonly state: ServerState;
  readonly listening: Listening;
  readonly virtual: VirtualClock | undefined;
}

function runningServer({ state, listening, virtual, release }: RunningParts): RunningServer {
  const { url, close } = listening;
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    try {
      await close();
      await state.stop();
    } finally {
      await release();
    }
  };
  return {
    url,
    get dataPlaneUrl() {
      return state.dataPlaneUrl;
    },
    get administrator() {
      return state.administrator;
    },
    get isSealed() {
      return state.isSealed;
    },
    ready: state.ready,
    async advanceTo(instantMs) {
      if (!virtual) throw new Error('the clock of this server cannot be moved');
      await state.app.loops.advanceTo(virtual, instantMs);
    },
    settle: () => state.app.loops.settle(),
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
