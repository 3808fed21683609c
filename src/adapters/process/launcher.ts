/**
 * Model servers and jobs as child processes of this server, under the container contract as far as
 * it goes without a container: no isolation beyond a process group, an own folder and an own
 * environment. Images are entries of the operator's table, and `modelkeep/process`.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../kernel/assert.ts';
import { repositoryOf } from '../../kernel/image.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { JobEnd, JobSpec, Launcher, ModelServer, ServeSpec } from '../../ports/launcher.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { environmentOf, move, type ProcessImage, userCommand, userCommandImage } from './images.ts';
import { makeFolder, noteProgram, sweep } from './leftovers.ts';
import { endProgram, type Program, startProgram } from './program.ts';
import { defaultRestarts, type RestartPolicy, startServer } from './server.ts';
import { defaultUnpackLimits, type UnpackLimits, unpack } from './unpack.ts';

export interface ProcessLauncherParts {
  /** By repository name, without registry host, tag and digest. */
  readonly images: Readonly<Record<string, ProcessImage>>;
  /** Each program has a folder in it, `<name>`, while it runs. Used by one server at a time. */
  readonly workFolder: string;
  /** The PATH of the programs. */
  readonly path: string;
  /** Whether users may run commands of their own; yes unless given. */
  readonly userCommands?: boolean;
  readonly unpackLimits?: UnpackLimits;
  readonly restarts?: RestartPolicy;
  /** From SIGTERM to SIGKILL for jobs that are stopped or out of time; 30 s unless given. */
  readonly jobGraceMs?: number;
}

const defaultJobGraceMs = 30_000;
/** The longest a timer of Node can run, almost 25 days. */
const maxTimerMs = 2 ** 31 - 1;
const namePattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/;
/** What a container would see; programs here are shown the folder that stands for it. */
const containerRoot = '/opt/ml';

export function makeProcessLauncher(parts: ProcessLauncherParts): Launcher {
  return new ProcessLauncher(parts);
}

class ProcessLauncher implements Launcher {
  readonly #parts: ProcessLauncherParts;
  readonly #running = new Set<string>();
  #swept: Promise<void> | undefined;

  constructor(parts: ProcessLauncherParts) {
    this.#parts = parts;
  }

  accepts(image: string): boolean {
    const repository = repositoryOf(image);
    return repository === userCommandImage || Object.hasOwn(this.#parts.images, repository);
  }

  async serve(spec: ServeSpec, options?: Abortable): Promise<Outcome<ModelServer>> {
    const image = this.#imageOf(spec.image, spec.environment);
    if (!image.ok) return image;
    const folder = await this.#takeFolder(spec.name);
    let cleaned: Promise<void> | undefined;
    // Once: afterwards the name and the folder may be somebody else's.
    const cleanUp = () => {
      cleaned ??= this.#giveBack(spec.name, folder);
      return cleaned;
    };
    try {
      const outcome = await this.#serveIn(folder, image.value, { spec, cleanUp, options });
      if (!outcome.ok) await cleanUp();
      return outcome;
    } catch (cause) {
      await cleanUp();
      throw cause;
    }
  }

  async run(spec: JobSpec, options?: Abortable): Promise<Outcome<JobEnd>> {
    const moved = { from: containerRoot, to: spec.rootPath };
    const command = this.#jobCommand(spec);
    if (!command.ok) return command;
    const folder = await this.#takeFolder(spec.name);
    try {
      options?.signal?.throwIfAborted();
      const environment = environmentOf({
        path: this.#parts.path,
        home: folder,
        user: spec.environment,
        image: this.#parts.images[repositoryOf(spec.image)]?.environment ?? {},
        contract: { MODELKEEP_ML_ROOT: spec.rootPath },
        moved,
      });
      if (!environment.ok) return environment;
      const started = await startProgram({
        command: command.value.map((word) => move(word, moved)),
        cwd: spec.rootPath,
        environment: environment.value,
        onLog: spec.onLog,
      });
      if (!started.ok) return started;
      await noteProgram(folder, started.value.pid);
      const graceMs = this.#parts.jobGraceMs ?? defaultJobGraceMs;
      return ok(await jobEnd(started.value, { ...spec, graceMs, signal: options?.signal }));
    } finally {
      await this.#giveBack(spec.name, folder);
    }
  }

  async #serveIn(
    folder: string,
    image: ProcessImage,
    { spec, cleanUp, options }: Serving,
  ): Promise<Outcome<ModelServer>> {
    const model = join(folder, 'model');
    await mkdir(model);
    if (spec.modelArchivePath !== undefined) {
      const limits = this.#parts.unpackLimits ?? defaultUnpackLimits;
      const { signal } = options ?? {};
      const unpacked = await unpack({
        archivePath: spec.modelArchivePath,
        folder: model,
        limits,
        signal,
      });
      if (!unpacked.ok) return unpacked;
    }
    const environment = environmentOf({
      path: this.#parts.path,
      home: folder,
      user: spec.environment,
      image: image.environment ?? {},
      contract: { MODELKEEP_MODEL_DIR: model, SM_MODEL_DIR: model },
      moved: { from: `${containerRoot}/model`, to: model },
    });
    if (!environment.ok) return environment;
    const { startTimeoutMs, onLog } = spec;
    const program = (port: number) => ({
      command: image.command.map((word) =>
        word.replaceAll('{port}', String(port)).replaceAll('{model}', model),
      ),
      cwd: model,
      environment: { ...environment.value, SAGEMAKER_BIND_TO_PORT: String(port) },
      onLog,
    });
    const restarts = this.#parts.restarts ?? defaultRestarts;
    return startServer({ folder, startTimeoutMs, restarts, onLog, program, cleanUp }, options);
  }

