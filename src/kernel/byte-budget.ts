/**
 * How many bytes all requests under way may hold in memory together. Each has a bound of its own;
 * this is for many that come at once. Small ones are always let in: they are bounded by the number
 * of connections, and must not be refused because others are large. Not a queue: who finds no room
 * is told so.
 */

/** What one request holds. */
export interface Hold {
  /** False, and nothing is added, when there is no room. */
  add(sizeBytes: number): boolean;
  /** May be called more than once. */
  release(): void;
}

export interface ByteBudget {
  readonly heldBytes: number;
  hold(): Hold;
}

/** A request that holds no more than this is not counted. */
export const smallBytes = 65_536;

export function byteBudget(limitBytes: number): ByteBudget {
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    hold() {
      let ownBytes = 0;
      let countedBytes = 0;
      return {
        add(sizeBytes) {
          const wholeBytes = ownBytes + sizeBytes;
          if (wholeBytes > smallBytes) {
            const moreBytes = wholeBytes - countedBytes;
            if (heldBytes + moreBytes > limitBytes) return false;
            heldBytes += moreBytes;
            countedBytes = wholeBytes;
          }
          ownBytes = wholeBytes;
          return true;
        },
        release() {
          heldBytes -= countedBytes;
          countedBytes = 0;
          ownBytes = 0;
        },
      };
    },
  };
}
