/**
 * Records to a running script and rows back, in order. Requests are written without waiting for
 * replies, so that the script always has work; the record at which a script hangs is the one that
 * is refused for it.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { RecordScript, ScriptLimits, ScriptRow } from '../../ports/scripts.ts';
import type { ScriptChild } from './child.ts';

type Handled = Outcome<readonly ScriptRow[]>;

interface Call {
  readonly count: number;
  readonly outcomes: Handled[];
  resolve(outcomes: readonly Handled[]): void;
}

/** As the drivers have it. */
const mostNameLists = 1_000;
const foreign = 'wrote what is no reply into the channel to the server';

export class Session implements RecordScript {
  readonly #limits: ScriptLimits;
  readonly #calls: Call[] = [];
  readonly #names: (readonly string[])[] = [];
  readonly #whenReady: (outcome: Outcome<void>) => void;
  readonly #cleanUp: () => Promise<void>;
  /** Settled when the script is loaded, or cannot be. */
  readonly ready: Promise<Outcome<void>>;
  #child: ScriptChild | undefined;
  #isReady = false;
  #ended: string | undefined;

  constructor(limits: ScriptLimits, cleanUp: () => Promise<void>) {
    this.#limits = limits;
    this.#cleanUp = cleanUp;
    let settle: (outcome: Outcome<void>) => void = () => {};
    this.ready = new Promise((resolve) => {
      settle = resolve;
    });
    this.#whenReady = settle;
  }

  /** Sends the header; what it does is told by `ready`. */
  begin(child: ScriptChild, header: object): void {
    this.#child = child;
    if (this.#ended !== undefined) return;
    child.expect(this.#limits.startTimeoutMs);
    child.send(`${JSON.stringify(header)}\n`);
  }

  handle(records: readonly string[]): Promise<readonly Handled[]> {
    const { length: count } = records;
    const ended = this.#ended;
    if (ended !== undefined) return Promise.resolve(records.map(() => refuse(ended)));
    if (count === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.#calls.push({ count, outcomes: [], resolve });
      if (this.#calls.length === 1) this.#child?.expect(this.#limits.recordTimeoutMs);
      this.#child?.send(`${records.join('\n')}\n`);
    });
  }

  /** Nothing of it runs any more; its folder is still there. */
  async stop(): Promise<void> {
    this.onEnd('was closed');
    await this.#child?.close();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#cleanUp();
  }

  onLine(line: string): void {
    let reply: unknown;
    try {
      reply = JSON.parse(line);
    } catch {
      return this.#child?.kill(foreign);
    }
    if (!this.#isReady) return this.#load(reply);
    const outcome = this.#outcomeOf(reply);
    const [call] = this.#calls;
    if (!outcome || !call) return this.#child?.kill(foreign);
    this.#child?.progressed();
    call.outcomes.push(outcome);
    if (call.outcomes.length < call.count) return;
    this.#calls.shift();
    if (this.#calls.length === 0) this.#child?.expect(undefined);
    call.resolve(call.outcomes);
  }

  onEnd(reason: string): void {
    if (this.#ended !== undefined) return;
    const ended = `the script ${reason}`;
    this.#ended = ended;
    this.#whenReady(refuse(ended));
    for (const { count, outcomes, resolve } of this.#calls.splice(0)) {
      while (outcomes.length < count) outcomes.push(refuse(ended));
      resolve(outcomes);
    }
  }

  #load(reply: unknown): void {
    this.#isReady = true;
    this.#child?.expect(undefined);
    const error = errorOf(reply);
    this.#whenReady(error === undefined ? ok(undefined) : refuse(error));
  }

  /** Undefined for what no driver says: a script may find the channel and write into it. */
  #outcomeOf(reply: unknown): Handled | undefined {
    const error = errorOf(reply);
    if (error !== undefined) return refuse(error);
    if (!Array.isArray(reply) || reply.length > this.#limits.rowsPerRecord) return undefined;
    const rows: ScriptRow[] = [];
    for (const one of reply) {
      const row = this.#rowOf(one);
      if (!row) return undefined;
      rows.push(row);
    }
    return ok(rows);
  }

  #rowOf(reply: unknown): ScriptRow | undefined {
    if (!Array.isArray(reply)) return undefined;
    const [head, ...cells] = reply as readonly unknown[];
    const isNew = Array.isArray(head) && head.every((name) => typeof name === 'string');
    const names = isNew ? (head as string[]) : this.#names[Number(head)];
    if (names?.length !== cells.length) return undefined;
    for (let i = 0; i < cells.length; i += 1) {
      if (cells[i] === null) cells[i] = undefined;
      else if (typeof cells[i] !== 'string') return undefined;
    }
    if (isNew && this.#names.length < mostNameLists) this.#names.push(names);
    return { names, cells: cells as (string | undefined)[] };
  }
}

const errorLength = 8_192;

function errorOf(reply: unknown): string | undefined {
  const { error } = (reply ?? {}) as { readonly error?: unknown };
  return typeof error === 'string' ? error.slice(0, errorLength) : undefined;
}
