/**
 * Data of batches as records that labels can join. A batch that was asked for inference ids has
 * them beside each record: as the last two columns, or as two members.
 */
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';

const idMember = 'SageMakerInferenceId';
const timeMember = 'SageMakerInferenceTime';
const needed = 'the transform job must be made with GenerateInferenceId';

/** The line of a captured record for one record of a batch. */
export function recordOfBatch(text: string, encoding: 'CSV' | 'JSON'): Outcome<string> {
  return encoding === 'CSV' ? recordOfCsv(text) : recordOfJson(text);
}

/** The records of a JSON document: a list's items, or the document itself. */
export function documentsOfBatch(text: string): Outcome<readonly string[]> {
  const value = parsed(text);
  if (!value.ok) return value;
  return Array.isArray(value.value) ? inDepth(() => itemsOf(value.value)) : ok([text]);
}

const itemsOf = (list: unknown) => (list as unknown[]).map((item) => JSON.stringify(item));

function parsed(text: string): Outcome<unknown> {
  try {
    return ok(JSON.parse(text));
  } catch (error) {
    return refuse(`not JSON: ${reasonOf(error)}`);
  }
}

/** JSON is read without recursion, and written with it. */
function inDepth<T>(write: () => T): Outcome<T> {
  try {
    return ok(write());
  } catch (error) {
    if (error instanceof RangeError) return refuse('is nested too deep');
    throw error;
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
  const value = parsed(text);
  if (!value.ok) return value;
  const members = (typeof value.value === 'object' ? value.value : undefined) as Record<
    string,
    unknown
  >;
  const { [idMember]: id, [timeMember]: time, ...rest } = members ?? {};
  if (typeof id !== 'string' || id === '') return refuse(`there is no ${idMember}: ${needed}`);
  const data = inDepth(() => JSON.stringify(rest));
  if (!data.ok) return data;
  const at = typeof time === 'string' ? time : undefined;
  return ok(recordText({ data: data.value, encoding: 'JSON', id, time: at }));
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
