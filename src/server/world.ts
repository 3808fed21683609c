/** The adapters of one server, chosen by its configuration. The only file that opens them. */
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { x509Certificates } from '../adapters/certificates/x509.ts';
import { fileJournals } from '../adapters/files/journals.ts';
import { fileObjectStore } from '../adapters/files/object-store.ts';
import { folderTemporaryFiles } from '../adapters/files/temporary-files.ts';
import { undiciForwarder } from '../adapters/forwarder/forwarder.ts';
import { processFunctions } from '../adapters/functions/functions.ts';
import { fileProgramLogs } from '../adapters/logs/program-logs.ts';
import { memoryJournals } from '../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../adapters/memory/object-store.ts';
import { onnxImages } from '../adapters/onnx/image.ts';
import { argon2Passwords } from '../adapters/passwords/argon2.ts';
import { makePoster } from '../adapters/poster/poster.ts';
import { makeProcessLauncher } from '../adapters/process/launcher.ts';
import { qrCodes } from '../adapters/qr/png.ts';
import { makeRemoteLauncher } from '../adapters/remote/launcher.ts';
import { pinoLogger } from '../adapters/system/logger.ts';
import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { threadDigests } from '../adapters/threads/digests.ts';
import { threadOpeners } from '../adapters/threads/openers.ts';
import type { WebIdentitiesParts } from '../adapters/web-identities/web-identities.ts';
import { folderWorkspaces } from '../adapters/workspace/workspaces.ts';
import type { Keyring } from '../engines/envelope/keyring.ts';
import { storageForm } from '../engines/sealing/chunked.ts';
import { sealedJournals } from '../engines/sealing/sealed-journals.ts';
import { sealedObjects } from '../engines/sealing/sealed-objects.ts';
import type { SealedStore } from '../engines/sealing/sealed-store.ts';
import { makeSealer } from '../engines/sealing/sealer.ts';
import type { AddressPolicy } from '../kernel/addresses.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Certificates } from '../ports/certificates.ts';
import type { Digests } from '../ports/digests.ts';
import type { EventQueries } from '../ports/event-queries.ts';
import type { Forwarder } from '../ports/forwarder.ts';
import type { Functions } from '../ports/functions.ts';
import type { Journals } from '../ports/journals.ts';
import type { Launcher } from '../ports/launcher.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PasswordHasher } from '../ports/password-hasher.ts';
import type { Poster } from '../ports/poster.ts';
import type { ProgramLogs } from '../ports/program-logs.ts';
import type { QrCodes } from '../ports/qr-codes.ts';
import type { WebIdentities } from '../ports/web-identities.ts';
import type { Workspaces } from '../ports/workspace.ts';
import { type Config, processEnvironment } from './config.ts';
import { makeFolder } from './data-folder.ts';
import { firstOf } from './launchers.ts';
import { leaveWorkFolder, makeWorkFolder } from './work-folder.ts';

export interface World {
  readonly config: Config;
  /** What schedules, records and rows go by; virtual in the demo and in tests. */
  readonly clock: Clock;
  /** What clients sign by: always the machine's own. */
  readonly wallClock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly store: MetadataStore;
  readonly blobs: SealedStore;
  readonly journals: Journals;
  readonly digests: Digests;
  /** Of the audit trail alone: nothing else finds, or sweeps, what is in them. */
  readonly trail: { readonly blobs: SealedStore; readonly journals: Journals };
  readonly workspaces: Workspaces;
  readonly launcher: Launcher;
  readonly poster: Poster;
  readonly forwarder: Forwarder;
  readonly certificates: Certificates;
  readonly webIdentities: WebIdentities;
  readonly passwords: PasswordHasher;
  readonly qr: QrCodes;
  readonly functions: Functions;
  readonly eventQueries: EventQueries;
  /** What model servers and jobs print. */
  readonly programLogs: ProgramLogs;
  /** For jobs, programs and temporary files. */
  readonly workFolder: string;
  /** For files that need not outlive the process. */
  readonly temporaryFolder: string;
}

/** Everything that is kept is sealed under the ring. Throws when it does not open. */
export async function openWorld(config: Config, clock: Clock, keyring: Keyring): Promise<World> {
  await makeFolder(config.data);
  const log = pinoLogger({ level: config.logLevel });
  const made = await makeWorkFolder(config);
  if (!made.ok) throw new Error(made.reason);
  const workFolder = made.value;
  const sealer = makeSealer({ keyring, random: systemRandom, purpose: 'program logs' });
  const logs = await logFolder(config, workFolder);
  return {
    config,
    clock,
    wallClock: systemClock,
    random: systemRandom,
    log,
    ...(await storesOf(config, { keyring, workFolder, log })),
    digests: threadDigests(),
    workspaces: folderWorkspaces(join(workFolder, 'jobs')),
    launcher: launcherOf(config, workFolder),
    poster: makePoster({ allow: policyOf(config.webhookHosts) }),
    webIdentities: lateWebIdentities({
      clock: systemClock,
      allow: policyOf(config.issuerHosts),
    }),
    passwords: argon2Passwords(systemRandom),
    qr: qrCodes,
    functions: processFunctions({
      programs: config.functions,
      path: searchPath(),
      nowMs: systemClock.nowMs,
    }),
    eventQueries: lateEventQueries(),
    forwarder: undiciForwarder(),
    certificates: x509Certificates(),
    programLogs: fileProgramLogs({ folder: logs, clock: systemClock, sealer }),
    workFolder,
    temporaryFolder: join(workFolder, 'temporary'),
  };
}

