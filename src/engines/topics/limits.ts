/** Bounds of topics, subscriptions and messages. */

export const topicLimits = {
  /** Body and attributes together; a batch as a whole too. */
  messageBytes: 262_144,
  batchEntries: 10,
  subjectCharacters: 100,
  tags: 50,
  policiesPerTopic: 200,
  subscriptionsPerTopic: 12_500_000,
  pageEntries: 100,
  deduplicationMs: 300_000,
  tokenMs: 2 * 86_400_000,
  /** A subscription nobody confirmed is forgotten so long after its token expired. */
  pendingMs: 86_400_000,
  /** What could not be delivered to a web endpoint by then is given up. */
  deliveryMs: 86_400_000,
  /** How long a removed subscription can be restored by its token. */
  restorableMs: 3 * 86_400_000,
  /** A worker that died gives its lane back after this. */
  leaseMs: 120_000,
} as const;
