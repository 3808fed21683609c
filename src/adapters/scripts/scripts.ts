/**
 * Scripts as child processes of this machine: Python where it is installed, JavaScript by the
 * server's own Node, in the best sandbox that works here. Each script has a folder of its own, with
 * itself and its driver, that is removed when it is closed.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import {
  defaultScriptLimits,
  type PostScript,
  type RecordScript,
  type SandboxKind,
  type ScriptLimits,
  type ScriptOptions,
  type ScriptSource,
  type Scripts,
} from '../../ports/scripts.ts';
import { ScriptChild } from './child.ts';
import { type Bounds, findJavascript, findPython, type Language } from './runtimes.ts';
import { type Confined, findSandbox, programPath, type Sandbox } from './sandbox.ts';
import { Session } from './session.ts';

export interface LocalScriptsOptions {
  /** Where the scripts' folders are made; made itself when it is not there. */
  readonly workFolder: string;
  /** A path, or a name looked up in the server's PATH; `python3` unless given. */
  readonly python?: string;
  /** Those allowed, best first; without `none`, scripts are refused where no other works. */
  readonly sandboxes?: readonly SandboxKind[];
  /** Post-processors may use the network. Preprocessors never do, where a sandbox works. */
  readonly postprocessorNetwork?: boolean;
}

const fileBytes = 64 * 1024 * 1024;
const processes = 64;
const slackSeconds = 60;
const nameBytes = 200;
/** Beside a reply's rows there are tracebacks, which have their own bound. */
const leastLineBytes = 64 * 1024;

interface Machine {
  readonly sandbox: Sandbox | undefined;
  readonly python: Language;
  readonly javascript: Language;
}

interface Start {
  readonly source: ScriptSource;
  readonly header: Readonly<Record<string, unknown>>;
  readonly options: ScriptOptions;
  readonly environment: Readonly<Record<string, string>>;
  readonly network: boolean;
  /** The folder `output` beside the script: where it stands for it, and what is in it first. */
  readonly output?: { readonly at: string; readonly files: Readonly<Record<string, string>> };
}

const preprocessor = {
  handler: 'preprocess_handler',
  handlers: ['preprocessHandler', 'preprocess_handler'],
};
const postprocessor = {
  handler: 'postprocess_handler',
  handlers: ['postprocessHandler', 'postprocess_handler'],
  after: true,
};

export function localScripts(options: LocalScriptsOptions): Scripts {
  let looked: Promise<Machine> | undefined;
  const machine = () => {
    looked ??= look(options);
    return looked;
  };
  const open = async (start: Start): Promise<Outcome<Opened>> => {
    const language = languageOf(start.source, await machine());
    return language.ok ? openSession(start, language.value, await machine(), options) : language;
  };
  return {
    async openPreprocessor(source, { kind, ...scriptOptions }) {
      const header = { ...preprocessor, kind };
      const apart = { environment: {}, network: false };
      const opened = await open({ source, header, options: scriptOptions, ...apart });
      return opened.ok ? ok<RecordScript>(opened.value.session) : opened;
    },
    runPostprocessor: (source, post, scriptOptions) => {
      const network = options.postprocessorNetwork ?? false;
      return runPost({ source, post, options: scriptOptions, network }, open);
    },
    async available() {
      const { sandbox, python, javascript } = await machine();
      const nothing = 'scripts are refused: no sandbox that is allowed works here';
      return {
        python: python.runtime,
        javascript: javascript.runtime,
        sandbox: { kind: sandbox?.kind ?? 'none', detail: sandbox?.detail ?? nothing },
      };
    },
  };
}

async function look(options: LocalScriptsOptions): Promise<Machine> {
  const [sandbox, python, javascript] = await Promise.all([
    findSandbox(options.sandboxes),
    findPython(options.python ?? 'python3'),
    findJavascript(),
  ]);
  return { sandbox, python, javascript };
}

function languageOf({ name }: ScriptSource, machine: Machine): Outcome<Language> {
  if (/\.(m|c)?js$/.test(name)) return ok(machine.javascript);
  const { python } = machine;
  if (!name.endsWith('.py')) {
    return refuse(`the script must be Python (.py) or JavaScript (.js, .mjs), and is ${name}`);
  }
  if (python.runtime.usable) return ok(python);
  return refuse(`scripts in Python cannot run on this server: ${python.runtime.detail}`);
}

interface Opened {
  readonly session: Session;
  readonly outputFolder: string;
}

async function openSession(
  start: Start,
  language: Language,
  { sandbox }: Machine,
  { workFolder }: LocalScriptsOptions,
): Promise<Outcome<Opened>> {
  if (!sandbox) return refuse('no sandbox that is allowed for scripts works on this server');
  const folder = await prepare(start, language, workFolder);
  const limits = { ...defaultScriptLimits, ...start.options.limits };
  const cleanUp = () => rm(folder, { recursive: true, force: true });
  const session = new Session(limits, cleanUp);
  const at = { folder, language, limits, bounds: boundsOf(limits, sandbox) };
  const program = confined(start, at);
  const child = await ScriptChild.start({
    command: sandbox.command(program),
    cwd: join(folder, 'scratch'),
    environment: environmentOf(start, sandbox, program),
    totalTimeoutMs: limits.totalTimeoutMs,
    lineBytes: Math.max(leastLineBytes, limits.replyBytes),
    say: start.options.say ?? (() => {}),
    signal: start.options.signal,
    onLine: (line) => session.onLine(line),
    onEnd: (reason) => session.onEnd(reason),
  });
  if (!child.ok) {
    await cleanUp();
    return child;
  }
  session.begin(child.value, headerOf(start, at));
  const ready = await session.ready;
  if (ready.ok) return ok({ session, outputFolder: join(folder, 'output') });
  await session.close();
  return ready;
}

