/** Analyses take what the machine has left: requests come first. */
import { constants, platform, setPriority } from 'node:os';

/** Of the calling thread. Where systems know priorities of processes alone, nothing changes. */
export function yieldToRequests(): void {
  if (platform() === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}
