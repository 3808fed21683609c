/** `modelkeep trail`: searches the audit trail, and verifies what was delivered of it. */
import { refuse } from '../kernel/outcome.ts';
import type { Command } from './flags.ts';
import { trailQuery } from './trail-query.ts';
import { trailVerify } from './trail-verify.ts';

export const trail: Command = {
  usage: 'query|verify …',
  meaning: 'searches the audit trail; verifies what was delivered of it',
  parse([action, ...rest]) {
    if (action === 'query') return trailQuery(rest);
    if (action === 'verify') return trailVerify(rest);
    return refuse('needs one of query and verify; --help after it lists the flags');
  },
};
