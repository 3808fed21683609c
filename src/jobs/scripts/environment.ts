/** The scripts that a job's environment names under the container contract. */
import { createHash } from 'node:crypto';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { ScriptSource } from '../../ports/scripts.ts';
import type { AnalysisInputs } from '../processing/analysis.ts';

export interface JobScripts {
  readonly preprocessor?: ScriptSource;
  readonly postprocessor?: ScriptSource;
}

const variables = {
  preprocessor: 'record_preprocessor_script',
  postprocessor: 'post_analytics_processor_script',
} as const;

/** Refused, with the variable, when no input brings what it names. */
export async function scriptsOfJob(
  environment: Readonly<Record<string, string>>,
  { textOf }: Pick<AnalysisInputs, 'textOf'>,
): Promise<Outcome<JobScripts>> {
  const found: { preprocessor?: ScriptSource; postprocessor?: ScriptSource } = {};
  for (const what of ['preprocessor', 'postprocessor'] as const) {
    const path = environment[variables[what]];
    if (path === undefined) continue;
    const text = await textOf(path);
    if (!text.ok) return refuse(`${variables[what]}: ${text.reason}`);
    found[what] = { name: path.slice(path.lastIndexOf('/') + 1), text: text.value };
  }
  return ok(found);
}

/** What is kept of the work of one script is not that of another. */
export function fingerprintOf({ name, text }: ScriptSource): string {
  return createHash('sha256').update(`${name}\n${text}`).digest('hex');
}
