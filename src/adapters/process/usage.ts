/** What a process group uses of the machine, from /proc; undefined where there is none. */
import { readdir, readFile, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { Usage } from '../../ports/launcher.ts';

/** USER_HZ, which Linux fixes for programs on every architecture. */
const ticksPerSecond = 100;

export interface GroupSample {
  /** User and system time so far of the living members and the dead ones they waited for. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Answers usage since its last call (the first: since it was made). */
export function usageMeter(folder: string): (pid: number) => Promise<Usage | undefined> {
  let last = { pid: 0, cpuSeconds: 0, atMs: performance.now() };
  const sampleGroup = groupSampler();
  return async (pid) => {
    const sample = await sampleGroup(pid);
    if (!sample) return undefined;
    const atMs = performance.now();
    const before = last.pid === pid ? last.cpuSeconds : 0;
    const seconds = Math.max((atMs - last.atMs) / 1_000, 0.001);
    const cpuPercent = (Math.max(0, sample.cpuSeconds - before) / seconds) * 100;
    last = { pid, cpuSeconds: sample.cpuSeconds, atMs };
    const disk = await statfs(folder);
    return {
      cpuPercent,
      memoryPercent: (sample.residentBytes / totalmem()) * 100,
      diskPercent: (1 - disk.bavail / disk.blocks) * 100,
    };
  };
}

/** Ids are given again: after so many samples, what is known of them is forgotten. */
const samplesPerScan = 60;

/** Looks at every process once, and after that at the members of the group and at new ones. */
export function groupSampler(): (group: number) => Promise<GroupSample | undefined> {
  let others = new Set<string>();
  let known = 0;
  let left = 0;
  return async (group) => {
    if (group !== known || left === 0) others = new Set();
    left = group !== known || left === 0 ? samplesPerScan : left - 1;
    known = group;
    const pids = (await listed('/proc')).filter((name) => /^\d+$/.test(name));
    const living = new Set(pids);
    others = new Set([...others].filter((pid) => living.has(pid)));
    let found = false;
    let cpuSeconds = 0;
    let residentBytes = 0;
    for (const pid of pids.filter((one) => !others.has(one))) {
      const stat = await statOf(Number(pid));
      if (stat?.group !== group) {
        others.add(pid);
        continue;
      }
      found = true;
      cpuSeconds += stat.cpuSeconds;
      residentBytes += await residentBytesOf(pid);
    }
    return found ? { cpuSeconds, residentBytes } : undefined;
  };
}

export interface ProcessStat {
  readonly group: number;
  readonly cpuSeconds: number;
  /** Since boot; with the id it names a process once and for all. */
  readonly startTicks: number;
}

/** proc_pid_stat(5): the name in field 2 may contain anything, so fields are counted behind it. */
export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  const text = await readable(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const ticks = field(14) + field(15) + field(16) + field(17);
  return { group: field(5), cpuSeconds: ticks / ticksPerSecond, startTicks: field(22) };
}

async function residentBytesOf(pid: string): Promise<number> {
  const text = (await readable(`/proc/${pid}/status`)) ?? '';
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(text) ?? [];
  return Number(kibibytes) * 1_024;
}

/** A process may end at any time, and /proc may not exist: then there is nothing to read. */
function readable(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function listed(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}
