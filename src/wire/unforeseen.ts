/**
 * What is answered to a failure that no operation foresaw. A disk that takes nothing more is said
 * to be that, since whoever runs the server can help; everything else is an internal error, whose
 * reason is for the log alone.
 */
import { faults } from './faults.ts';
import { Fault } from './operation.ts';

/** Of files, and of the metadata's database. */
const noRoom: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
const readOnly: ReadonlySet<unknown> = new Set(['EROFS', 'SQLITE_READONLY']);
/** How far down causes are followed. */
const mostCauses = 8;

/** The fault itself when it is one already. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  let cause = error;
  for (let depth = 0; depth < mostCauses && cause instanceof Error; depth += 1) {
    const code = 'code' in cause ? cause.code : undefined;
    if (noRoom.has(code)) return faults.noRoom();
    if (readOnly.has(code)) return faults.readOnly();
    cause = cause.cause;
  }
  return faults.internal();
}
