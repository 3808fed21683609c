/**
 * Joins labels to captured records by their ids, and counts what did not join. Holds the labels;
 * captured records pass through. Which files, and of which hours, is the business of the jobs.
 */
import { isSameLabel, type Label, parseLabels } from './label.ts';

/** A count with the first few of what was counted. */
export interface Tally {
  readonly count: number;
  readonly examples: readonly string[];
}

export const mostExamples = 5;
/** Labels of one window; more do not fit into memory beside other work. */
export const mostLabels = 5_000_000;

export interface JoinReport {
  readonly captured: number;
  readonly matched: number;
  /** Ids without a label. */
  readonly unmatchedCaptured: Tally;
  /** Records that could be read, repeated ones among them. */
  readonly labels: number;
  /** Ids of labels that nothing was captured for. */
  readonly labelsWithoutCaptured: Tally;
  /** Labels whose id had a label before; the last one counts. */
  readonly duplicateIds: Tally;
  /** Those of them that say something else than the one before. */
  readonly contradictory: Tally;
  /** Captured records whose id another captured record had; each gets the label. */
  readonly reusedIds: Tally;
  /** `where: reason`. */
  readonly malformedLabels: Tally;
  readonly malformedCaptured: Tally;
  /** Answers of shadow variants, and records of other times: not merged, and not counted above. */
  readonly shadow: number;
  readonly outsideWindow: number;
}

export interface JoinOptions {
  /** Half open; compared with `inferenceTime`. Records that do not say their time are taken. */
  readonly between?: { readonly startMs: number; readonly endMs: number };
}

export interface LabelJoin {
  /** A line, or a whole file that is one list. False when there are too many labels. */
  addLabels(text: string, where: string): boolean;
  /**
   * After all labels: the captured line with its label, or undefined when it has none. The text of
   * the captured record is kept as it was written.
   */
  merge(line: string, where: string): string | undefined;
  /** Counts a captured record that could not be read before it came here. */
  malformed(where: string, reason: string): void;
  report(): JoinReport;
}

export function joinLabels({ between }: JoinOptions = {}): LabelJoin {
  const known = new Map<string, Entry>();
  const tallies = emptyTallies();
  let labels = 0;

  function add(label: Label): void {
    labels += 1;
    const before = known.get(label.id);
    known.set(label.id, { label, captured: 0 });
    if (!before) return;
    note(tallies.duplicateIds, label.id);
    if (!isSameLabel(before.label, label)) note(tallies.contradictory, label.id);
  }

  function matched(captured: Captured): Entry | undefined {
    tallies.captured.count += 1;
    const entry = known.get(captured.id);
    if (!entry) {
      note(tallies.unmatchedCaptured, captured.id);
      return undefined;
    }
    tallies.matched.count += 1;
    entry.captured += 1;
    if (entry.captured > 1) note(tallies.reusedIds, captured.id);
    return entry;
  }

  return {
    addLabels(text, where) {
      const found = parseLabels(text);
      for (const label of found.labels) add(label);
      for (const { place, reason } of found.malformed) {
        const which = place === undefined ? where : `${where}, record ${place}`;
        note(tallies.malformedLabels, `${which}: ${reason}`);
      }
      return known.size <= mostLabels;
    },
    merge(line, where) {
      const captured = capturedOf(line);
      if (typeof captured === 'string') {
        note(tallies.malformedCaptured, `${where}: ${captured}`);
        return undefined;
      }
      if (captured.isShadow) tallies.shadow.count += 1;
      else if (!isWithin(captured.timeMs, between)) tallies.outsideWindow.count += 1;
      else {
        const entry = matched(captured);
        return entry && withLabel(line, entry.label);
      }
      return undefined;
    },
    malformed: (where, reason) => note(tallies.malformedCaptured, `${where}: ${reason}`),
    report: () => reportOf(tallies, known, labels),
  };
}

interface Entry {
  readonly label: Label;
  captured: number;
}

interface Counting {
  count: number;
  readonly examples: string[];
}

const tallied = [
  ...(['captured', 'matched', 'unmatchedCaptured', 'duplicateIds', 'contradictory'] as const),
  ...(['reusedIds', 'malformedLabels', 'malformedCaptured', 'shadow', 'outsideWindow'] as const),
];
type Tallies = Readonly<Record<(typeof tallied)[number], Counting>>;

function emptyTallies(): Tallies {
  return Object.fromEntries(
    tallied.map((name) => [name, { count: 0, examples: [] }]),
  ) as unknown as Tallies;
}

function note(counting: Counting, example: string): void {
  counting.count += 1;
  if (counting.examples.length < mostExamples && !counting.examples.includes(example)) {
    counting.examples.push(example);
  }
}

interface Captured {
  readonly id: string;
  readonly timeMs: number;
  readonly isShadow: boolean;
}

/** What joins a record, or why it is none. */
function capturedOf(line: string): Captured | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const { captureData, eventMetadata } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof captureData !== 'object' || captureData === null) return 'has no captureData';
  const metadata = (eventMetadata ?? {}) as Readonly<Record<string, unknown>>;
  const id = metadata['inferenceId'] ?? metadata['eventId'];
  if (typeof id !== 'string' || id === '') return 'has no inferenceId and no eventId';
  const time = metadata['inferenceTime'];
  return {
    id,
    timeMs: typeof time === 'string' ? Date.parse(time) : Number.NaN,
    isShadow: metadata['invocationSource'] === 'ShadowExperiment',
  };
}

function isWithin(timeMs: number, between: JoinOptions['between']): boolean {
  return !between || Number.isNaN(timeMs) || (timeMs >= between.startMs && timeMs < between.endMs);
}

/** The line has been read as an object with members: the label is put before its last brace. */
function withLabel(line: string, { data, encoding }: Label): string {
  const end = line.lastIndexOf('}');
  const label = JSON.stringify({ data, encoding });
  return `${line.slice(0, end).trimEnd()},"groundTruthData":${label}}`;
}

function reportOf(tallies: Tallies, known: ReadonlyMap<string, Entry>, labels: number): JoinReport {
  const alone: Counting = { count: 0, examples: [] };
  for (const [id, { captured }] of known) if (captured === 0) note(alone, id);
  return {
    captured: tallies.captured.count,
    matched: tallies.matched.count,
    unmatchedCaptured: tallies.unmatchedCaptured,
    labels,
    labelsWithoutCaptured: alone,
    duplicateIds: tallies.duplicateIds,
    contradictory: tallies.contradictory,
    reusedIds: tallies.reusedIds,
    malformedLabels: tallies.malformedLabels,
    malformedCaptured: tallies.malformedCaptured,
    shadow: tallies.shadow.count,
    outsideWindow: tallies.outsideWindow.count,
  };
}
