/** `modelkeep report`: compares two data files and shows what moved. */
import { writeFile } from 'node:fs/promises';
import { ok, refuse } from '../kernel/outcome.ts';
import { type Command, parseFlags } from './flags.ts';

const usage = 'BASELINE CURRENT [--html FILE] [--json FILE]';
const meaning = 'compares two data files (CSV, JSON Lines, JSON, Parquet)';

const help = `modelkeep report ${usage}
  ${meaning}
  --html FILE    writes a self-contained page with the distributions overlaid
  --json FILE    writes the figures; - prints them instead of the table
  --header       the first row of CSV files names the columns (told from the row otherwise)
  --no-header    it does not`;

export const report: Command = {
  usage,
  meaning,
  parse(args) {
    const parsed = parseFlags(args, {
      html: { type: 'string' },
      json: { type: 'string' },
      header: { type: 'boolean' },
      'no-header': { type: 'boolean' },
    });
    if (!parsed.ok) return parsed;
    const { values, positionals } = parsed.value;
    if (values['help'] === true) return ok(printHelp);
    const [baselinePath, currentPath, ...more] = positionals;
    if (baselinePath === undefined || currentPath === undefined || more.length > 0) {
      return refuse(`needs two files: ${usage}`);
    }
    if (values['header'] === true && values['no-header'] === true) {
      return refuse('--header and --no-header exclude each other');
    }
    const html = fileOf(values['html']);
    const json = fileOf(values['json']);
    const header =
      values['header'] === true ? true : values['no-header'] === true ? false : undefined;
    return ok(() => run({ baselinePath, currentPath, header, html, json }));
  },
};

const fileOf = (value: string | boolean | undefined) =>
  typeof value === 'string' ? value : undefined;

async function printHelp(): Promise<number> {
  console.log(help);
  return 0;
}

interface Flags {
  readonly baselinePath: string;
  readonly currentPath: string;
  readonly header: boolean | undefined;
  readonly html: string | undefined;
  readonly json: string | undefined;
}

async function run({ html, json, ...files }: Flags): Promise<number> {
  const { makeReports } = await import('../server/report.ts');
  const made = await makeReports({ ...files, color: process.stdout.isTTY === true });
  if (!made.ok) {
    console.error(`modelkeep report: ${made.reason}`);
    return 1;
  }
  const reports = made.value;
  console.log((json === '-' ? reports.json : reports.terminal).trimEnd());
  if (json !== undefined && json !== '-') await writeFile(json, reports.json);
  if (html !== undefined) await writeFile(html, reports.html);
  return 0;
}
