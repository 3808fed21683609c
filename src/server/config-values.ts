/** How the text of a setting becomes its value, and what is refused. Not which there are. */
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';

export interface Image {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program that is called with an event: see `ports/functions.ts`. */
export interface FunctionProgram {
  /** Its file, which ends in .py, .js, .mjs or .cjs. */
  readonly file: string;
  /** The function in it; `handler` unless given. */
  readonly handler?: string;
  /** Whose credentials it is given. */
  readonly role?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export const text = (value: string): Outcome<unknown> => ok(value);
export const list = (value: string): Outcome<unknown> =>
  ok(
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
export const yesNo = (value: string): Outcome<unknown> =>
  value === 'true' || value === 'false' ? ok(value === 'true') : refuse('must be true or false');
export const matching =
  (pattern: RegExp, rule: string) =>
  (value: string): Outcome<unknown> =>
    pattern.test(value) ? ok(value) : refuse(`must be ${rule}`);
export const whole =
  (minimum: number, maximum: number) =>
  (value: string): Outcome<unknown> => {
    const n = Number(value);
    const fits = /^\d+$/.test(value) && n >= minimum && n <= maximum;
    return fits ? ok(n) : refuse(`must be a whole number from ${minimum} to ${maximum}`);
  };
export const oneOf =
  (...names: string[]) =>
  (value: string): Outcome<unknown> =>
    names.includes(value) ? ok(value) : refuse(`must be one of ${names.join(', ')}`);

export function parseImages(value: string): Outcome<unknown> {
  try {
    return checkImages(JSON.parse(value));
  } catch {
    return refuse('must be JSON');
  }
}

function checkImages(value: unknown): Outcome<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('must be an object');
  }
  for (const [name, image] of Object.entries(value)) {
    const command = (image as { command?: unknown } | null)?.command;
    const good = Array.isArray(command) && command.length > 0 && command.every(isText);
    if (!good) return refuse(`${name}.command must be a list of one or more strings`);
    const { environment = {} } = image as { environment?: unknown };
    const plain = typeof environment === 'object' && environment !== null;
    if (!plain || !Object.values(environment).every(isText)) {
      return refuse(`${name}.environment must be an object of strings`);
    }
  }
  return ok(value);
}

export function parseFunctions(value: string): Outcome<unknown> {
  try {
    return checkFunctions(JSON.parse(value));
  } catch {
    return refuse('must be JSON');
  }
}

const functionName = /^[A-Za-z0-9_-]{1,64}$/;
const functionFile = /\.(py|js|mjs|cjs)$/;
const handlerName = /^[A-Za-z_]\w{0,127}$/;

function checkFunctions(value: unknown): Outcome<unknown> {
  if (!isPlain(value)) return refuse('must be an object');
  for (const [name, program] of Object.entries(value)) {
    if (!functionName.test(name)) return refuse(`${name} must match ${functionName.source}`);
    if (!isPlain(program)) return refuse(`${name} must be an object`);
    const { file, handler, role, environment = {}, ...more } = program;
    const [stray] = Object.keys(more);
    if (stray !== undefined) return refuse(`${name}.${stray} is not known`);
    if (!isText(file) || !functionFile.test(file)) {
      return refuse(`${name}.file must end in .py, .js, .mjs or .cjs`);
    }
    if (handler !== undefined && !(isText(handler) && handlerName.test(handler))) {
      return refuse(`${name}.handler must be the name of a function`);
    }
    if (role !== undefined && !isText(role)) return refuse(`${name}.role must be an ARN`);
    if (!isPlain(environment) || !Object.values(environment).every(isText)) {
      return refuse(`${name}.environment must be an object of strings`);
    }
  }
  return ok(value);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === 'string';
