/** Which captured records share a journal: those of one target and one hour. */
import { hourMs } from '../../kernel/clock.ts';
import type { CaptureTarget } from './layout.ts';

interface Known {
  readonly hour: number;
  readonly name: string;
}

/** Names of the streams of records, by all that sets them apart. */
export class Streams {
  /** Targets are few objects, used again and again, and an hour is long. */
  readonly #known = new WeakMap<CaptureTarget, Known>();

  of(target: CaptureTarget, nowMs: number): string {
    const hour = Math.floor(nowMs / hourMs);
    const known = this.#known.get(target);
    if (known?.hour === hour) return known.name;
    const { destinationUri, endpointName, variantName, writer, keyId } = target;
    const right = [writer?.roleArn ?? '', keyId ?? ''];
    const name = [destinationUri, endpointName, variantName, ...right, hour].join('\n');
    this.#known.set(target, { hour, name });
    return name;
  }
}
