/** Opens a job's inputs: as files for a built-in analysis, or staged for a program. */

import { formatObjectUri } from '../../engines/objects/space.ts';
import type { ProcessingInput, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { gather } from '../../kernel/bytes.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import type { AnalysisInputs, InputFile } from './analysis.ts';
import { capturedObjects, labelObjects } from './captured.ts';
import { type Found, type InputParts, objectsOf } from './objects.ts';

/** A baseline's statistics hold sketches of every column, never the data itself. */
const largestDocumentBytes = 512 * 1024 * 1024;

/** The files of a built-in analysis, and a function that gives them back. */
export interface Opened {
  readonly inputs: AnalysisInputs;
  release(): Promise<void>;
}

export async function openInputs(
  job: ProcessingJobRow,
  parts: InputParts,
  options: Abortable,
): Promise<Outcome<Opened>> {
  const released: (() => Promise<void>)[] = [];
  const release = async () => {
    for (const one of released.splice(0)) await one();
  };
  const filesOf = async (found: readonly Found[]) => {
    const files: InputFile[] = [];
    for (const one of found) {
      const file = await parts.objects.asFile(one, options);
      if (!file) continue;
      released.push(() => file.release());
      files.push({ path: file.path, uri: formatObjectUri(one), etag: one.etag });
    }
    return files;
  };
  const inputs = await analysisInputs(job, parts, filesOf);
  if (inputs.ok) return ok({ inputs: inputs.value, release });
  await release();
  return inputs;
}

async function analysisInputs(
  job: ProcessingJobRow,
  parts: InputParts,
  filesOf: (found: readonly Found[]) => Promise<readonly InputFile[]>,
): Promise<Outcome<AnalysisInputs>> {
  const { environment, inputs } = job.plan;
  const dataset = await datasetObjects(job, parts);
  if (!dataset.ok) return dataset;
  const labels =
    job.monitoring?.groundTruthUri === undefined
      ? undefined
      : await labelObjects(job.monitoring, parts);
  if (labels && !labels.ok) return labels;
  const textAt = (path: string | undefined) =>
    path === undefined ? ok(undefined) : documentAt(path, inputs, parts);
  const constraints = await textAt(environment['baseline_constraints']);
  if (!constraints.ok) return constraints;
  const statistics = await textAt(environment['baseline_statistics']);
  if (!statistics.ok) return statistics;
  return ok({
    dataset: await filesOf(dataset.value),
    ...(labels ? { groundTruth: await filesOf(labels.value) } : {}),
    ...(constraints.value === undefined ? {} : { constraintsText: constraints.value }),
    ...(statistics.value === undefined ? {} : { statisticsText: statistics.value }),
    textOf: (localPath) => documentAt(localPath, inputs, parts),
    async filesAt(uri) {
      const found = await objectsOf({ name: uri, uri, localPath: '', isManifest: false }, parts);
      return found.ok ? ok(await filesOf(found.value)) : found;
    },
  });
}

/** Where an analysis configuration may name the data itself, there need be no input of them. */
async function datasetObjects(
  job: ProcessingJobRow,
  parts: InputParts,
): Promise<Outcome<readonly Found[]>> {
  if (job.monitoring) return capturedObjects(job.monitoring, parts);
  const { environment, inputs } = job.plan;
  const source = environment['dataset_source'];
  if (source !== undefined) {
    const input = inputs.find(({ localPath }) => covers(localPath, source));
    if (input) return objectsOf(input, parts);
    return refuse(`no processing input has dataset_source (${source}) as its LocalPath`);
  }
  const input = inputs.find(({ name }) => name === 'dataset');
  if (input) return objectsOf(input, parts);
  if (inputs.some(({ name }) => name === 'analysis_config')) return ok([]);
  return refuse('the environment variable dataset_source is not set');
}

/** The text of the one object an input brings to a local path. */
async function documentAt(
  path: string,
  inputs: readonly ProcessingInput[],
  parts: InputParts,
): Promise<Outcome<string>> {
  const input = inputs.find(({ localPath }) => covers(localPath, path));
  if (!input) return refuse(`no processing input brings ${path}`);
  const found = await objectsOf(input, parts);
  if (!found.ok) return found;
  const name = path.split('/').at(-1);
  const chosen = found.value.find(({ relative }) => relative === name) ?? found.value[0];
  const body = chosen && (await parts.objects.read(chosen));
  if (!body) return refuse(`input ${input.name}: the object is gone`);
  return ok((await gather(body, largestDocumentBytes)).toString('utf8'));
}

function covers(localPath: string, path: string): boolean {
  const folder = localPath.replace(/\/+$/, '');
  return path === folder || path.startsWith(`${folder}/`);
}

/** Copies every input into the workspace, where the program expects it below `/opt/ml`. */
export async function stageInputs(
  job: ProcessingJobRow,
  workspace: Workspace,
  parts: InputParts,
): Promise<Outcome<void>> {
  for (const input of job.plan.inputs) {
    const found = await objectsOf(input, parts);
    if (!found.ok) return found;
    const staged = await copyAll(found.value, input.localPath, { workspace, parts });
    if (!staged.ok) return staged;
  }
  if (!job.monitoring) return ok(undefined);
  const captured = await capturedObjects(job.monitoring, parts);
  if (!captured.ok) return captured;
  const { captureLocalPath, endpointName, groundTruthLocalPath } = job.monitoring;
  const to = [captureLocalPath, ...(endpointName === undefined ? [] : [endpointName])].join('/');
  const staged = await copyAll(captured.value, to, { workspace, parts });
  if (!staged.ok || groundTruthLocalPath === undefined) return staged;
  const labels = await labelObjects(job.monitoring, parts);
  return labels.ok ? copyAll(labels.value, groundTruthLocalPath, { workspace, parts }) : labels;
}

async function copyAll(
  found: readonly Found[],
  localPath: string,
  { workspace, parts }: { readonly workspace: Workspace; readonly parts: InputParts },
): Promise<Outcome<void>> {
  const folder = belowMl(localPath);
  if (!folder.ok) return folder;
  await workspace.makeFolder(folder.value);
  for (const at of found) {
    const body = await parts.objects.read(at);
    if (!body) return refuse(`${formatObjectUri(at)} does not exist`);
    await workspace.write(`${folder.value}/${at.relative}`, body);
  }
  return ok(undefined);
}

/** The workspace stands for `/opt/ml`: local paths must lie below it. */
export function belowMl(localPath: string): Outcome<string> {
  const [, rest] = /^\/opt\/ml\/(.+)$/.exec(localPath) ?? [];
  return rest === undefined ? refuse(`LocalPath ${localPath} is not below /opt/ml/`) : ok(rest);
}
