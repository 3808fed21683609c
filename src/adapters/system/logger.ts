/** Log lines as JSON, one object a line, through pino. */
import { type DestinationStream, destination as file, pino } from 'pino';
import type { Logger } from '../../kernel/log.ts';

export interface LoggerOptions {
  readonly level: 'silent' | 'error' | 'warn' | 'info';
  /** Standard error unless given. */
  readonly destination?: DestinationStream;
}

/** Lines have `time` (ISO 8601, UTC), `level` (a word), `msg`, the fields, and `err` of errors. */
export function pinoLogger({ level, destination }: LoggerOptions): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Written at once: what a server says last is why it ended.
    destination ?? file({ dest: 2, sync: true }),
  );
  return {
    info: (message, fields) => log.info({ ...fields }, message),
    warn: (message, fields) => log.warn({ ...fields }, message),
    error: (message, cause, fields) => {
      log.error(cause === undefined ? { ...fields } : { ...fields, err: cause }, message);
    },
  };
}
