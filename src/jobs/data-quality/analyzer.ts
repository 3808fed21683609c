/**
 * The built-in data-quality analysis of a processing job: reads its environment under the container
 * contract, profiles hour by hour for a schedule's run, and names the documents of its output.
 * The profiling itself is done by `DataQualityTasks`, which may run elsewhere.
 */
import type { Window } from '../../engines/monitoring/window.ts';
import type { MonitoringOfJob, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { hourMs, secondMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import type {
  AnalysisInputs,
  AnalysisMetric,
  AnalysisResult,
  Analyze,
  InputFile,
} from '../processing/analysis.ts';
import { fingerprintOf, scriptsOfJob } from '../scripts/environment.ts';
import { postprocessed } from '../scripts/postprocess.ts';
import type { DataQualityRequest, DataQualityResult } from './analyze.ts';
import { captureFormatBetween } from './format.ts';
import { type Hour, hoursOfFiles, keepProfiles, knownProfiles } from './hours.ts';
import type { QualityMetric } from './metrics.ts';

/** The heavy work, in plain data, so that it can be sent to another thread. */
export interface DataQualityTasks {
  analyze(request: DataQualityRequest, options: ScriptOptions): Promise<Outcome<DataQualityResult>>;
  /** One profile per group of files, in the groups' order. */
  profile(
    groups: readonly (readonly InputFile[])[],
    options: ProfileOptions,
  ): Promise<Outcome<readonly string[]>>;
}

/** `say` is for what scripts print. */
export interface ProfileOptions extends ScriptOptions {
  readonly datasetFormat: string;
  readonly preprocessor?: ScriptSource;
}

export interface AnalyzerParts {
  readonly store: MetadataStore;
  readonly tasks: DataQualityTasks;
  /** Without it, jobs that name scripts are refused. */
  readonly scripts?: Scripts;
  /** Undefined takes the engine's default. */
  readonly minimumSampleSize?: number;
}

/** Keys of the contract that ask for what is not there: saying nothing would be a lie. */
const scriptKeys = {
  record_preprocessor_script: 'record preprocessor scripts are',
  post_analytics_processor_script: 'post-analytics scripts are',
};
const otherKeys = { analysis_type: 'an analysis_type other than data quality is' };

export function makeDataQualityAnalyzer(parts: AnalyzerParts): Analyze {
  const unbuilt = Object.entries({ ...(parts.scripts ? {} : scriptKeys), ...otherKeys });
  return async (job, inputs, options) => {
    const { environment } = job.plan;
    const asked = unbuilt.find(([key]) => environment[key] !== undefined);
    if (asked) return refuse(`${asked[1]} not supported by this server`);
    const datasetFormat = environment['dataset_format'];
    if (datasetFormat === undefined) {
      return refuse('the environment variable dataset_format is not set');
    }
    const scripts = await scriptsOfJob(environment, inputs);
    if (!scripts.ok) return scripts;
    const { preprocessor, postprocessor } = scripts.value;
    const rows = { datasetFormat, ...(preprocessor ? { preprocessor } : {}) };
    const window = job.monitoring && windowOfJob(job.monitoring);
    const read = window
      ? await hourByHour(inputs.dataset, parts, { ...options, ...rows, window })
      : ok({ inputs: inputs.dataset.map(named) });
    if (!read.ok) return read;
    const request = { ...read.value, ...requestOf(job, inputs, parts), ...rows };
    const analyzed = await parts.tasks.analyze(request, options);
    if (!analyzed.ok) return analyzed;
    const result = resultOf(analyzed.value, job);
    const { scripts: runner } = parts;
    if (!postprocessor || !runner) return ok(result);
    const post = { source: postprocessor, files: result.files, environment };
    const files = await postprocessed({ scripts: runner }, post, options);
    return files.ok ? ok({ ...result, files: files.value }) : files;
  };
}

function windowOfJob({ windowStartMs, windowEndMs }: MonitoringOfJob): Window {
  return { startMs: windowStartMs, endMs: windowEndMs };
}

const named = ({ path, uri }: InputFile) => ({ path, name: uri });

function requestOf(job: ProcessingJobRow, inputs: AnalysisInputs, parts: AnalyzerParts) {
  const { environment } = job.plan;
  const { monitoring } = job;
  const method = environment['categorical_drift_method'];
  return {
    ...(inputs.constraintsText === undefined
      ? {}
      : { baselineConstraintsText: inputs.constraintsText }),
    ...(inputs.statisticsText === undefined
      ? {}
      : { baselineStatisticsText: inputs.statisticsText }),
    ...(monitoring
      ? {
          window: {
            startMs: monitoring.windowStartMs,
            endMs: monitoring.windowEndMs,
            where: monitoring.captureUri,
          },
        }
      : {}),
    options: {
      ...(parts.minimumSampleSize === undefined
        ? {}
        : { minimumSampleSize: parts.minimumSampleSize }),
      ...(method === undefined ? {} : { categoricalDriftMethod: method }),
    },
  };
}

interface HourOptions extends ProfileOptions {
  readonly window: Window;
}

/** Whole hours are profiled once and kept; of an hour that the window cuts, its part, each time. */
async function hourByHour(
  files: readonly InputFile[],
  parts: AnalyzerParts,
  options: HourOptions,
): Promise<Outcome<Pick<DataQualityRequest, 'inputs' | 'profiles'>>> {
  const { startMs, endMs } = options.window;
  const { datasetFormat, preprocessor } = options;
  // Another script makes other rows of the same files.
  const made = preprocessor ? `${datasetFormat} ${fingerprintOf(preprocessor)}` : datasetFormat;
  const hours = hoursOfFiles(files, made);
  const isWhole = (hour: Hour) => hour.startMs >= startMs && hour.startMs + hourMs <= endMs;
  const whole = await wholeHours(hours.filter(isWhole), parts, options);
  if (!whole.ok) return whole;
  const cut = await cutHours(
    hours.filter((hour) => !isWhole(hour)),
    parts,
    options,
  );
  if (!cut.ok) return cut;
  const profiles = new Map([...whole.value, ...cut.value]);
  return ok({ inputs: [], profiles: hours.map(({ key }) => profiles.get(key) ?? '') });
}

/** Key to profile. */
type Profiles = ReadonlyMap<string, string>;

async function wholeHours(
  hours: readonly Hour[],
  { store, tasks }: AnalyzerParts,
  options: HourOptions,
): Promise<Outcome<Profiles>> {
  const known = await knownProfiles(store, hours);
  const fresh = hours.filter(({ key }) => !known.has(key));
  const made = await profilesOf(fresh, tasks, options);
  if (!made.ok) return made;
  await keepProfiles(store, fresh, [...made.value.values()]);
  return ok(new Map([...known, ...made.value]));
}

async function cutHours(
  hours: readonly Hour[],
  { tasks }: AnalyzerParts,
  options: HourOptions,
): Promise<Outcome<Profiles>> {
  // Records tell their time in whole seconds, and so does the environment of a run.
  const [startMs = 0, endMs = 0] = [options.window.startMs, options.window.endMs].map(
    (ms) => Math.floor(ms / secondMs) * secondMs,
  );
  const datasetFormat = captureFormatBetween(options.datasetFormat, { startMs, endMs });
  if (!datasetFormat.ok) return datasetFormat;
  return profilesOf(hours, tasks, { ...options, datasetFormat: datasetFormat.value });
}

async function profilesOf(
  hours: readonly Hour[],
  tasks: DataQualityTasks,
  { window: _, ...options }: HourOptions,
): Promise<Outcome<Profiles>> {
  if (hours.length === 0) return ok(new Map());
  const made = await tasks.profile(
    hours.map((hour) => hour.files),
    options,
  );
  if (!made.ok) return made;
  return ok(new Map(hours.map(({ key }, at) => [key, made.value[at] ?? ''])));
}

function resultOf(result: DataQualityResult, { monitoring }: ProcessingJobRow): AnalysisResult {
  return {
    files: {
      'statistics.json': result.statisticsText,
      'constraints.json': result.constraintsText,
      ...(result.violationsText === undefined
        ? {}
        : { 'constraint_violations.json': result.violationsText }),
      ...(result.notes.length === 0 ? {} : { 'notes.json': jsonText({ notes: result.notes }) }),
      // A baseline is read by people, who ask why; the runs of a schedule are not.
      ...(monitoring
        ? {}
        : { 'constraints_explained.json': jsonText({ explanations: result.explanations }) }),
    },
    violations: result.violations.length,
    metrics: result.metrics.flatMap(published),
    report: result.report,
  };
}

/** Dashboards of the original's SDK ask for a third dimension and the name without a suffix. */
function published({ metric, feature, ...sample }: QualityMetric): readonly AnalysisMetric[] {
  const stem = metric.slice(0, -feature.length - 1);
  const byFeature = [{ name: 'Feature', value: feature }];
  return [
    { metric, ...sample },
    { metric: stem, dimensions: byFeature, ...sample },
  ];
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