  #imageOf(image: string, environment: ServeSpec['environment']): Outcome<ProcessImage> {
    const repository = repositoryOf(image);
    if (Object.hasOwn(this.#parts.images, repository)) {
      const entry = this.#parts.images[repository];
      if (entry) return ok(entry);
    }
    if (repository !== userCommandImage) {
      return refuse(`the image ${image} is unknown: add ${repository} to the images table`);
    }
    if (this.#parts.userCommands === false) {
      return refuse(`${userCommandImage} is switched off on this server`);
    }
    const command = userCommand(environment);
    return command.ok ? ok({ command: command.value }) : command;
  }

  /** As in a container, an entrypoint replaces the image's command, and arguments follow either. */
  #jobCommand(spec: JobSpec): Outcome<readonly string[]> {
    if (spec.entrypoint.length === 0) {
      const image = this.#imageOf(spec.image, spec.environment);
      return image.ok ? ok([...image.value.command, ...spec.arguments]) : image;
    }
    if (!this.accepts(spec.image)) return refuse(`the image ${spec.image} is unknown`);
    if (this.#parts.userCommands === false) {
      return refuse('entrypoints of users are switched off on this server');
    }
    return ok([...spec.entrypoint, ...spec.arguments]);
  }

  async #takeFolder(name: string): Promise<string> {
    assert(namePattern.test(name), `not a name for a program: ${name.slice(0, 250)}`);
    assert(!this.#running.has(name), `${name} is already running`);
    this.#running.add(name);
    this.#swept ??= sweep(this.#parts.workFolder);
    await this.#swept;
    const folder = join(this.#parts.workFolder, name);
    await makeFolder(folder);
    return folder;
  }

  async #giveBack(name: string, folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
    this.#running.delete(name);
  }
}

interface Serving {
  readonly spec: ServeSpec;
  readonly cleanUp: () => Promise<void>;
  readonly options: Abortable | undefined;
}

interface JobLimits {
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly signal: AbortSignal | undefined;
}

async function jobEnd(program: Program, limits: JobLimits): Promise<JobEnd> {
  const over = new AbortController();
  const { signal } = limits;
  const giveUp = signal ? AbortSignal.any([over.signal, signal]) : over.signal;
  const timeoutMs = Math.min(limits.timeoutMs, maxTimerMs);
  const timer = delay(timeoutMs, 'timedOut' as const, { signal: giveUp }).catch(
    () => 'stopped' as const,
  );
  const first = await Promise.race([program.ended, timer]);
  over.abort();
  const cut = typeof first === 'string';
  const { exitCode } = cut ? await endProgram(program, limits.graceMs) : first;
  return { exitCode, timedOut: first === 'timedOut', stopped: first === 'stopped' };
}
