/**
 * Posts over HTTP(S) to places users chose. No redirect is followed, the answer's body is thrown
 * away within a bound, and every address is judged between resolving and connecting.
 */
import { lookup } from 'node:dns';
import { createRequire } from 'node:module';
import type { Agent } from 'undici';
import { type AddressPolicy, checkUrl, guardedLookup } from '../../kernel/addresses.ts';
import { ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Post, Poster } from '../../ports/poster.ts';

export interface PosterParts {
  readonly allow: AddressPolicy;
}

/** What is read of an answer before its connection is cut. */
const maxAnswerBytes = 65_536;

const load = createRequire(import.meta.url);
/** Takes longer to load than half of the server: a start does not wait for it. */
const undici = () => load('undici') as typeof import('undici');

export function makePoster({ allow }: PosterParts): Poster {
  let dispatcher: Agent | undefined;
  return {
    async post(message, options) {
      if (!URL.canParse(message.url)) return refuse('not a URL');
      const url = new URL(message.url);
      const judged = checkUrl(url, allow);
      if (!judged.ok) return judged;
      const timeout = AbortSignal.timeout(message.timeoutMs);
      const signal = options?.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
      const headers = headersOf(message, url);
      try {
        const { body } = message;
        const { Agent: Pools, request } = undici();
        // No keep-alive: every post resolves and judges the name again.
        const connect = { lookup: guardedLookup(allow, lookup) };
        dispatcher ??= new Pools({ pipelining: 0, connect });
        const answer = await request(url, { method: 'POST', headers, body, signal, dispatcher });
        await answer.body.dump({ limit: maxAnswerBytes, signal });
        return ok({ status: answer.statusCode });
      } catch (cause) {
        options?.signal?.throwIfAborted();
        if (timeout.aborted) return refuse(`no answer within ${message.timeoutMs} ms`);
        return refuse(reasonOf(cause));
      }
    },
  };
}

/** A name and password in the URL become basic authentication. */
function headersOf(message: Post, url: URL): Record<string, string> {
  const headers = { ...message.headers };
  if (url.username === '' && url.password === '') return headers;
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  url.username = '';
  url.password = '';
  return headers;
}
