/** Which program an image stands for, and which environment it gets. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** An entry of the operator's `images` table. */
export interface ProcessImage {
  /**
   * Program and arguments; never passed through a shell. For a model server, `{port}` and `{model}`
   * in them stand for the port to listen at and the folder of the unpacked model.
   */
  readonly command: readonly string[];
  /** Wins over what users set. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The image whose command users give themselves, in `MODELKEEP_COMMAND`. */
export const userCommandImage = 'modelkeep/process';
const commandVariable = 'MODELKEEP_COMMAND';

/** The user's command: a JSON array of strings, or words between white space. */
export function userCommand(
  environment: Readonly<Record<string, string>>,
): Outcome<readonly string[]> {
  const text = environment[commandVariable]?.trim() ?? '';
  if (text === '') return refuse(`${userCommandImage} needs a command in ${commandVariable}`);
  if (!text.startsWith('[')) return ok(text.split(/\s+/));
  const words = parseJson(text);
  const isCommand = Array.isArray(words) && words.every((word) => typeof word === 'string');
  if (!isCommand || !words[0]) {
    return refuse(`${commandVariable} begins with [ but is not a JSON array of strings`);
  }
  return ok(words);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer here: the caller refuses with the name of the variable.
    return undefined;
  }
}

export interface EnvironmentParts {
  /** Where programs are looked for. */
  readonly path: string;
  readonly home: string;
  readonly user: Readonly<Record<string, string>>;
  readonly image: Readonly<Record<string, string>>;
  /** What the contract sets; wins over everything. */
  readonly contract: Readonly<Record<string, string>>;
  /** Values under `from` are moved under `to`: the folder a container would have seen. */
  readonly moved: Move;
}

export interface Move {
  readonly from: string;
  readonly to: string;
}

/** Nothing of the server's own is in it. Refused: names and values no program can get. */
export function environmentOf(parts: EnvironmentParts): Outcome<Record<string, string>> {
  for (const [name, value] of Object.entries(parts.user)) {
    if (name === '' || /[=\0]/.test(name) || value.includes('\0')) {
      return refuse(
        `the environment variable ${JSON.stringify(name)} has an unusable name or value`,
      );
    }
  }
  const user = Object.entries(parts.user).map(([name, value]) => [name, move(value, parts.moved)]);
  return ok({
    LANG: 'C.UTF-8',
    ...Object.fromEntries(user),
    PATH: parts.path,
    HOME: parts.home,
    ...parts.image,
    ...parts.contract,
  });
}

export function move(value: string, { from, to }: Move): string {
  return value === from || value.startsWith(`${from}/`) ? to + value.slice(from.length) : value;
}
