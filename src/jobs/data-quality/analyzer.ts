/**
 * The built-in data-quality analysis of a processing job: reads its environment under the container
 * contract, profiles hour by hour for a schedule's run, and names the documents of its output.
 * The profiling itself is done by `DataQualityTasks`, which may run elsewhere.
 */
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable, MetadataStore } from '../../ports/metadata-store.ts';
import type { AnalysisInputs, AnalysisResult, Analyze, InputFile } from '../processing/analysis.ts';
import type { DataQualityRequest, DataQualityResult } from './analyze.ts';
import { type Hour, hoursOfFiles, keepProfiles, knownProfiles } from './hours.ts';

/** The heavy work, in plain data, so that it can be sent to another thread. */
export interface DataQualityTasks {
  analyze(request: DataQualityRequest, options: Abortable): Promise<Outcome<DataQualityResult>>;
  /** One profile per group of files, in the groups' order. */
  profile(
    groups: readonly (readonly InputFile[])[],
    options: Abortable & { readonly datasetFormat: string },
  ): Promise<Outcome<readonly string[]>>;
}

export interface AnalyzerParts {
  readonly store: MetadataStore;
  readonly tasks: DataQualityTasks;
  /** Undefined takes the engine's default. */
  readonly minimumSampleSize?: number;
}

/** Keys of the contract that ask for what is not built: saying nothing would be a lie. */
const unbuilt: Readonly<Record<string, string>> = {
  record_preprocessor_script: 'record preprocessor scripts are',
  post_analytics_processor_script: 'post-analytics scripts are',
  analysis_type: 'an analysis_type other than data quality is',
};

export function makeDataQualityAnalyzer(parts: AnalyzerParts): Analyze {
  return async (job, inputs, options) => {
    const { environment } = job.plan;
    const asked = Object.keys(unbuilt).find((key) => environment[key] !== undefined);
    if (asked !== undefined) return refuse(`${unbuilt[asked]} not supported by this server`);
    const datasetFormat = environment['dataset_format'];
    if (datasetFormat === undefined) {
      return refuse('the environment variable dataset_format is not set');
    }
    const read = job.monitoring
      ? await hourByHour(inputs.dataset, parts, { ...options, datasetFormat })
      : ok({ inputs: inputs.dataset.map(named) });
    if (!read.ok) return read;
    const request = { ...read.value, ...requestOf(job, inputs, parts), datasetFormat };
    const result = await parts.tasks.analyze(request, options);
    return result.ok ? ok(resultOf(result.value, job)) : result;
  };
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

interface HourOptions extends Abortable {
  readonly datasetFormat: string;
}

async function hourByHour(
  files: readonly InputFile[],
  { store, tasks }: AnalyzerParts,
  options: HourOptions,
): Promise<Outcome<Pick<DataQualityRequest, 'inputs' | 'profiles'>>> {
  const hours = hoursOfFiles(files, options.datasetFormat);
  const known = await knownProfiles(store, hours);
  const fresh: readonly Hour[] = hours.filter(({ key }) => !known.has(key));
  if (fresh.length > 0) {
    const made = await tasks.profile(
      fresh.map((hour) => hour.files),
      options,
    );
    if (!made.ok) return made;
    fresh.forEach(({ key }, at) => known.set(key, made.value[at] ?? ''));
    await keepProfiles(store, fresh, made.value);
  }
  return ok({ inputs: [], profiles: hours.map(({ key }) => known.get(key) ?? '') });
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
    metrics: result.metrics,
  };
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
