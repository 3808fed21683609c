/** Finds a job's input objects, as files for a built-in analysis or staged for a program. */

import {
  formatObjectUri,
  type ObjectAddress,
  type ObjectSpace,
  objectsUnder,
  parseObjectUri,
} from '../../engines/objects/space.ts';
import type {
  MonitoringOfJob,
  ProcessingInput,
  ProcessingJobRow,
} from '../../engines/processing/rows.ts';
import { gather } from '../../kernel/bytes.ts';
import { hourFolder, hoursIn } from '../../kernel/hours.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import type { AnalysisInputs, InputFile } from './analysis.ts';

/** Objects of one input; more is a mistake in the prefix. */
const mostObjects = 1_000_000;
const largestManifestBytes = 16 * 1024 * 1024;
/** A baseline's statistics hold sketches of every column, never the data itself. */
const largestDocumentBytes = 512 * 1024 * 1024;

export interface Found extends ObjectAddress {
  /** The key without the input's prefix: where a program finds it below the local path. */
  readonly relative: string;
  readonly etag: string;
}

export interface InputParts {
  readonly objects: ObjectSpace;
}

/** Every object of an input, in order of keys. */
export async function objectsOf(
  input: ProcessingInput,
  { objects }: InputParts,
): Promise<Outcome<readonly Found[]>> {
  const at = parseObjectUri(input.uri);
  if (!at.ok) return at;
  if (!(await objects.hasBucket(at.value.bucket))) {
    return refuse(`input ${input.name}: the bucket ${at.value.bucket} does not exist`);
  }
  if (input.isManifest) return objectsOfManifest(input, at.value, objects);
  const found: Found[] = [];
  for await (const { key, etag } of objectsUnder(objects, at.value)) {
    if (key.endsWith('/')) continue;
    found.push({ bucket: at.value.bucket, key, etag, relative: relativeTo(at.value.key, key) });
    if (found.length > mostObjects) return refuse(`input ${input.name}: too many objects`);
  }
  if (found.length === 0) {
    return refuse(`input ${input.name}: no object's key starts with ${input.uri}`);
  }
  return ok(found);
}

/** `a/b` names the object `a/b` (its last part is left) or a folder `a/b/` (the rest is left). */
function relativeTo(prefix: string, key: string): string {
  const folder = prefix.endsWith('/') || key.startsWith(`${prefix}/`);
  const rest = folder ? key.slice(prefix.length).replace(/^\/+/, '') : '';
  return rest !== '' ? rest : (key.split('/').at(-1) ?? key);
}

async function objectsOfManifest(
  input: ProcessingInput,
  at: ObjectAddress,
  objects: ObjectSpace,
): Promise<Outcome<readonly Found[]>> {
  const body = await objects.read(at);
  if (!body) return refuse(`input ${input.name}: the manifest ${input.uri} does not exist`);
  const wrong = refuse(
    `input ${input.name}: the manifest must be [{"prefix": "s3://bucket/path/"}, "key", …]`,
  );
  let value: unknown;
  try {
    value = JSON.parse((await gather(body, largestManifestBytes)).toString('utf8'));
  } catch {
    return wrong;
  }
  if (!Array.isArray(value)) return wrong;
  const [first, ...keys] = value as unknown[];
  const prefix = (first as { prefix?: unknown } | undefined)?.prefix;
  if (typeof prefix !== 'string' || !keys.every((key) => typeof key === 'string')) return wrong;
  const base = parseObjectUri(prefix);
  if (!base.ok) return base;
  return ok(
    keys.map((key) => ({
      bucket: base.value.bucket,
      key: `${base.value.key}${key as string}`,
      relative: key as string,
      etag: '',
    })),
  );
}

/**
 * The captured objects of a run's window, in order of time within each variant. Looks into the
 * hours' folders alone: an endpoint's captured records may be years long.
 */
export async function capturedObjects(
  monitoring: MonitoringOfJob,
  { objects }: InputParts,
): Promise<Outcome<readonly Found[]>> {
  const at = parseObjectUri(monitoring.captureUri);
  if (!at.ok) return at;
  const { bucket } = at.value;
  const folder = at.value.key.replace(/\/*$/, '/');
  const { windowStartMs: startMs, windowEndMs: endMs } = monitoring;
  const found: Found[] = [];
  for await (const variant of foldersIn({ bucket, key: folder }, objects)) {
    for (const hour of hoursIn(startMs, endMs).map(hourFolder)) {
      const prefix = `${folder}${variant}/${hour}/`;
      for await (const { key, etag } of objectsUnder(objects, { bucket, key: prefix })) {
        found.push({ bucket, key, etag, relative: key.slice(folder.length) });
      }
    }
  }
  return ok(found);
}

/** Names of the folders right below a folder, each found by one look past the one before. */
async function* foldersIn(at: ObjectAddress, objects: ObjectSpace): AsyncIterable<string> {
  let after: string | undefined;
  for (;;) {
    const range = { prefix: at.key, limit: 1, ...(after === undefined ? {} : { after }) };
    const [next] = await objects.list(at.bucket, range);
    if (!next) return;
    const [name = '', ...rest] = next.key.slice(at.key.length).split('/');
    if (rest.length > 0) yield name;
    // No key that begins with `name/` comes after `name/` and the last code point.
    after = rest.length > 0 ? `${at.key}${name}/\u{10ffff}` : next.key;
  }
}

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
  const { environment, inputs } = job.plan;
  const released: (() => Promise<void>)[] = [];
  const release = async () => {
    for (const one of released) await one();
  };
  const dataset = await datasetObjects(job, parts);
  if (!dataset.ok) return dataset;
  const files: InputFile[] = [];
  for (const found of dataset.value) {
    const file = await parts.objects.asFile(found, options);
    if (!file) continue;
    released.push(() => file.release());
    files.push({ path: file.path, uri: formatObjectUri(found), etag: found.etag });
  }
  const textAt = (path: string | undefined) => documentAt(path, inputs, parts);
  const constraints = await textAt(environment['baseline_constraints']);
  const statistics = await textAt(environment['baseline_statistics']);
  if (!constraints.ok || !statistics.ok) {
    await release();
    return constraints.ok ? (statistics as { ok: false; reason: string }) : constraints;
  }
  return ok({
    inputs: {
      dataset: files,
      ...(constraints.value === undefined ? {} : { constraintsText: constraints.value }),
      ...(statistics.value === undefined ? {} : { statisticsText: statistics.value }),
    },
    release,
  });
}

async function datasetObjects(
  job: ProcessingJobRow,
  parts: InputParts,
): Promise<Outcome<readonly Found[]>> {
  if (job.monitoring) return capturedObjects(job.monitoring, parts);
  const source = job.plan.environment['dataset_source'];
  if (source === undefined) return refuse('the environment variable dataset_source is not set');
  const input = job.plan.inputs.find(({ localPath }) => covers(localPath, source));
  if (!input) return refuse(`no processing input has dataset_source (${source}) as its LocalPath`);
  return objectsOf(input, parts);
}

/** The text of the one object an input brings to a local path, where the path is given. */
async function documentAt(
  path: string | undefined,
  inputs: readonly ProcessingInput[],
  parts: InputParts,
): Promise<Outcome<string | undefined>> {
  if (path === undefined) return ok(undefined);
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
  const { captureLocalPath, endpointName } = job.monitoring;
  return copyAll(captured.value, `${captureLocalPath}/${endpointName}`, { workspace, parts });
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
