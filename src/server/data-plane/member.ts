/**
 * One process of the data plane, as the main process has it: made, told of every change, and ended.
 * A change counts as taken in when the process has said so; one that does not say so in time is
 * killed, and its connections with it, so that nothing goes on by what was before.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Instance, LiveEndpoint, RunningVariant } from '../../engines/hosting/fleet.ts';
import { secondMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { processEnvironment } from '../config.ts';
import { Channel, type Frame, type Handlers } from './channel.ts';
import type { Changed, Released, Setup, ToldVariant, ToMain, ToProcess } from './messages.ts';

/** For a change to be taken in: a turn of the process's event loop, on a machine that is busy. */
const patienceMs = 3 * secondMs;
const startPatienceMs = 60 * secondMs;
/** The process gives requests ten seconds. */
const stopPatienceMs = 15 * secondMs;
/** Who takes no connection for so long hangs. */
const hangMs = 20 * secondMs;

export interface MemberParts {
  /** The module to run. */
  readonly script: URL;
  readonly setup: Setup;
  readonly log: Logger;
  /** All but what the member answers itself. */
  readonly handlers: Omit<Handlers<ToMain>, 'released'>;
}

/** Without settings, among which may be secrets: a process is told its own. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const all = Object.entries(processEnvironment());
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('MODELKEEP_')));
}

/** A server that the process may be sending requests to: it counts as a request in flight. */
interface Hold {
  readonly instance: Instance;
  /** Of the last change in which the process was told of it. */
  version: number;
  url: string;
}

export class Member {
  readonly tag: string;
  /** Resolves when the process has ended and holds no server any more. */
  readonly ended: Promise<void>;
  /** As it told last, and those given since. */
  connections = 0;
  readonly #parts: MemberParts;
  readonly #child: ChildProcess;
  readonly #channel: Channel<ToProcess, ToMain>;
  readonly #holds = new Map<string, Hold>();
  /** What it was told before it served. */
  #early: Promise<void>[] = [];
  #version = 0;
  #state: 'starting' | 'ready' | 'stopping' | 'ended' = 'starting';

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.tag = parts.setup.tag;
    this.#child = fork(parts.script, [], {
      env: ownEnvironment(),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#channel = new Channel<ToProcess, ToMain>(
      {
        send: (frame, socket, done) => {
          // Node loses a socket that it has let go of when the process turns out to have ended.
          this.#child.send(frame, socket, { keepOpen: true }, done);
        },
      },
      { ...parts.handlers, released: (released) => this.#released(released) },
    );
    this.#child.on('message', (frame: unknown) => this.#channel.take(frame as Frame, undefined));
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#end();
        resolve();
      };
      this.#child.once('exit', end);
      this.#child.once('error', (cause) => {
        parts.log.error('a data-plane process cannot be run', cause);
        // Without an id it was never made, and does not exit.
        if (this.#child.pid === undefined) end();
      });
    });
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Resolves when it serves, or has ended. `fleet` is what there is at this moment. */
  async start(fleet: readonly LiveEndpoint[]): Promise<void> {
    const starting = this.#inTime(this.#channel.ask('start', this.#parts.setup), startPatienceMs);
    void this.route(fleet, []);
    await starting;
    while (this.#early.length > 0) await Promise.all(this.#early.splice(0));
    // In the same turn: what it is told from here on is waited for.
    if (this.#state === 'starting') this.#state = 'ready';
  }

  changed(changed: Changed): Promise<void> {
    return this.#tell(this.#channel.ask('changed', changed));
  }

  /** From when it resolves no request comes to what was there before. */
  route(routed: readonly LiveEndpoint[], withdrawn: readonly string[]): Promise<void> {
    this.#version += 1;
    const version = this.#version;
    const told = routed.map(({ variants, shadows, ...endpoint }) => ({
      ...endpoint,
      variants: variants.map((running) => this.#hold(running)),
      shadows: shadows.map((running) => this.#hold(running)),
    }));
    return this.#tell(this.#channel.ask('fleet', { version, routed: told, withdrawn }));
  }

  /** Tells of servers that were started again, at another address. */
  follow(): void {
    for (const [instanceId, hold] of this.#holds) {
      const url = hold.instance.server.invocationsUrl.href;
      if (url === hold.url) continue;
      hold.url = url;
      void this.#tell(this.#channel.ask('moved', { instanceId, url }));
    }
  }

  give(socket: Socket): void {
    this.connections += 1;
    const given = this.#channel.ask('connection', undefined, socket).catch(() => {});
    // Taken, it is the process's alone; otherwise its client has to learn that nobody answers.
    void this.#inTime(given, hangMs).then(() => socket.destroy());
  }

  /** Has it hand over what it captured before; resolves too when it ends instead. */
  async sealBefore(instantMs: number): Promise<void> {
    if (this.#state === 'starting') return;
    await this.#inTime(this.#channel.ask('sealBefore', instantMs), stopPatienceMs);
  }

  /** Lets it end its requests and tell the rest. */
  async stop(): Promise<void> {
    if (this.#state !== 'ended') this.#state = 'stopping';
    await this.#inTime(this.#channel.ask('stop', undefined), stopPatienceMs);
    if (this.#child.connected) this.#child.disconnect();
    await this.ended;
  }

  #hold({ variant, instance }: RunningVariant): ToldVariant {
    const url = instance.server.invocationsUrl.href;
    const held = this.#holds.get(instance.id);
    if (held) {
      held.version = this.#version;
      held.url = url;
    } else {
      instance.enter();
      this.#holds.set(instance.id, { instance, version: this.#version, url });
    }
    return { variant: { ...variant, environment: {} }, url };
  }

  #released({ instanceId, version }: Released): void {
    const hold = this.#holds.get(instanceId);
    // It was told of it again since.
    if (!hold || version < hold.version) return;
    this.#holds.delete(instanceId);
    hold.instance.leave();
  }

  /** A process that serves nobody yet keeps nobody waiting: it serves once it has taken it in. */
  async #tell(asking: Promise<void>): Promise<void> {
    if (this.#state !== 'starting') return this.#inTime(asking, patienceMs);
    this.#early.push(this.#inTime(asking, startPatienceMs));
  }

  /** Never rejects: what was not taken in has ended with the process. */
  async #inTime(asking: Promise<unknown>, mostMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${mostMs} ms`)), mostMs);
    });
    try {
      await Promise.race([asking, late]);
    } catch (cause) {
      const { connected, pid } = this.#child;
      if (connected) this.#parts.log.error('a data-plane process is killed', cause, { pid });
      this.#child.kill('SIGKILL');
      await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  #end(): void {
    this.#state = 'ended';
    this.#channel.close();
    for (const { instance } of this.#holds.values()) instance.leave();
    this.#holds.clear();
  }
}
