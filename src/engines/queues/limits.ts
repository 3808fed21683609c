/** What a queue may hold and how long. Ranges of settings are checked by whoever takes them in. */

export const queueLimits = {
  delaySeconds: { least: 0, most: 900, usual: 0 },
  /** Body and attributes together. */
  messageBytes: { least: 1_024, most: 1_048_576, usual: 1_048_576 },
  retentionSeconds: { least: 60, most: 1_209_600, usual: 345_600 },
  waitSeconds: { least: 0, most: 20, usual: 0 },
  visibilitySeconds: { least: 0, most: 43_200, usual: 30 },
  receivesBeforeDeadLetter: { least: 1, most: 1_000 },
  batchEntries: 10,
  attributesPerMessage: 10,
  inFlightMessages: 120_000,
  tags: 50,
  deduplicationMs: 300_000,
} as const;

/** Work done on the side of a call: expired messages and old identifiers removed at a time. */
export const sweepLimit = 100;
/** A waiting receiver looks again at least this often, for messages other processes sent. */
export const pollMs = 1_000;
