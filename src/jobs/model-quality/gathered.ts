/** What the two ways of gathering predictions have in common. */
import type { Distributions } from '../../engines/performance/distribution.ts';
import type { Performance } from '../../engines/performance/measures.ts';
import type { AnswerTable } from '../../engines/performance/sample.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';

export interface Judged {
  readonly performance: Performance;
  readonly distributions: Distributions;
  /** All rows that were judged. */
  readonly answers: AnswerTable;
  /** About rows that were left out, and about what was taken for what. */
  readonly notes: readonly string[];
}

export interface JudgeOptions {
  readonly random: Random;
  readonly parity: boolean;
}

export interface Answer {
  /** Canonical. */
  readonly label: string;
  readonly inference: string | undefined;
  readonly probabilities: readonly string[] | undefined;
  where(): string;
}

export interface Gathered {
  add(answer: Answer): Outcome<void>;
  judge(options: JudgeOptions): Outcome<Judged>;
}
