/**
 * One model-quality analysis: measures labelled predictions, suggests constraints, and, given a
 * baseline, judges. Plain data in and out; where files come from and go is the caller's business.
 */
import {
  type Constraints,
  judge,
  parseConstraints,
  suggestConstraints,
  type Violation,
} from '../../engines/performance/constraints.ts';
import {
  type Distribution,
  type Distributions,
  distanceOf,
  formatDistributions,
  parseDistributions,
  type Shares,
} from '../../engines/performance/distribution.ts';
import type { Performance } from '../../engines/performance/measures.ts';
import { sampleOf } from '../../engines/performance/sample.ts';
import { javaDouble } from '../../engines/quality/java-json.ts';
import type { ReportBody } from '../../engines/report/body.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { ScriptOptions, ScriptSource } from '../../ports/scripts.ts';
import type { Moved } from './advice.ts';
import { answersOf } from './answers.ts';
import { formatConstraints, formatStatistics, formatViolations } from './documents.ts';
import { type Drift, driftBetween, unknownDrift } from './drift.ts';
import { driftName, formatDrift } from './drift-document.ts';
import type { Judged } from './gathered.ts';
import { type NamedFile, type ReadParts, readAnswers } from './read.ts';
import { reportOf } from './report.ts';
import { settingsOf } from './settings.ts';

export interface ModelQualityParts extends ReadParts {
  readonly log: Logger;
}

export interface ModelQualityRequest {
  readonly files: readonly NamedFile[];
  /** The job's: `problem_type`, `dataset_format`, the attributes. */
  readonly environment: Readonly<Record<string, string>>;
  readonly evaluatedAtMs: number;
  /** Of a run of a schedule: records of other times are left out. */
  readonly window?: { readonly startMs: number; readonly endMs: number };
  /** Makes the rows of each record; the attributes then name what it returns. */
  readonly preprocessor?: ScriptSource;
  readonly baselineConstraintsText?: string;
  /** What the baseline's analysis left as `baseline_distributions.json`. */
  readonly baselineDistributionsText?: string;
  /** Of the merge before this analysis. */
  readonly joined?: { readonly captured: number; readonly matched: number };
  readonly options?: ModelQualityOptions;
}

export interface ModelQualityOptions {
  /** `r2` as the original computes it; the default. */
  readonly parity?: boolean;
  /** Of the random parts that deviations are measured over. */
  readonly seed?: number;
}

export const distributionsName = 'baseline_distributions.json';

export interface ModelQualityResult {
  /** Names to texts; violations only when there are some. */
  readonly files: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** By the measure's name; conventions are left out. */
  readonly metrics: readonly { readonly metric: string; readonly value: number }[];
  readonly report: ReportBody;
  readonly rows: number;
}

/** Refuses settings, baselines and rows that cannot be used, by name, and a window of no labels. */
export async function analyzeModelQuality(
  parts: ModelQualityParts,
  request: ModelQualityRequest,
  options: ScriptOptions = {},
): Promise<Outcome<ModelQualityResult>> {
  const settings = settingsOf(request.environment);
  if (!settings.ok) return settings;
  const baseline = baselineOf(request, settings.value.problem);
  if (!baseline.ok) return baseline;
  const answers = answersOf(settings.value);
  const { files, window, preprocessor } = request;
  const reading = {
    files,
    settings: settings.value,
    ...(window ? { between: window } : {}),
    ...(preprocessor ? { preprocessor } : {}),
    add: answers.add,
  };
  const read = await readAnswers(parts, reading, options);
  if (!read.ok) return read;
  const { parity = true, seed = 1 } = request.options ?? {};
  const judged = answers.judge({ parity, random: seededRandom(seed) });
  if (!judged.ok) return judged;
  const result = resultOf(judged.value, baseline.value, request);
  parts.log.info('model quality analyzed', {
    rows: result.rows,
    violations: result.violations.length,
  });
  return ok(result);
}

interface Baseline {
  readonly constraints: Constraints | undefined;
  readonly distributions: Distributions | undefined;
  readonly notes: readonly string[];
}

