/**
 * Data of batches as records that labels can join. A batch that was asked for inference ids has
 * them beside each record: as the last two columns, or as two members.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

const idMember = 'SageMakerInferenceId';
const timeMember = 'SageMakerInferenceTime';
const needed = 'the transform job must be made with GenerateInferenceId';

/** The line of a captured record for one record of a batch. */
export function recordOfBatch(text: string, encoding: 'CSV' | 'JSON'): Outcome<string> {
  return encoding === 'CSV' ? recordOfCsv(text) : recordOfJson(text);
}

/** The records of a JSON document: a list's items, or the document itself. */
export function documentsOfBatch(text: string): Outcome<readonly string[]> {
  try {
    const value: unknown = JSON.parse(text);
    return ok(Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : [text]);
  } catch (error) {
    return refuse(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

// Neither the id nor the time is ever quoted.
const csvPattern = /^(.*),([^",]+),(\d{4}-\d\d-\d\dT[\d:.]+Z)\s*$/s;

function recordOfCsv(line: string): Outcome<string> {
  const [, data, id, time] = csvPattern.exec(line) ?? [];
  if (data === undefined || id === undefined || time === undefined) {
    return refuse(`the last two columns are no inference id and time: ${needed}`);
  }
  return ok(recordText({ data, encoding: 'CSV', id, time }));
}

function recordOfJson(text: string): Outcome<string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const members = (typeof value === 'object' ? value : undefined) as Record<string, unknown>;
  const { [idMember]: id, [timeMember]: time, ...rest } = members ?? {};
  if (typeof id !== 'string' || id === '') return refuse(`there is no ${idMember}: ${needed}`);
  return ok(
    recordText({
      data: JSON.stringify(rest),
      encoding: 'JSON',
      id,
      time: typeof time === 'string' ? time : undefined,
    }),
  );
}

interface BatchRecord {
  readonly data: string;
  readonly encoding: 'CSV' | 'JSON';
  readonly id: string;
  readonly time: string | undefined;
}

function recordText({ data, encoding, id, time }: BatchRecord): string {
  return JSON.stringify({
    captureData: { batchTransformOutput: { data, encoding } },
    eventMetadata: { eventId: id, ...(time === undefined ? {} : { inferenceTime: time }) },
    eventVersion: '0',
  });
}
