/** Where captured records are put: one folder an hour, by the time of inference in UTC. */
import type { Scope } from '../../kernel/arn.ts';
import { hourFolder } from '../../kernel/hours.ts';

export interface CaptureTarget {
  /** `s3://bucket/prefix`, without a slash at the end. */
  readonly destinationUri: string;
  readonly endpointName: string;
  readonly variantName: string;
  /** The managed key of the object, as the client named it; absent: as the bucket has it. */
  readonly keyId?: string;
  /** By whose right the object is written; the server's own when left out. */
  readonly writer?: CaptureWriter;
}

/** An endpoint, and the execution role of the model that answered, if it has one. */
export interface CaptureWriter {
  readonly scope: Scope;
  readonly endpointArn: string;
  readonly roleArn?: string;
}

const digits = (n: number, width: number) => String(n).padStart(width, '0');

/** `{destination}/{endpoint}/{variant}/yyyy/mm/dd/hh/MM-SS-mmm-{id}.jsonl` */
export function captureUri(target: CaptureTarget, firstMs: number, id: string): string {
  const at = new Date(firstMs);
  const time = [
    digits(at.getUTCMinutes(), 2),
    digits(at.getUTCSeconds(), 2),
    digits(at.getUTCMilliseconds(), 3),
  ].join('-');
  const { destinationUri, endpointName, variantName } = target;
  const folder = `${destinationUri}/${endpointName}/${variantName}/${hourFolder(firstMs)}`;
  return `${folder}/${time}-${id}.jsonl`;
}
