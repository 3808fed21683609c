/** One captured request as a line of JSON, field by field as Amazon writes it. */
import { isUtf8 } from 'node:buffer';

/** One direction of a request as it was seen. */
export interface CapturedSide {
  readonly contentType: string | undefined;
  /** Undefined when the body was larger than what is kept; `sizeBytes` tells how large. */
  readonly body: Uint8Array | undefined;
  readonly sizeBytes: number;
}

export interface CaptureEvent {
  readonly eventId: string;
  readonly inferenceId?: string;
  readonly customAttributes?: string;
  readonly inferenceTimeMs: number;
  /** True for the copy that a shadow variant answered. */
  readonly shadow?: boolean;
  readonly input?: CapturedSide;
  readonly output?: CapturedSide;
}

export interface TextTypes {
  /** Lower-case media types. */
  readonly csvTypes: readonly string[];
  readonly jsonTypes: readonly string[];
}

type Encoding = 'CSV' | 'JSON' | 'BASE64';

/** By the media type without its parameters; what is in neither list is BASE64. */
export function encodingOf(contentType: string | undefined, types: TextTypes): Encoding {
  const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (types.csvTypes.includes(mediaType)) return 'CSV';
  if (types.jsonTypes.includes(mediaType)) return 'JSON';
  return 'BASE64';
}

/**
 * With its line feed. Only the sides that are given appear. Put together as text: this is written
 * for every request, and only what came from outside needs the care of a serializer.
 */
export function captureLine(event: CaptureEvent, types: TextTypes): string {
  const { input, output, inferenceId, customAttributes } = event;
  const sides: string[] = [];
  if (input) sides.push(`"endpointInput":${sideOf(input, 'INPUT', types)}`);
  if (output) sides.push(`"endpointOutput":${sideOf(output, 'OUTPUT', types)}`);
  let metadata = `"eventId":${JSON.stringify(event.eventId)},`;
  if (inferenceId !== undefined) metadata += `"inferenceId":${JSON.stringify(inferenceId)},`;
  if (customAttributes !== undefined) {
    metadata += `"customAttributes":[${JSON.stringify(customAttributes)}],`;
  }
  metadata += `"inferenceTime":"${secondOf(event.inferenceTimeMs)}"`;
  if (event.shadow) metadata += ',"invocationSource":"ShadowExperiment"';
  return (
    `{"captureData":{${sides.join(',')}},` + `"eventMetadata":{${metadata}},"eventVersion":"0"}\n`
  );
}

const secondMs = 1_000;
let lastSecond = { number: Number.NaN, text: '' };

/** `2026-01-05T10:59:30Z`. Requests of one second share it. */
function secondOf(instantMs: number): string {
  const number = Math.floor(instantMs / secondMs);
  if (number !== lastSecond.number) {
    const text = new Date(number * secondMs).toISOString().replace('.000Z', 'Z');
    lastSecond = { number, text };
  }
  return lastSecond.text;
}

function sideOf(side: CapturedSide, mode: 'INPUT' | 'OUTPUT', types: TextTypes): string {
  const { body, contentType = null } = side;
  const head = `{"observedContentType":${JSON.stringify(contentType)},"mode":"${mode}",`;
  // Said outright, so that nobody takes an empty body for what the model saw.
  if (!body) return `${head}"data":"","encoding":"BASE64","omittedSizeBytes":${side.sizeBytes}}`;
  const wanted = encodingOf(side.contentType, types);
  // Bytes that are no UTF-8 would not survive as a JSON string, whatever their label says.
  const encoding = wanted !== 'BASE64' && isUtf8(body) ? wanted : 'BASE64';
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const data =
    encoding === 'BASE64'
      ? `"${bytes.toString('base64')}"`
      : JSON.stringify(bytes.toString('utf8'));
  return `${head}"data":${data},"encoding":"${encoding}"}`;
}
