/** `modelkeep trail verify`: whether what trails delivered is whole and unchanged. */
import type { ParseArgsConfig } from 'node:util';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from '../server/config.ts';
import type { VerifiedTrail, VerifyOptions } from '../server/trail-verify.ts';
import { configFlags, configOf, parseFlags } from './flags.ts';

const help = `modelkeep trail verify [--data DIR] [--trail NAME] [--since TIME] [--anchor FILE]
checks every digest and log file that trails of the running server delivered: signatures, hashes,
the chain, gaps in time, log files that no digest lists, and digests missing at the newest end

  --data DIR      of the server, which must run (default ~/.modelkeep)
  --trail NAME    one trail, by name or ARN (default all)
  --since TIME    nothing older, ISO 8601
  --anchor FILE   where the server notes the newest digests (default its setting trail-anchor)
  --json          prints what was found as JSON

exits 0 when nothing was found, 1 when something was, 2 for wrong arguments`;

const options: NonNullable<ParseArgsConfig['options']> = {
  ...configFlags,
  json: { type: 'boolean' },
  trail: { type: 'string' },
  since: { type: 'string' },
  anchor: { type: 'string' },
};

/** The arguments after `trail verify`; refused with what is wrong with them. */
export function trailVerify(args: readonly string[]): Outcome<() => Promise<number>> {
  const parsed = parseFlags(args, options);
  if (!parsed.ok) return parsed;
  const { json, trail, since, anchor, ...values } = parsed.value.values;
  const { positionals } = parsed.value;
  if (values['help'] === true) return ok(printHelp);
  const [stray] = positionals;
  if (stray !== undefined) return refuse(`unexpected argument '${stray}'`);
  const sinceMs = typeof since === 'string' ? Date.parse(since) : undefined;
  if (sinceMs !== undefined && Number.isNaN(sinceMs)) {
    return refuse(`--since must be a time such as 2026-01-31T08:00:00Z, not '${since}'`);
  }
  const config = configOf({ values, positionals });
  if (!config.ok) return config;
  const what = { trail: textOf(trail), anchor: textOf(anchor), sinceMs };
  return ok(() => run(config.value, what, json === true));
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

async function printHelp(): Promise<number> {
  console.log(help);
  return 0;
}

async function run(config: Config, what: VerifyOptions, asJson: boolean): Promise<number> {
  const { verifyTrails } = await import('../server/trail-verify.ts');
  const verified = await verifyTrails(config, what);
  if (!verified.ok) {
    console.error(`modelkeep trail verify: ${verified.reason}`);
    return 1;
  }
  const trails = verified.value;
  const lines = asJson ? [JSON.stringify(trails, null, 2)] : trails.flatMap(linesOf);
  console.log(lines.join('\n'));
  return trails.every(({ findings }) => findings.length === 0) ? 0 : 1;
}

function linesOf({ trail, bucket, digests, logFiles, findings }: VerifiedTrail): readonly string[] {
  const found = findings.map(({ about, problem }) => `  FAIL ${shown(about)}: ${shown(problem)}`);
  const good = `${digests} digests and ${logFiles} log files are good`;
  const bad = findings.length === 0 ? 'nothing else was found' : `${findings.length} findings`;
  return [`${trail} in ${bucket}`, ...found, `  ${good}, ${bad}`];
}

/** Keys of objects are what anybody made them: none writes lines of its own. */
function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
