#!/usr/bin/env node
/**
 * The command line: finds the command, parses its flags, makes an exit code of its outcome.
 * Commands load what they run when they run it, so that help and mistakes are answered at once.
 */
import { audit } from './audit.ts';
import { certs } from './certs.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { env } from './env.ts';
import type { Command } from './flags.ts';
import { preprocess } from './preprocess.ts';
import { report } from './report.ts';
import { role } from './role.ts';
import { seal } from './seal.ts';
import { status } from './status.ts';
import { trail } from './trail.ts';
import { unseal } from './unseal.ts';
import { up } from './up.ts';

const commands: Readonly<Record<string, Command>> = {
  up,
  env,
  demo,
  report,
  preprocess,
  role,
  audit,
  certs,
  seal,
  unseal,
  trail,
  status,
  doctor,
};

const usageExit = 2;

function help(): string {
  const lines = Object.entries(commands).map(
    ([name, { usage, meaning }]) => `  modelkeep ${`${name} ${usage}`.padEnd(44)} ${meaning}`,
  );
  return ['usage:', ...lines, '', 'modelkeep COMMAND --help lists the flags of a command.'].join(
    '\n',
  );
}

async function main(): Promise<number> {
  const [name = 'help', ...rest] = process.argv.slice(2);
  if (name === 'help' || name === '--help') {
    console.log(help());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    console.error(`modelkeep: there is no command '${name}'\n${help()}`);
    return usageExit;
  }
  const parsed = command.parse(rest);
  if (!parsed.ok) {
    console.error(`modelkeep ${name}: ${parsed.reason}`);
    return usageExit;
  }
  return parsed.value();
}

process.exitCode = await main();
