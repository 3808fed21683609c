/** `modelkeep audit`: the security checklist of a data folder. */
import type { ParseArgsConfig } from 'node:util';
import { ok, refuse } from '../kernel/outcome.ts';
import type { Audit } from '../server/audit.ts';
import type { Config } from '../server/config.ts';
import { type Command, configFlags, configOf, parseFlags } from './flags.ts';

const help = `modelkeep audit [--data DIR] [--json]
examines what a data folder keeps of users, roles, keys, policies and public access; writes nothing

  --data DIR      of the server, which may run or not (default ~/.modelkeep)
  --json          prints the whole checklist as JSON
  --account ID    of the server, as for modelkeep up

exits 0 when no check of high severity failed, 1 when one did, 2 for wrong arguments`;

const options: NonNullable<ParseArgsConfig['options']> = {
  ...configFlags,
  json: { type: 'boolean' },
};

export const audit: Command = {
  usage: '[--data DIR] [--json]',
  meaning: 'the security checklist of a data folder',
  parse(args) {
    const parsed = parseFlags(args, options);
    if (!parsed.ok) return parsed;
    const { json, ...values } = parsed.value.values;
    const { positionals } = parsed.value;
    if (values['help'] === true) return ok(printHelp);
    const [stray] = positionals;
    if (stray !== undefined) return refuse(`unexpected argument '${stray}'`);
    const config = configOf({ values, positionals });
    return config.ok ? ok(() => run(config.value, json === true)) : config;
  },
};

async function printHelp(): Promise<number> {
  console.log(help);
  return 0;
}

async function run(config: Config, asJson: boolean): Promise<number> {
  const { auditFolder } = await import('../server/audit.ts');
  const made = await auditFolder(config);
  if (!made.ok) {
    console.error(`modelkeep audit: ${made.reason}`);
    return 1;
  }
  const found = made.value;
  console.log(asJson ? JSON.stringify(found, null, 2) : auditLines(found).join('\n'));
  return found.passed ? 0 : 1;
}

const marks = { passed: 'ok  ', failed: 'FAIL', unknown: '?   ' } as const;
/** Of one check; `--json` tells them all. */
const mostShown = 20;
const indent = '       ';

/** Grouped by severity, the most severe first. */
function auditLines({ checks, passed }: Audit): readonly string[] {
  const count = (status: Audit['checks'][number]['status']) =>
    checks.filter((row) => row.status === status).length;
  const groups = [...new Set(checks.map(({ severity }) => severity))].flatMap((severity) => [
    severity.toUpperCase(),
    ...checks.filter((row) => row.severity === severity).flatMap(rowLines),
    '',
  ]);
  const unknown = count('unknown') > 0 ? `, ${count('unknown')} unknown` : '';
  const verdict = passed ? 'no check of high severity failed' : 'checks of high severity failed';
  return [...groups, `${count('passed')} passed, ${count('failed')} failed${unknown}: ${verdict}`];
}

function rowLines({ id, title, status, resources, count, advice }: Audit['checks'][number]) {
  const shown = resources.slice(0, mostShown);
  const left = count - shown.length;
  return [
    `  ${marks[status]} ${title} (${id}${count > 0 ? `, ${count}` : ''})`,
    ...shown.map(({ resource, detail }) => `${indent}${resource}: ${detail}`),
    ...(left > 0 ? [`${indent}and ${left} more: see --json`] : []),
    ...(status === 'failed' ? [`${indent}> ${advice}`] : []),
  ];
}