function baselineOf(
  { baselineConstraintsText, baselineDistributionsText }: ModelQualityRequest,
  problem: Performance['problem'],
): Outcome<Baseline> {
  const read =
    baselineConstraintsText === undefined ? undefined : parseConstraints(baselineConstraintsText);
  if (read && !read.ok) return refuse(`the baseline constraints: ${read.reason}`);
  if (read && read.value.problem !== problem) {
    return refuse(
      `the baseline constraints are of a ${read.value.problem} problem, not ${problem}`,
    );
  }
  const distributions =
    baselineDistributionsText === undefined
      ? undefined
      : parseDistributions(baselineDistributionsText);
  // Not a document of the original, and nothing is judged by it: broken, it is done without.
  const notes =
    distributions && !distributions.ok ? [`${distributionsName}: ${distributions.reason}.`] : [];
  return ok({
    constraints: read?.value,
    distributions: distributions?.ok ? distributions.value : undefined,
    notes,
  });
}

/** Rows of a window that are looked at for what changed; more would not tell more. */
const mostComparedRows = 50_000;

/** Of a window, or where a baseline says what to compare with. */
function driftOf(
  { distributions, answers }: Judged,
  baseline: Baseline,
  { baselineDistributionsText, window, options }: ModelQualityRequest,
): Drift | undefined {
  if (!window && baselineDistributionsText === undefined) return undefined;
  const { rows } = distributions;
  if (!baseline.distributions) {
    const reason =
      baselineDistributionsText === undefined
        ? `there is no ${distributionsName} beside the constraints of the baseline`
        : `${distributionsName} cannot be read`;
    return unknownDrift(rows, reason);
  }
  const sample = sampleOf(answers, seededRandom(options?.seed ?? 1), mostComparedRows);
  return driftBetween(
    { distributions: baseline.distributions, sample: baseline.distributions.sample },
    { distributions, sample },
  );
}

/** A document that later windows are compared with: labels and scores, and no features. */
function keptOf({ distributions, answers }: Judged, { options }: ModelQualityRequest): string {
  const sample = sampleOf(answers, seededRandom(options?.seed ?? 1));
  return formatDistributions({ ...distributions, sample });
}

function resultOf(
  judged: Judged,
  baseline: Baseline,
  request: ModelQualityRequest,
): ModelQualityResult {
  const { performance, distributions, notes } = judged;
  const { evaluatedAtMs, joined, window } = request;
  const { constraints } = baseline;
  const drift = driftOf(judged, baseline, request);
  const judgement = constraints
    ? judge(performance, constraints, javaDouble)
    : { violations: [], notes: [] };
  const { violations } = judgement;
  const measures = Object.entries(performance.measures);
  const observed = measures.filter(([, { caveat }]) => caveat === undefined);
  return {
    files: {
      'statistics.json': formatStatistics(performance, evaluatedAtMs),
      'constraints.json': formatConstraints(suggestConstraints(performance)),
      ...(violations.length > 0
        ? { 'constraint_violations.json': formatViolations(violations) }
        : {}),
      // A window is compared with a baseline, and is none itself.
      ...(window ? {} : { [distributionsName]: keptOf(judged, request) }),
      ...(drift ? { [driftName]: formatDrift(drift) } : {}),
    },
    violations,
    metrics: observed.map(([metric, { value }]) => ({ metric, value })),
    rows: performance.rows,
    report: reportOf({
      performance,
      constraints,
      violations,
      moved: movedFrom(baseline.distributions, distributions),
      drift,
      labelShares: [sharesIn(baseline.distributions?.label), sharesIn(distributions.label)],
      notes: [
        ...joinNotes(joined),
        ...notes,
        ...performance.notes,
        ...judgement.notes,
        ...baseline.notes,
      ],
    }),
  };
}

function joinNotes(joined: ModelQualityRequest['joined']): readonly string[] {
  if (!joined || joined.captured === 0) return [];
  const { captured, matched } = joined;
  const share = ((100 * matched) / captured).toFixed(1);
  return [`${matched} of ${captured} captured records (${share} %) have a label.`];
}

function movedFrom(before: Distributions | undefined, after: Distributions): readonly Moved[] {
  const pairs = [
    ['labels', before?.label, after.label],
    ['predictions', before?.prediction, after.prediction],
    ['scores', before?.score, after.score],
  ] as const;
  return pairs.flatMap(([what, a, b]) => {
    const distance = a && b && distanceOf(a, b);
    return distance === undefined ? [] : [{ what, distance }];
  });
}

function sharesIn(distribution: Distribution | undefined): Shares | undefined {
  return distribution && 'shares' in distribution ? distribution : undefined;
}
