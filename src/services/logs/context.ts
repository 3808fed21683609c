/** What operations of this service are given besides their input. */
import type { LogReader } from '../../ports/program-logs.ts';
import type { Call } from '../../wire/operation.ts';

export interface LogsParts {
  readonly programLogs: LogReader;
}

export type LogsCtx = Call & LogsParts;
