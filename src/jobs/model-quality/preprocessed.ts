/**
 * Labelled predictions from rows that a preprocessor script makes of each record. What the script
 * returns are columns, and the attributes are their names, or their places.
 */
import type { Row } from '../../engines/records/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { ScriptOptions, ScriptSource } from '../../ports/scripts.ts';
import { preprocessedRows } from '../scripts/preprocess.ts';
import type { RecordFormat } from '../scripts/records.ts';
import type { Reading, ReadParts } from './read.ts';
import { noAnswerAttribute, type Settings } from './settings.ts';

/** The column of labels where `ground_truth_attribute` names none, as in runs of a schedule. */
export const defaultLabelColumn = 'ground_truth';

/** As `readAnswers`. Throws `ScriptFailed` for a script that cannot be loaded, or fails. */
export async function readPreprocessed(
  { scripts }: ReadParts,
  { files, settings, between, add, ...given }: Reading & { readonly preprocessor: ScriptSource },
  options: ScriptOptions,
): Promise<Outcome<void>> {
  if (!scripts) return refuse('record preprocessor scripts are not supported by this server');
  const format = formatOf(settings, between);
  if (!format.ok) return format;
  if (settings.inference === undefined && settings.probability === undefined) {
    return refuse(noAnswerAttribute);
  }
  const columns = columnsOf(settings);
  const paths = files.map(({ path }) => path);
  const request = { source: given.preprocessor, paths, format: format.value };
  let number = 0;
  for await (const rows of preprocessedRows({ scripts }, request, options)) {
    for (const row of rows) {
      number += 1;
      const place = number;
      const where = () => `row ${place} of the preprocessor`;
      const { label, inference, probabilities } = columns.take(row);
      const added = add({ label, inference, probabilities, where });
      if (!added.ok) return added;
    }
  }
  return columns.verdict();
}

function formatOf({ format }: Settings, between: Reading['between']): Outcome<RecordFormat> {
  if (format === 'records') return ok({ kind: 'capture', as: between ? { between } : {} });
  if (format.kind !== 'parquet') return ok(format);
  return refuse('record preprocessor scripts are for captured records, CSV and JSON, not Parquet');
}

const mostNames = 20;

/** Rows may have different columns; a column that no row has is a mistake. */
function columnsOf({ inference, probability, groundTruth = defaultLabelColumn }: Settings) {
  const attributes = [
    ['ground_truth_attribute', groundTruth],
    ['inference_attribute', inference],
    ['probability_attribute', probability],
  ] as const;
  const found = new Set<string>();
  const names = new Set<string>();
  let rows = 0;
  const cellOf = (row: Row, key: string, attribute: string | undefined) => {
    if (attribute === undefined) return undefined;
    const named = row.names.indexOf(attribute);
    const place = named === -1 && /^\d+$/.test(attribute) ? Number(attribute) : named;
    if (place === -1 || place >= row.names.length) return undefined;
    found.add(key);
    return row.cells[place];
  };
  return {
    take(row: Row) {
      rows += 1;
      for (const name of names.size < mostNames ? row.names : []) names.add(name);
      const [label, answer, score] = attributes.map(([key, of]) => cellOf(row, key, of));
      const probabilities = score === undefined ? undefined : scoresOf(score);
      return { label, inference: answer, probabilities };
    },
    verdict(): Outcome<void> {
      const lost = attributes.find(([key, of]) => of !== undefined && !found.has(key));
      if (!lost || rows === 0) return ok(undefined);
      const [key, attribute] = lost;
      const known = [...names].slice(0, mostNames).join(', ');
      return refuse(
        `${key}: no row of the preprocessor has the column ${attribute}; there are ${known}`,
      );
    },
  };
}

/** One number, or a list as text: `"[0.2, 0.8]"`. */
function scoresOf(cell: string): readonly string[] {
  const list = /^\s*\[(.*)\]\s*$/s.exec(cell)?.[1];
  return list === undefined ? [cell] : list.split(',').map((part) => part.trim());
}