async function prepare(start: Start, language: Language, workFolder: string): Promise<string> {
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(workFolder, 'script-'));
  for (const name of ['script', 'scratch', 'output']) await mkdir(join(folder, name));
  const { driver } = language;
  await writeFile(join(folder, driver.file), driver.text);
  await writeFile(join(folder, 'script', fileName(start.source)), start.source.text);
  // Else Node would ask the folders above what kind of module the script is.
  await writeFile(join(folder, 'script', 'package.json'), '{}');
  // Before the script runs: it could put links where files are to be written.
  for (const [name, text] of Object.entries(start.output?.files ?? {})) {
    await writeFile(join(folder, 'output', basename(name)), text);
  }
  return folder;
}

/** As given where that is harmless, for it stands in tracebacks. */
function fileName({ name }: ScriptSource): string {
  const plain = basename(name)
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(-nameBytes);
  return plain === 'package.json' || plain.startsWith('.') ? `_${plain}` : plain;
}

interface At {
  readonly folder: string;
  readonly language: Language;
  readonly limits: ScriptLimits;
  readonly bounds: Bounds;
}

function confined(start: Start, { folder, language, bounds }: At): Confined {
  const driver = join(folder, language.driver.file);
  const output = join(folder, 'output');
  return {
    command: [...language.command(bounds), driver],
    readable: [...language.readable, driver, join(folder, 'script')],
    scratch: join(folder, 'scratch'),
    network: start.network,
    ...(start.output ? { output: { path: output, at: start.output.at } } : {}),
  };
}

/** Would change how the sandbox itself runs, or what the interpreter loads. */
const withheld = /^(LD_|DYLD_|NODE_|PYTHON|GLIBC_|GCONV_|MALLOC_)|[^A-Za-z0-9_]/;

function environmentOf(start: Start, sandbox: Sandbox, program: Confined) {
  const scratch = sandbox.scratch(program);
  const variable = start.header['folderVariable'];
  const output = sandbox.output(program);
  return {
    ...Object.fromEntries(
      Object.entries(start.environment).filter(([name]) => !withheld.test(name)),
    ),
    ...(typeof variable === 'string' && output !== undefined ? { [variable]: output } : {}),
    PATH: programPath,
    HOME: scratch,
    TMPDIR: scratch,
    LANG: 'C.UTF-8',
    // Numerical libraries start a thread for every core otherwise.
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
  };
}

function headerOf(start: Start, { folder, limits, bounds }: At): object {
  const name = fileName(start.source);
  const { rowsPerRecord, replyBytes } = limits;
  const path = join(folder, 'script', name);
  return { ...start.header, name, path, rowsPerRecord, replyBytes, ...bounds };
}

function boundsOf({ memoryBytes, totalTimeoutMs }: ScriptLimits, sandbox: Sandbox): Bounds {
  const cpuSeconds = Math.ceil(totalTimeoutMs / 1_000) + slackSeconds;
  return { memoryBytes, cpuSeconds, fileBytes, ...(sandbox.ownProcesses ? { processes } : {}) };
}

interface PostRun {
  readonly source: ScriptSource;
  readonly post: PostScript;
  readonly options: ScriptOptions;
  readonly network: boolean;
}

const mostFiles = 1_000;
const mostOutputBytes = 256 * 1024 * 1024;
const plainPath = /^\/opt\/ml(\/[A-Za-z0-9._-]+)+$/;

async function runPost(
  { source, post, options, network }: PostRun,
  open: (start: Start) => Promise<Outcome<Opened>>,
): Promise<Outcome<Readonly<Record<string, string>>>> {
  const outputAt = post.folder.replace(/\/+$/, '');
  if (!plainPath.test(outputAt) || outputAt.split('/').includes('..')) {
    return refuse(`the output folder of a script must be below /opt/ml, and is ${post.folder}`);
  }
  // One record's time is all the time it has.
  const limits = { ...defaultScriptLimits, ...options.limits };
  const bounds = { ...limits, recordTimeoutMs: limits.totalTimeoutMs };
  const opened = await open({
    source,
    header: { ...postprocessor, kind: 'json', folderVariable: post.folderVariable },
    options: { ...options, limits: bounds },
    environment: post.environment,
    network,
    output: { at: outputAt, files: post.files },
  });
  if (!opened.ok) return opened;
  const { session, outputFolder } = opened.value;
  try {
    const [handled] = await session.handle(['null']);
    // What still runs could put links where files are to be read.
    await session.stop();
    if (!handled?.ok) return handled ?? refuse('the script was not called');
    return await filesIn(outputFolder);
  } catch (cause) {
    return refuse(reasonOf(cause));
  } finally {
    await session.close();
  }
}

/** Files of the folder itself; links and folders are left out. */
async function filesIn(folder: string): Promise<Outcome<Readonly<Record<string, string>>>> {
  const files: Record<string, string> = {};
  let leftBytes = mostOutputBytes;
  const entries = (await readdir(folder, { withFileTypes: true })).filter((one) => one.isFile());
  if (entries.length > mostFiles) return refuse(`the script left more than ${mostFiles} files`);
  for (const { name } of entries) {
    const path = join(folder, name);
    leftBytes -= (await stat(path)).size;
    if (leftBytes < 0) return refuse(`the script left more than ${mostOutputBytes} bytes`);
    files[name] = await readFile(path, 'utf8');
  }
  return ok(files);
}
