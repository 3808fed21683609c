/** Data folders for tests of what opens them, and people who answer what they are asked. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, refuse } from '../kernel/outcome.ts';
import { type Config, readConfig } from './config.ts';
import { type RunningServer, startServer } from './main.ts';
import type { Ask } from './seal-prompt.ts';

export function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

export function reasonFor(outcome: Outcome<unknown>): string {
  if (outcome.ok) throw new Error('it was not refused');
  return outcome.reason;
}

/** Answers in turn, then has nothing more to say. */
export function answering(...answers: readonly string[]): Ask & { readonly asked: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  return {
    asked,
    async secret(question) {
      asked.push(question);
      const next = left.shift();
      return next === undefined ? refuse('nobody there') : { ok: true, value: Buffer.from(next) };
    },
    say: (text) => void asked.push(text),
  };
}

export class Place {
  readonly path: string;
  readonly #servers: RunningServer[] = [];

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'modelkeep-unseal-')));
  }

  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  config(flags: Readonly<Record<string, string>> = {}): Config {
    const all = { data: this.at('data'), port: '0', 'log-level': 'silent', ...flags };
    return value(readConfig({ flags: all, environment: {} }));
  }

  async secretFile(name: string, text: string, mode = 0o600): Promise<string> {
    await writeFile(this.at(name), text, { mode });
    return this.at(name);
  }

  async start(flags: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
    const server = value(await startServer(this.config(flags)));
    this.#servers.push(server);
    return server;
  }

  /** Why a server does not start. */
  async refusal(flags: Readonly<Record<string, string>> = {}): Promise<string> {
    return reasonFor(await startServer(this.config(flags)));
  }

  async remove(): Promise<void> {
    for (const server of this.#servers) await server.stop();
    await rm(this.path, { recursive: true, force: true });
  }
}
