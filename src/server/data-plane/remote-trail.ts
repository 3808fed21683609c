/**
 * The trail as a process of the data plane has it: the main process keeps the records, in the one
 * journal there is. Those of one turn of the event loop go over together, written out.
 */
import type { TrailEvent } from '../../engines/trail/event.ts';
import { wholeLine } from '../../engines/trail/forms.ts';
import type { EventKind, Trail, TrailLine } from '../../engines/trail/trail.ts';

export interface RemoteTrailParts {
  /** They are kept when it resolves. */
  readonly record: (lines: readonly TrailLine[]) => Promise<void>;
  readonly isWritable: () => Promise<boolean>;
}

export type RemoteTrail = Pick<
  Trail,
  'record' | 'recordLine' | 'wants' | 'isWritable' | 'chooseData'
>;

interface Group {
  readonly lines: TrailLine[];
  readonly kept: Promise<void>;
}

export function remoteTrail({ record, isWritable }: RemoteTrailParts): RemoteTrail {
  let choose: (kind: EventKind) => boolean = () => false;
  let group: Group | undefined;
  let broken = false;

  async function send(lines: readonly TrailLine[]): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    group = undefined;
    try {
      await record(lines);
      broken = false;
    } catch (cause) {
      broken = true;
      throw cause;
    }
  }

  function recordLine(line: TrailLine): Promise<void> {
    if (!group) {
      const lines: TrailLine[] = [];
      group = { lines, kept: send(lines) };
    }
    const { eventID, subject } = line;
    group.lines.push({ text: wholeLine(line), eventID, subject });
    return group.kept;
  }

  return {
    record: (event) => recordLine(lineOf(event)),
    recordLine,
    wants: (kind) => kind.category === 'Management' || choose(kind),
    chooseData(choice) {
      choose = choice;
    },
    async isWritable() {
      if (broken) broken = !(await isWritable());
      return !broken;
    },
  };
}

function lineOf(event: TrailEvent): TrailLine {
  return { text: JSON.stringify(event), eventID: event.eventID, subject: event };
}
