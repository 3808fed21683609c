/**
 * What a server has open at a time: nothing while it is sealed, then its world and parts. An
 * ephemeral server is emptied by putting new ones in their place. Not the listener.
 */
import { type Trust, wipe } from '../engines/unsealing/trust.ts';
import type { Unsealer } from '../engines/unsealing/unsealer.ts';
import { defined } from '../kernel/assert.ts';
import { type Clock, hourMs } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import { type KeyPair, sealKeyPair, sealUnderKeyFile } from './administrator.ts';
import { type App, compose } from './compose.ts';
import type { Config } from './config.ts';
import { writeNote } from './data-folder.ts';
import { watchedStore } from './data-plane/watched-store.ts';
import { answerJson, fixedRoute, type Route } from './http.ts';
import { checkGeneration, type Generations } from './rollback.ts';
import { type Unsealed, unsealedBy } from './unseal.ts';
import { healthPath, sealedRoutes, type UnsealRouteParts, unsealRoute } from './unseal-route.ts';
import { closeWorld, openWorld, type World } from './world.ts';

export interface StateParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where clients reach the server; known once it listens. */
  readonly publicUrl: () => string;
}

interface Running {
  readonly world: World;
  readonly app: App;
  /** Undefined of a server that keeps nothing. */
  readonly generations: Generations | undefined;
}

/** What was open when the routes were made. */
interface Routed {
  readonly running: Running | undefined;
  readonly unsealer: Unsealer | undefined;
  readonly routes: readonly Route[];
}

export class ServerState {
  readonly ready: Promise<Outcome<void>>;
  readonly #parts: StateParts;
  /** The configuration, and after the first start the keys that clients have. */
  #settings: Config;
  #unsealed: Unsealed | undefined;
  #unsealer: Unsealer | undefined;
  #running: Running | undefined;
  #opening: Promise<Outcome<void>> | undefined;
  #resetting: Promise<void> | undefined;
  #routed: Routed;
  #timers = false;
  #counting: NodeJS.Timeout | undefined;
  #settleReady: (outcome: Outcome<void>) => void = () => {};

  constructor(parts: StateParts) {
    this.#parts = parts;
    this.#settings = parts.config;
    this.#routed = { running: undefined, unsealer: undefined, routes: this.#makeRoutes() };
    this.ready = new Promise((resolve) => {
      this.#settleReady = resolve;
    });
  }

  get isSealed(): boolean {
    return this.#running === undefined;
  }

  get administrator(): KeyPair | undefined {
    return this.#running?.app.administrator;
  }

