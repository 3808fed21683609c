/**
 * One data-quality analysis: profile the inputs, suggest constraints, and, given a baseline, judge
 * them. Where inputs come from and where the documents go is the caller's business.
 */
import {
  mergeProfiles,
  type Profile,
  profileFromText,
  profileToText,
  renameColumns,
} from '../../engines/profile/profile.ts';
import {
  type Constraints,
  type Explanation,
  explainConstraints,
  formatConstraints,
  suggestConstraints,
} from '../../engines/quality/constraints.ts';
import {
  parseCategoricalMethod,
  parseConstraints,
  parseStatistics,
} from '../../engines/quality/documents.ts';
import {
  formatStatistics,
  type Statistics,
  statisticsOf,
} from '../../engines/quality/statistics.ts';
import {
  baselineNames,
  type CheckOptions,
  type Findings,
  findViolations,
  formatViolations,
  type Note,
  type Violation,
} from '../../engines/quality/violations.ts';
import type { ReportBody } from '../../engines/report/body.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Analytics } from '../../ports/analytics.ts';
import type { ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import { parseDatasetFormat } from './format.ts';
import { metricsOf, type QualityMetric } from './metrics.ts';
import type { Sharing } from './pieces.ts';
import { type InputFile, profileInputs } from './read.ts';
import { reportOf } from './report.ts';

export interface DataQualityParts {
  readonly analytics: Analytics;
  readonly log: Logger;
  /** For requests with a preprocessor. */
  readonly scripts?: Scripts;
  readonly sharing?: Sharing;
}

export interface DataQualityRequest {
  readonly inputs: readonly InputFile[];
  /** Profiles made before (`profileJson`, `profileCapture`), merged ahead of the inputs. */
  readonly profiles?: readonly string[];
  /** The JSON of `dataset_format`. */
  readonly datasetFormat: string;
  /** Makes the rows of each record of the inputs. */
  readonly preprocessor?: ScriptSource;
  readonly baselineConstraintsText?: string;
  readonly baselineStatisticsText?: string;
  /** What was asked for, for the message when there is nothing. */
  readonly window?: { readonly startMs: number; readonly endMs: number; readonly where?: string };
  readonly options?: DataQualityOptions;
}

export interface DataQualityOptions extends CheckOptions {
  /** LInfinity or ChiSquared, over what the constraints say. */
  readonly categoricalDriftMethod?: string;
}

export interface DataQualityResult {
  readonly statisticsText: string;
  /** Suggested anew from this window. */
  readonly constraintsText: string;
  /** Only when there are violations. */
  readonly violationsText?: string;
  readonly violations: readonly Violation[];
  readonly notes: readonly Note[];
  readonly rows: number;
  readonly files: number;
  readonly metrics: readonly QualityMetric[];
  /** Why each constraint of `constraintsText` was suggested. */
  readonly explanations: readonly Explanation[];
  /** The window's profile, to merge into longer windows. */
  readonly profileJson: string;
  readonly report: ReportBody;
}

/** Refuses unreadable inputs, baselines and formats by name, and a window without a row. */
export async function analyzeDataQuality(
  parts: DataQualityParts,
  request: DataQualityRequest,
  options: ScriptOptions = {},
): Promise<Outcome<DataQualityResult>> {
  const baseline = readBaseline(request);
  if (!baseline.ok) return baseline;
  const read = await readProfile(parts, request, options);
  if (!read.ok) return read;
  if (read.value.rows === 0) return refuse(nothingFound(request));
  const { constraints, statistics } = baseline.value;
  const names = constraints && baselineNames(read.value.columns.keys(), constraints);
  const profile = names ? renameColumns(read.value, names) : read.value;
  const findings = judge(profile, { constraints, statistics, request });
  const { violations, notes, distances } = findings;
  const current = statisticsOf(profile);
  parts.log.info('data quality analyzed', { rows: profile.rows, violations: violations.length });
  return ok({
    statisticsText: formatStatistics(current),
    constraintsText: formatConstraints(suggestConstraints(profile)),
    ...(violations.length > 0 ? { violationsText: formatViolations(violations) } : {}),
    violations,
    notes,
    rows: profile.rows,
    files: request.inputs.length + (request.profiles?.length ?? 0),
    metrics: metricsOf(profile, distances, constraints),
    explanations: explainConstraints(profile),
    profileJson: profileToText(read.value),
    report: reportOf({ profile, judged: findings, statistics }),
  });
}

interface Baseline {
  readonly constraints: Constraints | undefined;
  readonly statistics: Statistics | undefined;
}

function readBaseline(request: DataQualityRequest): Outcome<Baseline> {
  const { baselineConstraintsText, baselineStatisticsText, options } = request;
  const method = options?.categoricalDriftMethod;
  const drift = method === undefined ? undefined : parseCategoricalMethod(method);
  if (drift && !drift.ok) return drift;
  const read =
    baselineConstraintsText === undefined ? undefined : parseConstraints(baselineConstraintsText);
  if (read && !read.ok) return refuse(`the baseline constraints: ${read.reason}`);
  const statistics =
    baselineStatisticsText === undefined ? undefined : parseStatistics(baselineStatisticsText);
  if (statistics && !statistics.ok) {
    return refuse(`the baseline statistics: ${statistics.reason}`);
  }
  const constraints = read && drift ? withMethod(read.value, drift.value) : read?.value;
  return ok({ constraints, statistics: statistics?.value });
}

function withMethod(
  constraints: Constraints,
  categoricalDriftMethod: Exclude<Constraints['config']['categoricalDriftMethod'], undefined>,
): Constraints {
  return { ...constraints, config: { ...constraints.config, categoricalDriftMethod } };
}

async function readProfile(
  parts: DataQualityParts,
  { inputs, profiles = [], datasetFormat, preprocessor }: DataQualityRequest,
  options: ScriptOptions,
): Promise<Outcome<Profile>> {
  const format = parseDatasetFormat(datasetFormat);
  if (!format.ok) return format;
  const asked = { files: inputs, format: format.value, ...(preprocessor ? { preprocessor } : {}) };
  const read = await profileInputs(parts, asked, options);
  if (!read.ok || profiles.length === 0) return read;
  let merged: Profile | undefined;
  for (const text of profiles) {
    const stored = profileFromText(text);
    if (!stored.ok) return stored;
    merged = merged ? mergeProfiles(merged, stored.value) : stored.value;
  }
  return ok(merged ? mergeProfiles(merged, read.value) : read.value);
}

function judge(
  profile: Profile,
  { constraints, statistics, request }: Baseline & { readonly request: DataQualityRequest },
): Findings {
  if (!constraints) return { violations: [], notes: [], distances: [] };
  const { categoricalDriftMethod: _, ...given } = request.options ?? {};
  const options = { integralIsFractional: profile.looseNumbers, ...given };
  return findViolations({ constraints, baselineStatistics: statistics, current: profile, options });
}

/** Begins as the original's reason does. */
function nothingFound({ inputs, profiles = [], window }: DataQualityRequest): string {
  const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
  const when = window ? ` from ${iso(window.startMs)} to ${iso(window.endMs)}` : '';
  const where = window?.where === undefined ? '' : ` in ${window.where}`;
  const files = inputs.length + profiles.length;
  const empty = files === 1 ? 'one file has no rows' : `${files} files have no rows`;
  const found = files === 0 ? 'there are no files' : empty;
  return `Job inputs had no data: ${found}${when}${where}`;
}
