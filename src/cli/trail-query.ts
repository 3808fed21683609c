/** `modelkeep trail query`: SQL, or a few conditions, over the trail of a running server. */
import type { ParseArgsConfig } from 'node:util';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from '../server/config.ts';
import { eventColumns } from '../server/trail-columns.ts';
import type { TrailAnswer } from '../server/trail-query.ts';
import { configFlags, configOf, parseFlags } from './flags.ts';

const help = `modelkeep trail query "SQL" [--since T] [--json] [--data DIR]
modelkeep trail query [--who W] [--resource R] [--event E] [--since T] [--json] [--data DIR]

  --who W        a user's or session's name, an ARN, or an access key
  --resource R   an ARN, or the end of one
  --event E      the name of an event: Decrypt, DeleteEndpoint, …
  --since T      7d, 12h, 30m or a date (default 7d)
  --json         prints rows as JSON, one a line
  --data DIR     of the server, which must run

the SQL is one SELECT over the table events; members of JSON are (request->>'keyId'), in
parentheses:
  ${eventColumns.join('\n  ')}`;

const conditions = ['who', 'resource', 'event', 'since'] as const;

const options: NonNullable<ParseArgsConfig['options']> = {
  ...configFlags,
  ...Object.fromEntries(conditions.map((name) => [name, { type: 'string' as const }])),
  json: { type: 'boolean' },
};

/** The arguments after `trail query`; refused with what is wrong with them. */
export function trailQuery(args: readonly string[]): Outcome<() => Promise<number>> {
  const parsed = parseFlags(args, options);
  if (!parsed.ok) return parsed;
  const { positionals } = parsed.value;
  const { who, resource, event, since, json, ...values } = parsed.value.values;
  if (values['help'] === true) return ok(printHelp);
  const [sql, stray] = positionals;
  if (stray !== undefined) return refuse(`unexpected argument '${stray}': quote the SQL`);
  if (sql !== undefined && (who ?? resource ?? event) !== undefined) {
    return refuse('--who, --resource and --event stand without SQL: write them into it');
  }
  const config = configOf({ values, positionals: [] });
  if (!config.ok) return config;
  const asked = { sql, who, resource, event, since };
  const body = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return ok(() => run(config.value, body, json === true));
}

async function printHelp(): Promise<number> {
  console.log(help);
  return 0;
}

async function run(config: Config, body: object, asJson: boolean): Promise<number> {
  const { askServer } = await import('../server/role-client.ts');
  const answered = await askServer<TrailAnswer>(config, 'trail/query', body);
  if (!answered.ok) {
    console.error(`modelkeep trail query: ${answered.reason}`);
    return 1;
  }
  const { columns, rows, cut, incomplete, events } = answered.value;
  const lines = asJson ? jsonLines(columns, rows) : tableLines(columns, rows);
  for (const line of lines) console.log(line);
  if (cut) console.error(`only the first ${rows.length} rows are shown`);
  if (incomplete) console.error(`only the newest ${events} events were searched: use --since`);
  return 0;
}

type Rows = TrailAnswer['rows'];

function jsonLines(columns: readonly string[], rows: Rows): readonly string[] {
  return rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, row[at]]))),
  );
}

const widestCell = 80;

export function tableLines(columns: readonly string[], rows: Rows): readonly string[] {
  const cells = [
    columns.map(cellOf),
    ...rows.map((row) => columns.map((_, at) => cellOf(row[at]))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** What was recorded is what clients sent: none of it may move the cursor or start a line. */
function cellOf(value: unknown): string {
  const text = typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value);
  const plain = text.replaceAll(/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?');
  return plain.length > widestCell ? `${plain.slice(0, widestCell - 1)}…` : plain;
}
