/**
 * The trail as the rest of the server sees it: calls are told to it, and what it keeps is read
 * back in stretches. The contract; `make-trail.ts` provides it. Where copies are delivered to is
 * the business of `jobs/trail-delivery`.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { TrailEvent } from './event.ts';
import type { WrittenLine } from './forms.ts';

export interface Trail {
  /**
   * Kept, so that it outlives the process, when it resolves; records that come together are
   * written together. Rejects when it cannot be kept: the call must then be refused.
   */
  record(event: TrailEvent): Promise<void>;
  /** The same for one that was written out already. */
  recordLine(line: TrailLine): Promise<void>;
  /**
   * Whether an event of the kind is kept at all: management events always, data events when a
   * trail chose them (see `chooseData`).
   */
  wants(kind: EventKind): boolean;
  /** Replaces what decides about data events: any of the selectors of all trails that log. */
  chooseData(choice: (kind: EventKind) => boolean): void;
  /** False after a record could not be kept, until one can: calls are refused before they run. */
  isWritable(): boolean | Promise<boolean>;
  /** Ends the stretch that is being written, so that it can be delivered. */
  seal(): Promise<void>;
  /** Sealed stretches in the order they were written, after the one named. */
  stretches(after: string | undefined, limit: number): Promise<readonly Stretch[]>;
  /**
   * JSON lines, one `TrailEvent` each. Throws, at their end at the latest, when they are not what
   * was recorded.
   */
  read(stretch: Stretch): ByteStream;
}

/** A record written out: the JSON of a `TrailEvent`, or its form and values. */
export interface TrailLine extends WrittenLine {
  readonly eventID: string;
  /** Of records that agree in it best the same object: it is looked at once. */
  readonly subject: TrailSubject;
}

/** What a record is looked up by, beside its id. */
export type TrailSubject = Pick<
  TrailEvent,
  'eventName' | 'eventSource' | 'readOnly' | 'userIdentity' | 'resources'
>;

export interface EventKind {
  readonly category: 'Management' | 'Data';
  readonly eventSource: string;
  readonly eventName: string;
  readonly readOnly: boolean;
  /** `AWS::S3::Object`, `AWS::SageMaker::Endpoint`, …; of data events. */
  readonly resourceType?: string;
  readonly resourceArn?: string;
  readonly userIdentityArn?: string;
}

/** Some minutes of the trail, as they were written. */
export interface Stretch {
  /** Sorts by the time it was begun. */
  readonly id: string;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  readonly count: number;
}
