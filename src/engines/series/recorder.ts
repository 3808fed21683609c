/**
 * What everything that measures hands to the series engine. The engine in this folder provides it.
 */
import type { Scope } from '../../kernel/arn.ts';

export interface Dimension {
  readonly name: string;
  readonly value: string;
}

export interface Datum {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: readonly Dimension[];
  readonly timestampMs: number;
  readonly sample: Sample;
  /** One of CloudWatch's 27 units. */
  readonly unit: string;
  /** 60 unless high resolution was asked for. */
  readonly resolutionSeconds?: 1 | 60;
}

export type Sample =
  | {
      readonly kind: 'values';
      readonly values: readonly number[];
      readonly counts: readonly number[];
    }
  | {
      readonly kind: 'statistics';
      readonly sampleCount: number;
      readonly sum: number;
      readonly minimum: number;
      readonly maximum: number;
    };

export interface MetricRecorder {
  /** Durable when it resolves. Data must already be valid; the façade checks what clients send. */
  record(scope: Scope, data: readonly Datum[]): Promise<void>;
}

export function single(value: number): Sample {
  return { kind: 'values', values: [value], counts: [1] };
}
