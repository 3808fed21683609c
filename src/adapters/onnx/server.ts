/** The hosting contract over HTTP for one ONNX model: `GET /ping`, `POST /invocations`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gather, TooManyBytes } from '../../kernel/bytes.ts';
import { reasonOf } from '../../kernel/outcome.ts';
import { type BodyKind, parseBody } from './input.ts';
import type { OnnxModel } from './model.ts';
import { encode, predictionsOf, scoreLines } from './output.ts';

/** As large as the body of a real-time invocation can be. */
const maxBodyBytes = 25 * 2 ** 20;

const mediaTypes: Readonly<Record<string, BodyKind>> = {
  'text/csv': 'csv',
  'application/json': 'json',
  'application/jsonlines': 'jsonlines',
  'application/x-jsonlines': 'jsonlines',
};

export interface Invocation {
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** 400 says what is wrong with the request, 500 what the model said. */
export async function invoke(model: OnnxModel, request: Invocation): Promise<Answer> {
  const kind = kindOf(request.contentType ?? 'text/csv');
  if (!kind)
    return problem(415, `the content type ${request.contentType} is not one of ${names()}`);
  const wanted = accepted(request.accept, request.contentType ?? 'text/csv');
  const outputKind = wanted && kindOf(wanted);
  if (!outputKind)
    return problem(406, `the accepted type ${request.accept} is not one of ${names()}`);
  const feeds = parseBody(kind, request.body, model.inputs);
  if (!feeds.ok) return problem(400, feeds.reason);
  try {
    const outputs = await model.run(feeds.value);
    const lines = outputKind === 'csv' ? scoreLines(outputs) : undefined;
    if (lines !== undefined) return { status: 200, contentType: wanted, body: lines };
    const predictions = predictionsOf(outputs);
    if (!predictions.ok) return problem(500, predictions.reason);
    return { status: 200, contentType: wanted, body: encode(outputKind, predictions.value) };
  } catch (cause) {
    return problem(500, `the model failed: ${reasonOf(cause)}`);
  }
}

/** Ready when it listens; who closes it waits for the requests it has. */
export function onnxServer(model: OnnxModel): Server {
  return createServer((request, response) => {
    void answer(model, request)
      .catch((cause: unknown) => problem(500, reasonOf(cause)))
      .then((result) => send(response, result));
  });
}

async function answer(model: OnnxModel, request: IncomingMessage): Promise<Answer> {
  const route = `${request.method} ${request.url?.split('?')[0]}`;
  if (route === 'GET /ping') return { status: 200, contentType: 'text/plain', body: '' };
  if (route !== 'POST /invocations') return problem(404, `there is no ${route}`);
  try {
    const body = await gather(request, maxBodyBytes);
    const { 'content-type': contentType, accept } = request.headers;
    return await invoke(model, { contentType, accept, body: body.toString() });
  } catch (cause) {
    if (cause instanceof TooManyBytes) return problem(413, `the body has ${cause.message}`);
    throw cause;
  }
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(body);
}

function problem(status: number, error: string): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify({ error }) };
}

function kindOf(contentType: string): BodyKind | undefined {
  const media = mediaOf(contentType);
  return Object.hasOwn(mediaTypes, media) ? mediaTypes[media] : undefined;
}

/** The first type we know of those the client takes; what it sent, when it takes anything. */
function accepted(accept: string | undefined, contentType: string): string | undefined {
  const offered = (accept ?? '*/*').split(',').map(mediaOf);
  return offered
    .map((media) => (media === '*/*' || media === '' ? mediaOf(contentType) : media))
    .find((media) => kindOf(media) !== undefined);
}

function mediaOf(header: string): string {
  return (header.split(';')[0] ?? '').trim().toLowerCase();
}

function names(): string {
  return Object.keys(mediaTypes).join(', ');
}
