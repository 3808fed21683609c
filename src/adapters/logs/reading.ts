/** Reads one log from its two files: lines with their times, from a position, either way. */
import type { LogExtent, LogLine, LogPage, LogRange } from '../../ports/program-logs.ts';
import { linesOf, openSegment, type Segment, timedText } from './format.ts';
import type { LogPlace } from './sealed-file.ts';

/** What is looked at first when lines before a position are asked for. */
const firstWindowBytes = 256 * 1024;
const windowGrowth = 4;

/** Undefined when there is no such log. */
export async function readLog(place: LogPlace, range: LogRange): Promise<LogPage | undefined> {
  return withSegments(place, async (segments) => {
    const { begin, end } = boundsOf(segments);
    const read = range.backward ? readBackward : readForward;
    return { begin, end, lines: await read(segments, range) };
  });
}

/** Undefined when there is no such log, or no line in it. */
export async function extentOf(place: LogPlace): Promise<LogExtent | undefined> {
  return withSegments(place, async (segments) => {
    const one = { mostLines: 1, mostBytes: 1 };
    const [first] = await readForward(segments, one);
    const [last] = await readBackward(segments, one);
    return first && last && { firstMs: first.timeMs, lastMs: last.timeMs };
  });
}

async function withSegments<T>(
  place: LogPlace,
  work: (segments: readonly Segment[]) => Promise<T>,
): Promise<T | undefined> {
  const opened: Segment[] = [];
  try {
    // In this order a file that is put aside meanwhile is met twice rather than not at all.
    for (const path of [place.path, `${place.path}.1`]) {
      const segment = await openSegment({ ...place, path });
      if (segment) opened.push(segment);
    }
    return opened.length === 0 ? undefined : await work(placed(opened));
  } finally {
    for (const { file } of opened) await file.close();
  }
}

/** Oldest first. Each file of a log begins at a place of its own. */
function placed([current, older]: readonly Segment[]): readonly Segment[] {
  if (!current) return [];
  return !older || older.base === current.base ? [current] : [older, current];
}

function boundsOf(segments: readonly Segment[]): { begin: number; end: number } {
  const last = segments.at(-1);
  return { begin: segments[0]?.base ?? 0, end: last ? last.base + last.contentBytes : 0 };
}

async function* linesFrom(
  segments: readonly Segment[],
  from: number,
): AsyncGenerator<readonly LogLine[]> {
  let timeMs: number | undefined;
  for (const segment of segments) {
    const { base, contentBytes, file } = segment;
    if (base + contentBytes <= from) continue;
    for await (const raw of linesOf(segment, Math.max(0, from - base))) {
      yield raw.map(({ offset, endOffset, text: line }) => {
        const timed = timedText(line);
        timeMs = timed.timeMs ?? timeMs ?? file.changedMs;
        const at = { position: base + offset, endPosition: base + endOffset };
        return { timeMs, text: timed.text, ...at };
      });
    }
  }
}

function isIn({ timeMs }: LogLine, { startMs = -Infinity, endMs = Infinity }: LogRange): boolean {
  return timeMs >= startMs && timeMs < endMs;
}

const sizeOf = ({ text }: LogLine) => Buffer.byteLength(text);

async function readForward(
  segments: readonly Segment[],
  range: LogRange,
): Promise<readonly LogLine[]> {
  const found: LogLine[] = [];
  let bytes = 0;
  for await (const lines of linesFrom(segments, range.from ?? 0)) {
    for (const line of lines.filter((one) => isIn(one, range))) {
      bytes += sizeOf(line);
      if (found.length > 0 && bytes > range.mostBytes) return found;
      found.push(line);
      if (found.length === range.mostLines) return found;
    }
  }
  return found;
}

async function readBackward(
  segments: readonly Segment[],
  range: LogRange,
): Promise<readonly LogLine[]> {
  const { begin, end } = boundsOf(segments);
  const to = Math.min(end, range.from ?? end);
  for (let windowBytes = firstWindowBytes; ; windowBytes *= windowGrowth) {
    const from = Math.max(begin, to - windowBytes);
    const { lines, full } = await lastLines(segments, { ...range, from, to });
    if (full || from === begin) return lines;
  }
}

async function lastLines(
  segments: readonly Segment[],
  range: LogRange & { readonly from: number; readonly to: number },
): Promise<{ readonly lines: readonly LogLine[]; readonly full: boolean }> {
  const found: LogLine[] = [];
  let bytes = 0;
  let full = false;
  for await (const lines of linesFrom(segments, range.from)) {
    const before = lines.filter((line) => line.endPosition <= range.to);
    for (const line of before.filter((one) => isIn(one, range))) {
      bytes += sizeOf(line);
      found.push(line);
    }
    let drop = 0;
    for (const line of found) {
      const left = found.length - drop;
      if (left <= 1 || (left <= range.mostLines && bytes <= range.mostBytes)) break;
      bytes -= sizeOf(line);
      drop += 1;
    }
    full ||= drop > 0;
    found.splice(0, drop);
    if (before.length < lines.length) break;
  }
  return { lines: found, full: full || found.length === range.mostLines };
}
