/** Flags and arguments of commands, by node's own parser. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import {
  type Config,
  processEnvironment,
  readConfig,
  settings,
  switches,
} from '../server/config.ts';

export interface Command {
  /** Arguments and the most useful flags, for the list of commands. */
  readonly usage: string;
  readonly meaning: string;
  /** Refused with what is wrong with the arguments; else the function that runs the command. */
  readonly parse: (args: readonly string[]) => Outcome<() => Promise<number>>;
}

export interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

type Options = NonNullable<ParseArgsConfig['options']>;

export function parseFlags(args: readonly string[], options: Options): Outcome<Parsed> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean' } },
      allowPositionals: true,
      strict: true,
    });
    return ok({ values: values as Parsed['values'], positionals });
  } catch (cause) {
    return refuse((cause as Error).message);
  }
}

/** Every setting is a flag; those that are true or false need no value. */
export const configFlags: Options = {
  ...Object.fromEntries(
    Object.values(settings).map(({ flag }) => [
      flag,
      { type: switches.has(flag) ? ('boolean' as const) : ('string' as const) },
    ]),
  ),
  config: { type: 'string' },
};

export function configOf({ values }: Parsed): Outcome<Config> {
  const flags = Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => name !== 'config' && name !== 'help')
      .map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  );
  const file = values['config'];
  return readConfig({
    flags,
    environment: processEnvironment(),
    ...(typeof file === 'string' ? { file } : {}),
  });
}

export function configHelp(): string {
  const lines = Object.values(settings).map(
    ({ flag, environment, meaning }) => `  --${flag.padEnd(24)} ${meaning}; or ${environment}`,
  );
  return ['flags:', ...lines, '  --config FILE              settings as JSON'].join('\n');
}

/** A command whose only input is the configuration. */
export function configCommand(
  about: Pick<Command, 'usage' | 'meaning'>,
  run: (config: Config) => Promise<number>,
): Command {
  return {
    ...about,
    parse(args) {
      const parsed = parseFlags(args, configFlags);
      if (!parsed.ok) return parsed;
      if (parsed.value.values['help'] === true) return ok(printHelp);
      const [stray] = parsed.value.positionals;
      if (stray !== undefined) return refuse(`unexpected argument '${stray}'`);
      const config = configOf(parsed.value);
      return config.ok ? ok(() => run(config.value)) : config;
    },
  };
}

async function printHelp(): Promise<number> {
  console.log(configHelp());
  return 0;
}
