/** Analyses take what the machine has left: requests come first, and memory is theirs. */
import { constants, platform, setPriority } from 'node:os';

/** Of the calling thread. Where systems know priorities of processes alone, nothing changes. */
export function yieldToRequests(): void {
  if (platform() === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}

/**
 * Of the threads' memory for new objects, of which they would take three times as much and leave it
 * filled with what nobody uses. Helpers make few objects: they read bytes.
 */
export const workerLimits = { maxYoungGenerationSizeMb: 16 };
export const helperLimits = { maxYoungGenerationSizeMb: 4 };
