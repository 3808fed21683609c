/**
 * Merges labels into captured records, file by file and line by line: memory is bounded by the
 * labels of the window. Where files come from and where they go is the business of others.
 */
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type JoinReport,
  joinLabels,
  type LabelJoin,
  mostLabels,
} from '../../engines/labels/join.ts';
import { uuid } from '../../kernel/ids.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { linesOf } from '../data-quality/lines.ts';
import { documentsOfBatch, recordOfBatch } from './batch-records.ts';

export interface MergeParts {
  readonly temporaryFolder: string;
  /** For names of temporary files. */
  readonly random: Random;
}

export interface NamedFile {
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
}

export interface Batch {
  readonly kind: 'csv' | 'jsonLines' | 'json';
  /** The first line of each CSV file names the columns. */
  readonly header: boolean;
}

export interface MergeRequest {
  /** In order of time; merged lines go to the file named `output`, below the job's output. */
  readonly captured: readonly (NamedFile & { readonly output: string })[];
  /** In order of time: the last label of an id counts. */
  readonly labels: readonly NamedFile[];
  readonly between?: { readonly startMs: number; readonly endMs: number };
  /** The files hold data of batches, not captured records. */
  readonly batch?: Batch;
}

export interface Merged {
  /** Output names to temporary files, which are the caller's now. */
  readonly files: Readonly<Record<string, { readonly path: string }>>;
  readonly report: JoinReport;
}

const chunkCharacters = 1024 * 1024;
const wholeFileLimitCharacters = 256 * 1024 * 1024;

/** Refuses files that are no text, and more labels than there is room for, by name. */
export async function mergeGroundTruth(
  parts: MergeParts,
  request: MergeRequest,
  options: Abortable = {},
): Promise<Outcome<Merged>> {
  const { between } = request;
  const joining = joinLabels(between ? { between } : {});
  const outputs = new Outputs(parts);
  let isDone = false;
  try {
    const read = await readLabels(joining, request.labels, options);
    if (!read.ok) return read;
    for (const file of request.captured) {
      for await (const { record, where } of recordsOf(file, request.batch, options)) {
        if (!record.ok) joining.malformed(where, record.reason);
        const merged = record.ok ? joining.merge(record.value, where) : undefined;
        if (merged !== undefined) await outputs.add(file.output, merged);
      }
    }
    const files = await outputs.finish();
    isDone = true;
    return ok({ files, report: joining.report() });
  } catch (error) {
    if (error instanceof UnreadableData) return refuse(named(error.message, request));
    throw error;
  } finally {
    if (!isDone) await outputs.remove();
  }
}

function named(message: string, { captured, labels }: MergeRequest): string {
  return [...captured, ...labels].reduce(
    (text, { path, name }) => text.replaceAll(path, name),
    message,
  );
}

/** A file that begins with a bracket is one list; otherwise each line is a record. */
async function readLabels(
  joining: LabelJoin,
  files: readonly NamedFile[],
  options: Abortable,
): Promise<Outcome<void>> {
  for (const { path, name } of files) {
    const whole: string[] = [];
    let size = 0;
    for await (const { number, text: line } of linesOf(path, options)) {
      options.signal?.throwIfAborted();
      const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
      // A list on one line is read as such, whether or not other lines follow.
      const isWhole = whole.length > 0 || (text.trimStart().startsWith('[') && !isList(text));
      if (isWhole) {
        whole.push(text);
        size += text.length;
        if (size > wholeFileLimitCharacters) return refuse(`${name}: a list this long is not read`);
        continue;
      }
      if (!joining.addLabels(text, `${name}:${number}`)) return tooMany;
    }
    if (whole.length > 0 && !joining.addLabels(whole.join('\n'), name)) return tooMany;
  }
  return ok(undefined);
}

const tooMany = refuse(`there are more than ${mostLabels} labels in the window`);

function isList(text: string): boolean {
  return text.trimEnd().endsWith(']');
}

interface Placed {
  readonly record: Outcome<string>;
  readonly where: string;
}

async function* recordsOf(
  { path, name }: NamedFile,
  batch: MergeRequest['batch'],
  options: Abortable,
): AsyncIterable<Placed> {
  if (batch?.kind === 'json') {
    yield* wholeRecords({ path, name }, options);
    return;
  }
  for await (const { number, text } of linesOf(path, options)) {
    options.signal?.throwIfAborted();
    if (batch?.header && number === 1) continue;
    const encoding = batch?.kind === 'csv' ? 'CSV' : 'JSON';
    yield {
      where: `${name}:${number}`,
      record: batch ? recordOfBatch(text, encoding) : ok(text),
    };
  }
}

async function* wholeRecords({ path, name }: NamedFile, options: Abortable): AsyncIterable<Placed> {
  const lines: string[] = [];
  let size = 0;
  for await (const { text } of linesOf(path, options)) {
    lines.push(text);
    size += text.length;
    if (size > wholeFileLimitCharacters) {
      throw new UnreadableData(path, `is longer than ${wholeFileLimitCharacters} characters`);
    }
  }
  const documents = documentsOfBatch(lines.join('\n').replace(/^\uFEFF/, ''));
  if (!documents.ok) throw new UnreadableData(path, documents.reason);
  for (const [i, text] of documents.value.entries()) {
    yield { where: `${name}, record ${i + 1}`, record: recordOfBatch(text, 'JSON') };
  }
}

/** Temporary files that grow by chunks; one output is written at a time, in the files' order. */
class Outputs {
  readonly #parts: MergeParts;
  readonly #paths = new Map<string, string>();
  #output = '';
  #chunk: string[] = [];
  #size = 0;

  constructor(parts: MergeParts) {
    this.#parts = parts;
  }

  async add(output: string, line: string): Promise<void> {
    if (output !== this.#output) await this.#flush();
    this.#output = output;
    this.#chunk.push(line);
    this.#size += line.length;
    if (this.#size >= chunkCharacters) await this.#flush();
  }

  async finish(): Promise<Merged['files']> {
    await this.#flush();
    return Object.fromEntries([...this.#paths].map(([output, path]) => [output, { path }]));
  }

  async remove(): Promise<void> {
    for (const path of this.#paths.values()) await rm(path, { force: true });
  }

  async #flush(): Promise<void> {
    if (this.#chunk.length === 0) return;
    const { temporaryFolder, random } = this.#parts;
    let path = this.#paths.get(this.#output);
    if (path === undefined) {
      await mkdir(temporaryFolder, { recursive: true });
      path = join(temporaryFolder, `merge-${uuid(random)}.jsonl`);
      this.#paths.set(this.#output, path);
    }
    await appendFile(path, `${this.#chunk.join('\n')}\n`);
    this.#chunk = [];
    this.#size = 0;
  }
}
