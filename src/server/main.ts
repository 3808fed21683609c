/** Starts and stops a server: the world, the parts, the HTTP listener, and the loops. */

import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import { type KeyPair, sealKeyPair } from './administrator.ts';
import { type App, compose } from './compose.ts';
import type { Config } from './config.ts';
import { loadOrMakeKeyring, lockFolder, writeNote } from './data-folder.ts';
import { answerJson, fixedRoute, type Listening, listen, type Route } from './http.ts';
import { closeWorld, openWorld, type World } from './world.ts';

export interface RunningServer {
  readonly url: string;
  /** Undefined when all of the administrator's keys were deleted or made inactive. */
  readonly administrator: KeyPair | undefined;
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

interface Running {
  readonly world: World;
  readonly app: App;
}

/** Refused, with a reason for people, when the folder is taken, or the port, or keys do not fit. */
export async function startServer(
  config: Config,
  options: StartOptions = {},
): Promise<Outcome<RunningServer>> {
  // Nothing of an ephemeral server is in the folder but its note.
  if (config.ephemeral) return startUnlocked(config, options);
  const lock = await lockFolder(config);
  if (!lock.ok) return lock;
  const { release } = lock.value;
  let started: Outcome<RunningServer> | undefined;
  try {
    started = await startUnlocked(config, options);
  } finally {
    if (!started?.ok) await release();
  }
  if (!started.ok) return started;
  const server = started.value;
  return ok({ ...server, stop: () => server.stop().finally(release) });
}

async function startUnlocked(
  config: Config,
  { virtualStartMs }: StartOptions,
): Promise<Outcome<RunningServer>> {
  const virtual = virtualStartMs === undefined ? undefined : new VirtualClock(virtualStartMs);
  const loaded = await loadOrMakeKeyring(config, systemRandom);
  if (!loaded.ok) return loaded;
  const keyring = loaded.value;
  let listening: Listening | undefined;
  const publicUrl = () => listening?.url ?? '';
  let settings = config;
  const begin = async (): Promise<Outcome<Running>> => {
    const world = await openWorld(settings, virtual ?? systemClock);
    const app = await compose(world, { keyring, publicUrl });
    if (!app.ok) await closeWorld(world);
    return app.ok ? ok({ world, app: app.value }) : app;
  };
  const begun = await begin();
  if (!begun.ok) return begun;
  const state = new ServerState(begun.value, begin);
  try {
    listening = await listen(() => state.routes(config.ephemeral), config);
  } catch (cause) {
    await state.stop();
    return refuse(`cannot listen on ${config.host}:${config.port}: ${(cause as Error).message}`);
  }
  const { administrator } = begun.value.app;
  // After a reset clients go on with the keys they have.
  settings = { ...config, ...administrator };
  await writeNote(config, {
    url: listening.url,
    region: config.region,
    processId: process.pid,
    ...(administrator ? { administrator: sealKeyPair(keyring, administrator) } : {}),
  });
  await state.start({ timers: !virtual });
  const { url, close } = listening;
  return ok({
    url,
    administrator,
    async advanceTo(instantMs) {
      if (!virtual) throw new Error('the clock of this server cannot be moved');
      await state.app.loops.advanceTo(virtual, instantMs);
    },
    settle: () => state.app.loops.settle(),
    async stop() {
      await close();
      await state.stop();
    },
  });
}

/** The parts that run now; an ephemeral server is emptied by putting new ones in their place. */
class ServerState {
  #running: Running;
  #resetting: Promise<void> | undefined;
  #timers = false;
  readonly #begin: () => Promise<Outcome<Running>>;

  constructor(running: Running, begin: () => Promise<Outcome<Running>>) {
    this.#running = running;
    this.#begin = begin;
  }

  get app(): App {
    return this.#running.app;
  }

  async start(options: { readonly timers: boolean }): Promise<void> {
    this.#timers = options.timers;
    await this.app.loops.start(options);
  }

  async stop(): Promise<void> {
    await this.#running.app.stop();
    await closeWorld(this.#running.world);
  }

  reset(): Promise<void> {
    this.#resetting ??= this.#replace().finally(() => {
      this.#resetting = undefined;
    });
    return this.#resetting;
  }

  async #replace(): Promise<void> {
    const begun = await this.#begin();
    if (!begun.ok) throw new Error(begun.reason);
    const old = this.#running;
    this.#running = begun.value;
    await this.start({ timers: this.#timers });
    await old.app.stop();
    await closeWorld(old.world);
  }

  routes(ephemeral: boolean): readonly Route[] {
    const { app } = this;
    return [
      app.gateway,
      fixedRoute('GET', '/_modelkeep/health', (response) =>
        answerJson(response, 200, { status: 'ready' }),
      ),
      ...(ephemeral ? [this.#resetRoute()] : []),
      certificateRoute(app),
      ...app.routes,
      { matches: () => true, handle: app.listener },
    ];
  }

  #resetRoute(): Route {
    return fixedRoute('POST', '/_modelkeep/reset', async (response) => {
      await this.reset();
      answerJson(response, 200, { status: 'empty' });
    });
  }
}

const certificatePath = /^\/_modelkeep\/sns\/([A-Za-z0-9-]{1,64})\.pem$/;

function certificateRoute(app: App): Route {
  return {
    matches: ({ method, url }) => method === 'GET' && certificatePath.test(url ?? ''),
    async handle(request, response) {
      request.resume();
      const [, name = ''] = certificatePath.exec(request.url ?? '') ?? [];
      const pem = await app.certificatePem(name);
      if (pem === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(pem);
    },
  };
}
