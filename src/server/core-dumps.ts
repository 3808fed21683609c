/**
 * A core dump would write the keys in memory to a disk. Node cannot forbid it for itself; the
 * program `prlimit` can, where it is there.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Asks once and waits for nothing: where it cannot be done, `modelkeep doctor` says so. */
export function forbidCoreDumps(): void {
  if (process.platform !== 'linux') return;
  const args = ['--pid', String(process.pid), '--core=0:0'];
  const child = spawn('/usr/bin/prlimit', args, { stdio: 'ignore' });
  // Not installed: what it would have done is told by the doctor.
  child.once('error', () => undefined);
  child.unref();
}

/** The size that a core dump of this process may have; undefined where the system does not say. */
export async function coreDumpLimit(): Promise<string | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  return /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
}
