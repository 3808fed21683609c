/**
 * Questions and answers between two processes, over the pipe that Node gives a forked one.
 * Questions arrive in the order they were asked, and handlers begin in that order. Not what is
 * asked: see `messages.ts`.
 */
import type { Socket } from 'node:net';
import { reasonOf } from '../../kernel/outcome.ts';

/** What may be asked: name to the question and its answer, both plain data. */
export type Questions = Readonly<Record<string, Question>>;
export interface Question<Asked = unknown, Answered = unknown> {
  readonly asked: Asked;
  readonly answered: Answered;
}

export type Handlers<Mine extends Questions> = {
  readonly [Name in keyof Mine]: (
    asked: Mine[Name]['asked'],
    socket: Socket | undefined,
  ) => Mine[Name]['answered'] | Promise<Mine[Name]['answered']>;
};

/** One end of the pipe: a child process, or the process itself. */
export interface Pipe {
  /** Calls back with what went wrong, if anything did. */
  send(frame: Frame, socket: Socket | undefined, done: (cause: Error | null) => void): void;
}

export type Frame =
  | { readonly ask: string; readonly id: number; readonly asked: unknown }
  | { readonly answer: number; readonly answered: unknown }
  | { readonly answer: number; readonly failure: string };

interface Waiting {
  readonly resolve: (answered: unknown) => void;
  readonly reject: (cause: Error) => void;
}

/** The other process has ended, or is ending. */
export class ChannelClosed extends Error {
  override readonly name = 'ChannelClosed';
  constructor() {
    super('the other process has ended');
  }
}

export class Channel<Theirs extends Questions, Mine extends Questions> {
  readonly #pipe: Pipe;
  readonly #handlers: Handlers<Mine>;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed = false;

  constructor(pipe: Pipe, handlers: Handlers<Mine>) {
    this.#pipe = pipe;
    this.#handlers = handlers;
  }

  /** Rejects with `ChannelClosed` when the other process ends, and when its handler threw. */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    asked: Theirs[Name]['asked'],
    socket?: Socket,
  ): Promise<Theirs[Name]['answered']> {
    if (this.#closed) return Promise.reject(new ChannelClosed());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#pipe.send({ ask: name, id, asked }, socket, (cause) => {
        if (cause && this.#waiting.delete(id)) reject(cause);
      });
    });
  }

  /** What came over the pipe. */
  take(frame: Frame, socket: Socket | undefined): void {
    if ('ask' in frame) return void this.#answer(frame, socket);
    const waiting = this.#waiting.get(frame.answer);
    this.#waiting.delete(frame.answer);
    if ('failure' in frame) waiting?.reject(new Error(frame.failure));
    else waiting?.resolve(frame.answered);
  }

  /** Nothing comes any more. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(new ChannelClosed());
    this.#waiting.clear();
  }

  async #answer({ ask, id, asked }: Extract<Frame, { ask: string }>, socket: Socket | undefined) {
    let frame: Frame;
    try {
      const handler = this.#handlers[ask];
      if (!handler) throw new Error(`nobody answers ${ask}`);
      frame = { answer: id, answered: await handler(asked, socket) };
    } catch (cause) {
      frame = { answer: id, failure: reasonOf(cause) };
    }
    // Whoever asked has ended when it cannot be sent.
    if (!this.#closed) this.#pipe.send(frame, undefined, () => {});
  }
}