const logFolder = (config: Config, workFolder: string) =>
  ownFolder(config.ephemeral ? workFolder : config.data, 'logs');

/** Whoever can put a link there would have the server write to a place of their choice. */
async function ownFolder(above: string, name: string): Promise<string> {
  const folder = join(above, name);
  await makeFolder(folder);
  if ((await lstat(folder)).isSymbolicLink()) throw new Error(`${folder} is a symbolic link`);
  return folder;
}

function searchPath(): string {
  return processEnvironment()['PATH'] ?? '/usr/bin:/bin';
}

/** Loaded when the first question comes: the database takes a good part of a start. */
function lateEventQueries(): EventQueries {
  return {
    async run(sql, events, options) {
      const { duckdbEventQueries } = await import('../adapters/duckdb/event-queries.ts');
      return duckdbEventQueries({ threads: 1, memoryLimit: '512MB' }).run(sql, events, options);
    },
  };
}

/** Loaded when the first token comes: few servers ever see one. */
function lateWebIdentities(parts: WebIdentitiesParts): WebIdentities {
  let made: Promise<WebIdentities> | undefined;
  const load = async () => {
    const adapter = await import('../adapters/web-identities/web-identities.ts');
    return adapter.makeWebIdentities(parts);
  };
  return {
    async verify(token, expected) {
      made ??= load();
      return (await made).verify(token, expected);
    },
  };
}

type Stores = Pick<World, 'store' | 'blobs' | 'journals' | 'trail'>;

/** What keeps bytes as they are. */
interface Kept {
  readonly blobs: ObjectStore;
  readonly journals: Journals;
}

interface Unsealed extends Kept {
  readonly store: MetadataStore;
  readonly trail: Kept;
}

interface StoreParts {
  readonly keyring: Keyring;
  readonly log: Logger;
  readonly workFolder: string;
}

async function storesOf(config: Config, { keyring, log, workFolder }: StoreParts): Promise<Stores> {
  const inner = config.ephemeral ? memoryStores() : await fileStores(config.data, keyring);
  const temporaryFiles = folderTemporaryFiles(join(workFolder, 'objects'));
  const parts = { keyring, random: systemRandom };
  const openers = threadOpeners(storageForm.chunkBytes);
  const sealed = ({ blobs, journals }: Kept, purpose: string) => ({
    blobs: sealedObjects(blobs, { ...parts, temporaryFiles, openers }),
    journals: sealedJournals(journals, makeSealer({ ...parts, purpose }), log),
  });
  const { store, trail, ...kept } = inner;
  return { store, ...sealed(kept, 'journals'), trail: sealed(trail, 'trail') };
}

function memoryStores(): Unsealed {
  return {
    store: memoryMetadataStore(),
    blobs: memoryObjectStore(),
    journals: memoryJournals(),
    trail: { blobs: memoryObjectStore(), journals: memoryJournals() },
  };
}

async function fileStores(data: string, keyring: Keyring): Promise<Unsealed> {
  // Ephemeral servers start sooner without the database's many modules.
  const { openMetadata, resealMetadata } = await import('./metadata.ts');
  await resealMetadata(data, keyring);
  return {
    store: await openMetadata(data, keyring),
    ...(await fileKept(data)),
    trail: await fileKept(await ownFolder(data, 'trail')),
  };
}

async function fileKept(folder: string): Promise<Kept> {
  await makeFolder(folder);
  return {
    blobs: await fileObjectStore(join(folder, 'objects')),
    journals: await fileJournals(join(folder, 'journals')),
  };
}

function launcherOf(config: Config, workFolder: string): Launcher {
  return firstOf([
    makeRemoteLauncher({ allow: policyOf(config.remoteHosts) }),
    makeProcessLauncher({
      images: { ...onnxImages(), ...config.images },
      workFolder: join(workFolder, 'programs'),
      path: searchPath(),
    }),
  ]);
}

function policyOf(hosts: readonly string[]): AddressPolicy {
  return hosts.includes('*') ? { allowPrivate: true } : { allowPrivate: true, hosts };
}

export async function closeWorld(world: World): Promise<void> {
  await world.forwarder.close();
  await world.programLogs.close();
  await world.trail.journals.close();
  await world.trail.blobs.close();
  await world.journals.close();
  await world.blobs.close();
  await world.store.close();
  if (world.config.ephemeral) await rm(world.workFolder, { recursive: true, force: true });
  else await leaveWorkFolder(world.workFolder);
}
