/**
 * The built-in model-quality analysis of a processing job: its environment and its inputs under the
 * container contract, its documents and metrics. The work itself is done by `ModelQualityTasks`,
 * which may run elsewhere.
 */
import { readFile, stat } from 'node:fs/promises';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { ScriptOptions, Scripts } from '../../ports/scripts.ts';
import { joinReportOf } from '../ground-truth/merger.ts';
import type { AnalysisInputs, AnalysisResult, Analyze } from '../processing/analysis.ts';
import { type JobScripts, scriptsOfJob } from '../scripts/environment.ts';
import { postprocessed } from '../scripts/postprocess.ts';
import {
  distributionsName,
  type ModelQualityOptions,
  type ModelQualityRequest,
  type ModelQualityResult,
} from './analyze.ts';

/** The heavy work, in plain data, so that it can be sent to another thread. */
export interface ModelQualityTasks {
  /** `say` is for what scripts print. */
  analyze(
    request: ModelQualityRequest,
    options: ScriptOptions,
  ): Promise<Outcome<ModelQualityResult>>;
}

export interface ModelQualityAnalyzerParts {
  readonly clock: Clock;
  readonly tasks: ModelQualityTasks;
  /** Without it, jobs that name scripts are refused. */
  readonly scripts?: Scripts;
  readonly options?: ModelQualityOptions;
}

/** Of documents beside others, which the analysis can do without. */
const largestDocumentBytes = 16 * 1024 * 1024;

export function makeModelQualityAnalyzer(parts: ModelQualityAnalyzerParts): Analyze {
  return async (job, inputs, options) => {
    const { environment } = job.plan;
    const scripts = await scriptsOfJob(environment, inputs);
    if (!scripts.ok) return scripts;
    const { preprocessor, postprocessor } = scripts.value;
    const { scripts: runner } = parts;
    if (preprocessor && !runner) return unsupported('record preprocessor');
    if (postprocessor && !runner) return unsupported('post-analytics');
    const request = await requestOf(job, inputs, { ...parts, scripts: scripts.value });
    const files = request.files.length;
    options.say(`measuring the labelled predictions of ${files} file${files === 1 ? '' : 's'}`);
    const analyzed = await parts.tasks.analyze(request, options);
    if (!analyzed.ok) return analyzed;
    const { violations, metrics, report } = analyzed.value;
    options.say(report.summary);
    for (const note of report.notes) options.say(note);
    const result: AnalysisResult = {
      files: analyzed.value.files,
      violations: violations.length,
      metrics,
      report,
    };
    if (!postprocessor || !runner) return ok(result);
    const post = { source: postprocessor, files: result.files, environment };
    const left = await postprocessed({ scripts: runner }, post, options);
    return left.ok ? ok({ ...result, files: left.value }) : left;
  };
}

function unsupported(which: string) {
  return refuse(`${which} scripts are not supported by this server`);
}

type RequestParts = Pick<ModelQualityAnalyzerParts, 'clock' | 'options'> & {
  readonly scripts: JobScripts;
};

async function requestOf(
  job: ProcessingJobRow,
  inputs: AnalysisInputs,
  { clock, options, scripts: { preprocessor } }: RequestParts,
): Promise<ModelQualityRequest> {
  const { monitoring, plan } = job;
  const distributions = await besideConstraints(job, inputs);
  const joined = monitoring && (await joinedBefore(monitoring, inputs));
  return {
    files: inputs.dataset.map(({ path, uri }) => ({ path, name: uri })),
    environment: plan.environment,
    evaluatedAtMs: clock.nowMs(),
    ...(preprocessor ? { preprocessor } : {}),
    ...(monitoring
      ? { window: { startMs: monitoring.windowStartMs, endMs: monitoring.windowEndMs } }
      : {}),
    ...(inputs.constraintsText === undefined
      ? {}
      : { baselineConstraintsText: inputs.constraintsText }),
    ...(distributions === undefined ? {} : { baselineDistributionsText: distributions }),
    ...(joined ? { joined } : {}),
    ...(options ? { options } : {}),
  };
}

/** A baseline of this server leaves its distributions in the folder of its constraints. */
async function besideConstraints(
  { plan }: ProcessingJobRow,
  inputs: AnalysisInputs,
): Promise<string | undefined> {
  const path = plan.environment['baseline_constraints'];
  const input = plan.inputs.find(
    ({ localPath }) => path === localPath || path?.startsWith(`${localPath}/`),
  );
  if (!input) return undefined;
  const isFile = input.uri.endsWith('.json');
  const folder = isFile ? input.uri.slice(0, input.uri.lastIndexOf('/')) : input.uri;
  return textAt(`${folder.replace(/\/+$/, '')}/${distributionsName}`, inputs);
}

/** What the merge of this very run counted. */
async function joinedBefore(
  { captureUri, executionId, fileSuffix }: NonNullable<ProcessingJobRow['monitoring']>,
  inputs: AnalysisInputs,
): Promise<ModelQualityRequest['joined']> {
  if (fileSuffix === undefined) return undefined;
  const text = await textAt(
    `${captureUri.replace(/\/+$/, '')}/${joinReportOf(executionId)}`,
    inputs,
  );
  if (text === undefined) return undefined;
  const { execution, captured, matched } = memberOf(text);
  if (execution !== executionId) return undefined;
  return { captured: Number(captured), matched: Number(matched) };
}

/** A document that others may have written over, and the analysis can do without. */
function memberOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** Undefined when there is no such object, or it is far larger than the document would be. */
async function textAt(uri: string, inputs: AnalysisInputs): Promise<string | undefined> {
  const found = await inputs.filesAt(uri);
  const [file] = found.ok ? found.value : [];
  if (!file || (await stat(file.path)).size > largestDocumentBytes) return undefined;
  return readFile(file.path, 'utf8');
}
