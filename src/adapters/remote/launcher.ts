/**
 * Model servers that exist already: the image is their URL. Nothing is started or stopped here.
 * `http://host:port` means `/invocations` and `/ping` there; a URL with a path of its own is where
 * invocations go, and `/ping` of its host is asked but need not exist.
 */
import { lookup } from 'node:dns';
import { createRequire } from 'node:module';
import type { Agent, Dispatcher } from 'undici';
import { type AddressPolicy, checkUrl, guardedLookup } from '../../kernel/addresses.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Launcher, ModelServer, ServeSpec } from '../../ports/launcher.ts';
import type { Abortable } from '../../ports/metadata-store.ts';

export interface RemoteLauncherParts {
  /** Where images may point; link-local addresses never. */
  readonly allow: AddressPolicy;
}

const pingTimeoutMs = 2_000;
const maxPingAnswerBytes = 65_536;

const load = createRequire(import.meta.url);
/** Takes longer to load than half of the server: a start does not wait for it. */
const undici = () => load('undici') as typeof import('undici');

export function makeRemoteLauncher({ allow }: RemoteLauncherParts): Launcher {
  let dispatcher: Agent | undefined;
  return {
    accepts: (image) => /^https?:\/\//i.test(image),
    serve(spec, options) {
      const { Agent: Pools } = undici();
      const connect = { lookup: guardedLookup(allow, lookup) };
      dispatcher ??= new Pools({ pipelining: 0, connect });
      return serve(spec, { allow, dispatcher }, options);
    },
    async run({ image }) {
      return refuse(`a job cannot run at the URL ${image}: give it an image this server can start`);
    },
  };
}

interface Reach {
  readonly allow: AddressPolicy;
  readonly dispatcher: Dispatcher;
}

interface Place {
  readonly invocationsUrl: URL;
  readonly pingUrl: URL;
  /** The user gave a path: the server follows a contract of its own. */
  readonly ownPath: boolean;
}

async function serve(
  spec: ServeSpec,
  { allow, dispatcher }: Reach,
  options?: Abortable,
): Promise<Outcome<ModelServer>> {
  const place = placeOf(spec.image, allow);
  if (!place.ok) return place;
  const ping = (timeoutMs: number, given?: Abortable) =>
    pingOnce(place.value, { timeoutMs, dispatcher, signal: given?.signal });
  const answered = await ping(spec.startTimeoutMs, options);
  if (!answered.ok) return answered;
  return ok({
    invocationsUrl: place.value.invocationsUrl,
    healthy: async (given) => (await ping(pingTimeoutMs, given)).ok,
    usage: async () => undefined,
    stop: async () => {},
  });
}

function placeOf(image: string, allow: AddressPolicy): Outcome<Place> {
  if (!URL.canParse(image)) return refuse(`the image ${image} is not a valid URL`);
  const invocationsUrl = new URL(image);
  if (invocationsUrl.username || invocationsUrl.password) {
    return refuse('the URL of a model server must not contain a name or password');
  }
  const judged = checkUrl(invocationsUrl, allow);
  if (!judged.ok) return judged;
  const ownPath = invocationsUrl.pathname !== '/';
  if (!ownPath) invocationsUrl.pathname = '/invocations';
  invocationsUrl.hash = '';
  return ok({ invocationsUrl, pingUrl: new URL('/ping', invocationsUrl), ownPath });
}

interface PingOptions {
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal | undefined;
}

async function pingOnce(
  { pingUrl, ownPath }: Place,
  { timeoutMs, dispatcher, signal: given }: PingOptions,
): Promise<Outcome<void>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = given ? AbortSignal.any([timeout, given]) : timeout;
  try {
    const { statusCode, body } = await undici().request(pingUrl, { signal, dispatcher });
    await body.dump({ limit: maxPingAnswerBytes, signal });
    if (statusCode === 200) return ok(undefined);
    // Servers with a path of their own (an OpenAI-like API, say) need not know /ping.
    if (ownPath && (statusCode === 404 || statusCode === 405)) return ok(undefined);
    return refuse(`${pingUrl.href} answered ${statusCode} instead of 200`);
  } catch (cause) {
    given?.throwIfAborted();
    if (timeout.aborted) return refuse(`${pingUrl.href} did not answer within ${timeoutMs} ms`);
    return refuse(`${pingUrl.href} cannot be reached: ${reasonOf(cause)}`);
  }
}
