/** Unseals a running server: asks whoever sits there for what it wants, until it is open. */
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';
import { readNote } from './data-folder.ts';
import { passphraseGiven } from './seal-keys.ts';
import type { Ask } from './seal-prompt.ts';
import { healthPath, unsealPath } from './unseal-route.ts';

/** A passphrase takes a second, and so does opening what was sealed. */
const timeoutMs = 60_000;
const mostAsked = 300;

/** The URL of the server that is open now; refused when it stays sealed. */
export async function unsealServer(config: Config, ask: Ask): Promise<Outcome<string>> {
  const note = await readNote(config);
  if (!note.ok) return note;
  const { url } = note.value;
  const health = await call(`${url}${healthPath}`);
  if (!health.ok) return health;
  if (health.value.status === 200) return ok(url);
  const state = await call(`${url}${unsealPath}`);
  if (!state.ok) return state;
  const opensWith = state.value.body['opensWith'];
  const kinds: readonly unknown[] = Array.isArray(opensWith) ? opensWith : [];
  const opened = kinds.includes('passphrase')
    ? await sendPassphrase(config, url, ask)
    : ok<boolean>(false);
  if (!opened.ok) return opened;
  if (opened.value) return ok(url);
  if (kinds.includes('shares')) return sendShares(url, ask);
  return refuse('no passphrase was given');
}

/** False when none was given, which leaves the shares. */
async function sendPassphrase(config: Config, url: string, ask: Ask): Promise<Outcome<boolean>> {
  const given = await passphraseGiven(config);
  if (!given.ok) return given;
  const asked = given.value ? ok(given.value) : await ask.secret('Passphrase: ');
  if (!asked.ok) return asked;
  if (asked.value.length === 0) return ok(false);
  const answer = await send(url, { passphrase: asked.value.toString('utf8') });
  asked.value.fill(0);
  if (!answer.ok) return answer;
  return answer.value.status === 200 ? ok(true) : refuse(said(answer.value));
}

async function sendShares(url: string, ask: Ask): Promise<Outcome<string>> {
  let question = 'Share: ';
  for (let tries = 0; tries < mostAsked; tries += 1) {
    const asked = await ask.secret(question);
    if (!asked.ok) return asked;
    if (asked.value.length === 0) return refuse('not enough shares were given');
    const answer = await send(url, { share: asked.value.toString('utf8') });
    asked.value.fill(0);
    if (!answer.ok) return answer;
    const { status, body } = answer.value;
    if (status === 200 && body['status'] === 'ready') return ok(url);
    if (status >= 500) return refuse(said(answer.value));
    if (status !== 200) ask.say(said(answer.value));
    else question = `Share (${String(body['given'])} of ${String(body['needed'])} given): `;
  }
  return refuse('not unsealed');
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

function said({ status, body }: Answer): string {
  const { message } = (body['error'] ?? {}) as { message?: string };
  return message ?? `the server answered ${status}`;
}

const send = (url: string, body: object) =>
  call(`${url}${unsealPath}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function call(url: string, init: RequestInit = {}): Promise<Outcome<Answer>> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...init, redirect: 'error', signal });
    return ok({ status: response.status, body: (await response.json()) as Answer['body'] });
  } catch (cause) {
    const why = cause instanceof Error && cause.cause ? reasonOf(cause.cause) : reasonOf(cause);
    return refuse(`the server does not answer at ${url}: ${why}`);
  }
}
