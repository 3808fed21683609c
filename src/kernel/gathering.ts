/** Waiting for others to come along, as long as they come. */

/** Of the event loop, that the first waits for the last at most. */
const mostTurns = 8;

/**
 * Resolves in the next turn of the event loop, in which those that came in this one have been
 * counted; while each turn brings more the server is busy, and it waits for some. What is done for
 * all together, a commit or a write, costs as much as many of them. `count` is at least 1.
 */
export async function gathered(count: () => number, enough: number): Promise<void> {
  let before = 1;
  for (let turn = 0; turn < mostTurns && count() < enough; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = count();
    if (now === before) return;
    before = now;
  }
}
