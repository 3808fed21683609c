/** The names under which what programs print is kept: by account, region, kind of work and run. */
import { createHash } from 'node:crypto';
import type { Scope } from '../../kernel/arn.ts';

/** Folders of names within an account and region. */
export const logFolders = {
  processing: 'processing-jobs',
  transform: 'transform-jobs',
  endpoints: 'endpoints',
  functions: 'functions',
} as const;

const instanceDigits = 17;
const runDigits = 32;

/** What the names of all logs of an account and region begin with. */
export function logScope({ account, region }: Scope): string {
  return `${account}/${region}/`;
}

interface JobOfLog {
  readonly scope: Scope;
  readonly name: string;
  readonly createdAtMs: number;
}

/** One log a job; a run that is begun again goes on with it. */
export function processingLog({ scope, name, createdAtMs }: JobOfLog): string {
  const run = `algo-1-${Math.trunc(createdAtMs)}`;
  return `${logScope(scope)}${logFolders.processing}/${name}/${run}`;
}

/** One log a job, as above. */
export function transformLog({ scope, name, createdAtMs }: JobOfLog): string {
  const of = `${logScope(scope)}${logFolders.transform}/${name}`;
  const id = createHash('sha256').update(`${of} ${createdAtMs}`).digest('hex');
  return `${of}/${instance(id)}-${Math.trunc(createdAtMs)}`;
}

interface VariantOfLog {
  readonly name: string;
  readonly instanceId: string;
}

/** One log for each server of a variant. */
export function endpointLog(
  { scope, name }: { readonly scope: Scope; readonly name: string },
  variant: VariantOfLog,
): string {
  const folder = `${logScope(scope)}${logFolders.endpoints}/${name}`;
  return `${folder}/${variant.name}/${instance(variant.instanceId)}`;
}

/** One log for each rotation of a secret by the function. */
export function functionLog(
  { scope, name }: { readonly scope: Scope; readonly name: string },
  run: string,
): string {
  const id = createHash('sha256').update(run).digest('hex').slice(0, runDigits);
  return `${logScope(scope)}${logFolders.functions}/${name}/run-${id}`;
}

function instance(id: string): string {
  return `i-${id.replaceAll('-', '').slice(0, instanceDigits)}`;
}
