/** What the main process answers to a process of its data plane, and what it takes from it. */
import { type Spool, spoolPrefix } from '../../engines/capture/spool.ts';
import type { RequestCounters } from '../../engines/hosting/counters.ts';
import type { Trail } from '../../engines/trail/trail.ts';
import { assert } from '../../kernel/assert.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { NoteUse } from '../authorize.ts';
import type { MemberParts } from './member.ts';
import type { Told } from './messages.ts';
import { answerReading } from './readable.ts';

export interface AnswerParts {
  readonly store: Reader;
  readonly trail: Pick<Trail, 'recordLine' | 'isWritable'>;
  readonly spool: Spool;
  readonly counters: RequestCounters;
  readonly noteUse: NoteUse;
  /** Called when something was counted. */
  readonly onCounted: () => void;
}

export function answersTo(
  tag: string,
  parts: AnswerParts,
  onConnections: (connections: number) => void,
): MemberParts['handlers'] {
  const { store, trail, spool, counters, noteUse, onCounted } = parts;
  return {
    read: (reading) => answerReading(store, reading),
    async record(lines) {
      await Promise.all(lines.map((line) => trail.recordLine(line)));
    },
    isTrailWritable: () => trail.isWritable(),
    async handOver(name) {
      assert(name.startsWith(`${spoolPrefix}${tag}.`), 'a process hands over journals of its own');
      if (spool.full) return false;
      await spool.adopt(name);
      return true;
    },
    told({ tallies, uses, connections }: Told) {
      onConnections(connections);
      for (const { caller, use } of uses) noteUse(caller, use);
      if (tallies.length === 0) return;
      counters.restore(tallies);
      onCounted();
    },
  };
}
