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

/** With its line feed. Only the sides that are given appear. */
export function captureLine(event: CaptureEvent, types: TextTypes): string {
  const { input, output, inferenceId, customAttributes } = event;
  const record = {
    captureData: {
      ...(input ? { endpointInput: sideOf(input, 'INPUT', types) } : {}),
      ...(output ? { endpointOutput: sideOf(output, 'OUTPUT', types) } : {}),
    },
    eventMetadata: {
      eventId: event.eventId,
      ...(inferenceId === undefined ? {} : { inferenceId }),
      ...(customAttributes === undefined ? {} : { customAttributes: [customAttributes] }),
      inferenceTime: new Date(event.inferenceTimeMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
      ...(event.shadow ? { invocationSource: 'ShadowExperiment' } : {}),
    },
    eventVersion: '0',
  };
  return `${JSON.stringify(record)}\n`;
}

function sideOf(side: CapturedSide, mode: 'INPUT' | 'OUTPUT', types: TextTypes) {
  const { body, contentType = null } = side;
  const head = { observedContentType: contentType, mode };
  // Said outright, so that nobody takes an empty body for what the model saw.
  if (!body) return { ...head, data: '', encoding: 'BASE64', omittedSizeBytes: side.sizeBytes };
  const wanted = encodingOf(side.contentType, types);
  // Bytes that are no UTF-8 would not survive as a JSON string, whatever their label says.
  const encoding = wanted !== 'BASE64' && isUtf8(body) ? wanted : 'BASE64';
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { ...head, data: bytes.toString(encoding === 'BASE64' ? 'base64' : 'utf8'), encoding };
}
