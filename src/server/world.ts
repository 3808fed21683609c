/** The adapters of one server, chosen by its configuration. The only file that opens them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { x509Certificates } from '../adapters/certificates/x509.ts';
import { fileJournals } from '../adapters/files/journals.ts';
import { fileObjectStore } from '../adapters/files/object-store.ts';
import { undiciForwarder } from '../adapters/forwarder/forwarder.ts';
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
import type { WebIdentitiesParts } from '../adapters/web-identities/web-identities.ts';
import { folderWorkspaces } from '../adapters/workspace/workspaces.ts';
import type { AddressPolicy } from '../kernel/addresses.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Certificates } from '../ports/certificates.ts';
import type { Forwarder } from '../ports/forwarder.ts';
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

export interface World {
  readonly config: Config;
  /** What schedules, records and rows go by; virtual in the demo and in tests. */
  readonly clock: Clock;
  /** What clients sign by: always the machine's own. */
  readonly wallClock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly store: MetadataStore;
  readonly blobs: ObjectStore;
  readonly journals: Journals;
  readonly workspaces: Workspaces;
  readonly launcher: Launcher;
  readonly poster: Poster;
  readonly forwarder: Forwarder;
  readonly certificates: Certificates;
  readonly webIdentities: WebIdentities;
  readonly passwords: PasswordHasher;
  readonly qr: QrCodes;
  /** What model servers and jobs print. */
  readonly programLogs: ProgramLogs;
  /** For jobs, programs and temporary files. */
  readonly workFolder: string;
  /** For files that need not outlive the process. */
  readonly temporaryFolder: string;
}

export async function openWorld(config: Config, clock: Clock): Promise<World> {
  await makeFolder(config.data);
  const log = pinoLogger({ level: config.logLevel });
  const workFolder = await workFolderOf(config);
  return {
    config,
    clock,
    wallClock: systemClock,
    random: systemRandom,
    log,
    ...(config.ephemeral ? memoryStores() : await fileStores(config.data)),
    workspaces: folderWorkspaces(join(workFolder, 'jobs')),
    launcher: launcherOf(config, workFolder),
    poster: makePoster({ allow: policyOf(config.webhookHosts) }),
    webIdentities: lateWebIdentities({
      clock: systemClock,
      allow: policyOf(config.issuerHosts),
    }),
    passwords: argon2Passwords(systemRandom),
    qr: qrCodes,
    forwarder: undiciForwarder(),
    certificates: x509Certificates(),
    programLogs: fileProgramLogs({ folder: logFolder(config, workFolder), clock: systemClock }),
    workFolder,
    temporaryFolder: join(workFolder, 'temporary'),
  };
}

/** Of an ephemeral server a new one, so that no other server takes its programs for leftovers. */
async function workFolderOf({ ephemeral, data }: Config): Promise<string> {
  if (ephemeral) return mkdtemp(join(tmpdir(), 'modelkeep-'));
  const folder = join(data, 'work');
  await makeFolder(folder);
  return folder;
}

function logFolder(config: Config, workFolder: string): string {
  return config.ephemeral ? join(workFolder, 'logs') : join(config.data, 'logs');
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

type Stores = Pick<World, 'store' | 'blobs' | 'journals'>;

function memoryStores(): Stores {
  return {
    store: memoryMetadataStore(),
    blobs: memoryObjectStore(),
    journals: memoryJournals(),
  };
}

async function fileStores(data: string): Promise<Stores> {
  // Ephemeral servers start sooner without the database's many modules.
  const { sqliteMetadataStore } = await import('../adapters/sqlite/metadata-store.ts');
  return {
    store: await sqliteMetadataStore(join(data, 'metadata.db')),
    blobs: await fileObjectStore(join(data, 'objects')),
    journals: await fileJournals(join(data, 'journals')),
  };
}

function launcherOf(config: Config, workFolder: string): Launcher {
  return firstOf([
    makeRemoteLauncher({ allow: policyOf(config.remoteHosts) }),
    makeProcessLauncher({
      images: { ...onnxImages(), ...config.images },
      workFolder: join(workFolder, 'programs'),
      path: processEnvironment()['PATH'] ?? '/usr/bin:/bin',
    }),
  ]);
}

function policyOf(hosts: readonly string[]): AddressPolicy {
  return hosts.includes('*') ? { allowPrivate: true } : { allowPrivate: true, hosts };
}

export async function closeWorld(world: World): Promise<void> {
  await world.forwarder.close();
  await world.programLogs.close();
  await world.journals.close();
  await world.blobs.close();
  await world.store.close();
  if (world.config.ephemeral) await rm(world.workFolder, { recursive: true, force: true });
}
