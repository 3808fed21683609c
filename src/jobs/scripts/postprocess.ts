/** Runs a post-processor over the documents of an analysis before they are handed on. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import type { FileContent } from '../processing/analysis.ts';
import { failure } from './preprocess.ts';

export interface PostprocessRequest {
  readonly source: ScriptSource;
  /** The result's; those that are not texts are not shown to the script. */
  readonly files: Readonly<Record<string, FileContent>>;
  /** Of the job: `output_path` says where the script finds the documents. */
  readonly environment: Readonly<Record<string, string>>;
}

const defaultFolder = '/opt/ml/processing/output';

/** The files as the script left them. Refused with its traceback when it fails. */
export async function postprocessed(
  { scripts }: { readonly scripts: Scripts },
  { source, files, environment }: PostprocessRequest,
  options: ScriptOptions = {},
): Promise<Outcome<Readonly<Record<string, FileContent>>>> {
  const texts: Record<string, string> = {};
  const others: Record<string, FileContent> = {};
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === 'string' && !name.includes('/')) texts[name] = content;
    else others[name] = content;
  }
  const folder = environment['output_path'] ?? defaultFolder;
  const post = { files: texts, folder, folderVariable: 'output_path', environment };
  const left = await scripts.runPostprocessor(source, post, options);
  if (left.ok) return ok({ ...left.value, ...others });
  options.say?.(left.reason);
  return refuse(failure('postprocessor', left.reason));
}
