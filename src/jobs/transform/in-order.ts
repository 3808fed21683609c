/** Works on several items at a time and gives the results in the order of the items. */

/** So many may be at work, or done and not yet taken, among all that share these. */
export class Permits {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  async take(): Promise<void> {
    if (this.tryTake()) return;
    await new Promise<void>((go) => this.#waiting.push(go));
  }

  give(): void {
    // A permit passes straight to the next in line, so nobody can slip in between.
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

/**
 * Holds one item beside those it has permits for. The first failure ends it, once what is under way
 * has ended too.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  permits: Permits,
): AsyncGenerator<Result> {
  const pending: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      while (!permits.tryTake()) {
        const head = pending[0];
        if (!head) {
          await permits.take();
          break;
        }
        const result = await head;
        void pending.shift();
        permits.give();
        yield result;
      }
      const started = work(item);
      // It is looked at later: until then a failure is nobody's surprise.
      started.catch(() => {});
      pending.push(started);
    }
    while (pending.length > 0) {
      const result = await pending[0];
      void pending.shift();
      permits.give();
      yield result as Result;
    }
  } finally {
    await Promise.allSettled(pending);
    for (const _ of pending) permits.give();
  }
}