  /** Undefined where there is none beside the server. */
  get dataPlaneUrl(): string | undefined {
    const port = this.#running?.app.dataPlane?.port;
    if (port === undefined) return undefined;
    const url = new URL(this.#parts.publicUrl());
    url.port = String(port);
    return url.origin;
  }

  /** Of an open server. */
  get app(): App {
    return defined(this.#running, 'what a sealed server would run').app;
  }

  awaitUnsealing(unsealer: Unsealer): void {
    this.#unsealer = unsealer;
  }

  /** Opens the world and joins the parts; refused when the folder is not what it was. */
  async open(unsealed: Unsealed): Promise<Outcome<void>> {
    this.#unsealed = unsealed;
    const begun = await this.#begin(unsealed);
    if (!begun.ok) return begun;
    this.#running = begun.value;
    // After a reset clients go on with the keys they have.
    this.#settings = { ...this.#settings, ...begun.value.app.administrator };
    return ok(undefined);
  }

  /** Once there is an address: says so in the note, and starts what recurs. */
  async listening({ timers }: { readonly timers: boolean }): Promise<Outcome<void>> {
    this.#timers = timers;
    return this.#running ? this.#serve() : this.#note({ isSealed: true });
  }

  async stop(): Promise<void> {
    await this.#opening;
    await this.#resetting;
    clearInterval(this.#counting);
    this.#unsealer?.forget();
    this.#settleReady(refuse('the server was stopped'));
    if (!this.#running) return;
    const { app, world, generations } = this.#running;
    await app.stop();
    try {
      await generations?.advance();
    } finally {
      await closeWorld(world);
    }
  }

  /** Asked for each request: made again only when what is open has changed. */
  routes(): readonly Route[] {
    const { running, unsealer } = this.#routed;
    if (running !== this.#running || unsealer !== this.#unsealer) {
      const routes = this.#makeRoutes();
      this.#routed = { running: this.#running, unsealer: this.#unsealer, routes };
    }
    return this.#routed.routes;
  }

  #makeRoutes(): readonly Route[] {
    const unsealing: UnsealRouteParts = {
      unsealer: () => this.#unsealer,
      open: (trust) => this.#openLate(trust),
      log: this.#parts.log,
    };
    if (!this.#running || this.#unsealer) return sealedRoutes(unsealing);
    const { app } = this.#running;
    return [
      app.gateway,
      fixedRoute('GET', healthPath, (response) => answerJson(response, 200, { status: 'ready' })),
      ...(this.#parts.config.ephemeral ? [this.#resetRoute()] : []),
      unsealRoute(unsealing),
      certificateRoute(app),
      ...app.routes,
      { matches: () => true, handle: app.listener },
    ];
  }

  /** What unsealing ends with. When it cannot start, the server has to be started again. */
  #openLate(trust: Trust): Promise<Outcome<void>> {
    if (this.#opening) wipe(trust);
    this.#opening ??= this.#openNow(trust);
    return this.#opening;
  }

  async #openNow(trust: Trust): Promise<Outcome<void>> {
    const { log } = this.#parts;
    const attempt = async () => {
      const opened = await this.open(unsealedBy(trust));
      return opened.ok ? this.#serve() : opened;
    };
    const done = await attempt().catch((cause: unknown) => {
      log.error('the unsealed server cannot start', cause);
      return refuse(`the server cannot start: ${reasonOf(cause)}`);
    });
    if (done.ok) this.#unsealer = undefined;
    this.#settleReady(done);
    return done;
  }

  async #serve(): Promise<Outcome<void>> {
    const apart = (await this.app.dataPlane?.start()) ?? ok(undefined);
    if (!apart.ok) return apart;
    const noted = await this.#note({});
    if (!noted.ok) return noted;
    await this.app.loops.start({ timers: this.#timers });
    const { generations } = defined(this.#running, 'what runs');
    if (this.#timers && generations) this.#countHourly(generations);
    this.#settleReady(ok(undefined));
    return ok(undefined);
  }

  #countHourly(generations: Generations): void {
    const count = () => {
      generations.advance().catch((cause: unknown) => {
        this.#parts.log.error('the state of the data folder was not counted', cause);
      });
    };
    this.#counting = setInterval(count, hourMs);
    this.#counting.unref();
  }

  async #begin({ keyring, folder, sealGeneration }: Unsealed): Promise<Outcome<Running>> {
    const { config, clock, publicUrl } = this.#parts;
    const opened = await openWorld(this.#settings, clock, keyring);
    const watched = config.dataPlaneProcesses > 0 ? watchedStore(opened.store) : undefined;
    const world = watched ? { ...opened, store: watched } : opened;
    const { store } = world;
    const counted = config.ephemeral
      ? ok(undefined)
      : await checkGeneration({ config, store, folder, sealGeneration });
    const app = counted.ok ? await compose(world, { keyring, publicUrl, watched }) : counted;
    if (!app.ok || !counted.ok) {
      await closeWorld(world);
      return app.ok ? refuse('not counted') : app;
    }
    return ok({ world, app: app.value, generations: counted.value });
  }

  async #note({ isSealed = false }: { readonly isSealed?: boolean }): Promise<Outcome<void>> {
    const { config, publicUrl } = this.#parts;
    const { dataPlaneProcesses: processes, region } = config;
    const { dataPlaneUrl } = this;
    const note = {
      ...{ url: publicUrl(), region, processId: process.pid },
      ...(dataPlaneUrl === undefined ? {} : { dataPlane: { url: dataPlaneUrl, processes } }),
    };
    const { administrator } = this;
    if (isSealed || !administrator) {
      await writeNote(config, isSealed ? { ...note, isSealed } : note);
      return ok(undefined);
    }
    const { keyring } = defined(this.#unsealed, 'the ring of an open server');
    const sealed = config.ephemeral
      ? await sealUnderKeyFile(config, administrator)
      : ok(sealKeyPair(keyring, administrator));
    if (!sealed.ok) return sealed;
    const how = config.ephemeral ? { underKeyFile: true } : {};
    await writeNote(config, { ...note, administrator: sealed.value, ...how });
    return ok(undefined);
  }

  #reset(): Promise<void> {
    this.#resetting ??= this.#replace().finally(() => {
      this.#resetting = undefined;
    });
    return this.#resetting;
  }

  async #replace(): Promise<void> {
    const begun = await this.#begin(defined(this.#unsealed, 'the ring of an open server'));
    if (!begun.ok) throw new Error(begun.reason);
    const old = defined(this.#running, 'what runs');
    this.#running = begun.value;
    await this.app.loops.start({ timers: this.#timers });
    await old.app.stop();
    await closeWorld(old.world);
  }

  #resetRoute(): Route {
    return fixedRoute('POST', '/_modelkeep/reset', async (response) => {
      await this.#reset();
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
