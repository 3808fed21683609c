/** `modelkeep preprocess`: tries a record preprocessor on a few records and shows what it makes. */
import { writeFile } from 'node:fs/promises';
import { ok, refuse } from '../kernel/outcome.ts';
import type { Tried, TryRequest } from '../server/preprocess.ts';
import { type Command, parseFlags } from './flags.ts';

const usage = 'SCRIPT RECORDS [--limit N] [--json FILE]';
const meaning = 'tries a preprocessor script on the first records of a file';

const help = `modelkeep preprocess ${usage}
  ${meaning}
  SCRIPT         Python (.py) or JavaScript (.js, .mjs)
  RECORDS        captured or merged records, CSV, JSON Lines or JSON
  --kind KIND    capture, csv, jsonLines or json (told from the file otherwise)
  --header       the first row of a CSV file names the columns
  --limit N      so many records, at most 100 (10)
  --json FILE    writes what was made; - prints it instead of the text`;

const defaultLimit = 10;
const kinds = ['capture', 'csv', 'json', 'jsonLines'] as const;

export const preprocess: Command = {
  usage,
  meaning,
  parse(args) {
    const parsed = parseFlags(args, {
      kind: { type: 'string' },
      header: { type: 'boolean' },
      limit: { type: 'string' },
      json: { type: 'string' },
    });
    if (!parsed.ok) return parsed;
    const { values, positionals } = parsed.value;
    if (values['help'] === true) return ok(printHelp);
    const [scriptPath, recordsPath, ...more] = positionals;
    if (scriptPath === undefined || recordsPath === undefined || more.length > 0) {
      return refuse(`needs a script and a file of records: ${usage}`);
    }
    const kind = kinds.find((one) => one === values['kind']);
    if (values['kind'] !== undefined && !kind) {
      return refuse(`--kind must be one of ${kinds.join(', ')}`);
    }
    const limit = Number(values['limit'] ?? defaultLimit);
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
      return refuse('--limit must be a whole number from 1 to 100');
    }
    const header = values['header'] === true;
    const json = typeof values['json'] === 'string' ? values['json'] : undefined;
    return ok(() => run({ scriptPath, recordsPath, kind, header, limit }, json));
  },
};

async function printHelp(): Promise<number> {
  console.log(help);
  return 0;
}

async function run(request: TryRequest, json: string | undefined): Promise<number> {
  const { tryPreprocessor } = await import('../server/preprocess.ts');
  const done = await tryPreprocessor(request);
  if (!done.ok) {
    console.error(`modelkeep preprocess: ${done.reason}`);
    return 1;
  }
  const tried = done.value;
  const asJson = `${JSON.stringify(tried, null, 2)}\n`;
  console.log((json === '-' ? asJson : shown(tried)).trimEnd());
  if (json !== undefined && json !== '-') await writeFile(json, asJson);
  return tried.error === undefined && tried.records.every(({ error }) => error === undefined)
    ? 0
    : 1;
}

const indented = (text: string, by: string) => by + text.replaceAll('\n', `\n${by}`);

function shown({ error, loadedMs, records, logs, sandbox, kind, numbers }: Tried): string {
  const lines = [`${kind} records, sandbox: ${sandbox.kind} (${sandbox.detail})`];
  if (error !== undefined) return [...lines, 'the script cannot be loaded:', error].join('\n');
  lines.push(`loaded in ${Math.round(loadedMs)} ms`);
  for (const [at, record] of records.entries()) {
    const { rows, tookMs } = record;
    const rowsOf = rows.length === 1 ? '1 row' : `${rows.length} rows`;
    const became =
      record.error === undefined ? (rows.length === 0 ? 'left out' : rowsOf) : 'FAILED';
    lines.push(`record ${numbers[at]}: ${became}, ${Math.round(tookMs)} ms`);
    if (record.error !== undefined) lines.push(indented(record.error, '  '));
    for (const { names, cells } of rows) {
      lines.push(`  ${names.map((name, i) => `${name}=${cells[i] ?? ''}`).join('  ')}`);
    }
  }
  if (logs.length > 0) lines.push('printed:', ...logs.map((line) => indented(line, '  ')));
  return lines.join('\n');
}
