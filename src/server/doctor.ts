/** Examines the machine: what must be there, what is better there. Changes nothing that stays. */
import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { duckdbAnalytics } from '../adapters/duckdb/analytics.ts';
import { localScripts } from '../adapters/scripts/scripts.ts';
import { sqliteMetadataStore } from '../adapters/sqlite/metadata-store.ts';
import type { Runtime } from '../ports/scripts.ts';
import { type Config, processEnvironment } from './config.ts';
import { coreDumpLimit } from './core-dumps.ts';
import { listen } from './http.ts';
import { workPlaceOf } from './work-folder.ts';

export interface Finding {
  readonly grade: 'good' | 'limited' | 'bad';
  readonly subject: string;
  readonly detail: string;
}

const leastNode = [20, 19] as const;
const scarceDiskBytes = 1_000_000_000;

export async function examine(config: Config): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-doctor-'));
  try {
    return [
      node(),
      machine(),
      await dataFolder(config),
      await workFolder(config),
      await coreDumps(),
      await metadata(folder),
      await analytics(folder),
      await port(config),
      ...(await dataPlane(config)),
      await program('python3', 'model programs in Python cannot run here'),
      ...(await scripts(folder)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  const detail = `${process.versions.node} (${leastNode.join('.')} or newer is needed)`;
  return { grade: enough ? 'good' : 'bad', subject: 'node', detail };
}

function machine(): Finding {
  const gib = (totalmem() / 2 ** 30).toFixed(1);
  const detail = `${process.platform}-${process.arch}, ${availableParallelism()} cores, ${gib} GiB`;
  return { grade: 'good', subject: 'machine', detail };
}

async function dataFolder({ data }: Config): Promise<Finding> {
  const existing = await nearest(data);
  const subject = 'data folder';
  try {
    await access(existing, constants.W_OK);
  } catch {
    return { grade: 'bad', subject, detail: `${existing} cannot be written to` };
  }
  const { bavail, bsize } = await statfs(existing);
  const freeBytes = bavail * bsize;
  const detail = `${data}, ${(freeBytes / 2 ** 30).toFixed(1)} GiB free`;
  return { grade: freeBytes > scarceDiskBytes ? 'good' : 'limited', subject, detail };
}

/** Keys are in the memory of a server, and a core dump would write them down. */
async function coreDumps(): Promise<Finding> {
  const subject = 'core dumps';
  const limit = await coreDumpLimit();
  if (limit === '0') return { grade: 'good', subject, detail: 'none are written' };
  const detail = `may be written (limit ${limit ?? 'unknown'}): start the server after ulimit -c 0`;
  return { grade: 'limited', subject, detail };
}

/** On a disk, what jobs decrypt can be found by whoever takes the disk while they run. */
async function workFolder(config: Config): Promise<Finding> {
  const { path, inMemory } = await workPlaceOf(config);
  const detail = `${path}, ${inMemory ? 'in memory' : 'on disk: job files lie there in clear'}`;
  return { grade: inMemory ? 'good' : 'limited', subject: 'work folder', detail };
}

/** The folder, or the nearest one above it that is there. */
async function nearest(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : nearest(dirname(path));
}

async function metadata(folder: string): Promise<Finding> {
  return attempt('metadata', 'SQLite opens and writes', async () => {
    const store = await sqliteMetadataStore(join(folder, 'metadata.db'));
    await store.write((tx) => tx.put({ name: 'doctor' }, 'key', { value: 1 }));
    await store.close();
  });
}

async function analytics(folder: string): Promise<Finding> {
  return attempt('analytics', 'DuckDB loads', async () => {
    const options = { temporaryFolder: join(folder, 'spill'), threads: 1, memoryLimit: '256MB' };
    await duckdbAnalytics(options).close();
  });
}

async function port({ host, port: number }: Config): Promise<Finding> {
  const detail = `${host}:${number} is free`;
  const finding = await attempt('port', detail, async () => {
    const listening = await listen(() => [], { host, port: number });
    await listening.close();
  });
  return finding.grade === 'bad' ? { ...finding, grade: 'limited' } : finding;
}

/** A process that waits for a core makes nothing faster. */
async function dataPlane(config: Config): Promise<readonly Finding[]> {
  const { host, dataPlaneProcesses: count, dataPlanePort = 0 } = config;
  if (count === 0) return [];
  const { grade, detail } = await port({ ...config, port: dataPlanePort });
  const subject = 'data plane';
  if (grade !== 'good') return [{ grade, subject, detail }];
  const cores = availableParallelism();
  const about = `${count} beside the server on ${cores} cores, ${host}:${dataPlanePort} is free`;
  return [{ grade: count < cores ? 'good' : 'limited', subject, detail: about }];
}

async function attempt(
  subject: string,
  detail: string,
  work: () => Promise<void>,
): Promise<Finding> {
  try {
    await work();
    return { grade: 'good', subject, detail };
  } catch (cause) {
    return { grade: 'bad', subject, detail: (cause as Error).message };
  }
}

/** Pre- and post-processors run apart from the server, as far as the machine can confine them. */
async function scripts(folder: string): Promise<readonly Finding[]> {
  const { python, javascript, sandbox } = await localScripts({ workFolder: folder }).available();
  const runtime = (subject: string, { usable, detail }: Runtime): Finding => ({
    grade: usable ? 'good' : 'limited',
    subject,
    detail,
  });
  const grade = sandbox.kind === 'bubblewrap' ? 'good' : 'limited';
  return [
    runtime('scripts in Python', python),
    runtime('scripts in JavaScript', javascript),
    { grade, subject: 'sandbox of scripts', detail: `${sandbox.kind}: ${sandbox.detail}` },
  ];
}

async function program(name: string, without: string): Promise<Finding> {
  const folders = (processEnvironment()['PATH'] ?? '').split(delimiter);
  for (const folder of folders) {
    const path = join(folder, name);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return { grade: 'good', subject: name, detail: path };
  }
  return { grade: 'limited', subject: name, detail: `not found: ${without}` };
}
