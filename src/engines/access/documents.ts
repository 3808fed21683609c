/**
 * Policy documents, read and compiled once: kept by their text, so that a change to one principal
 * costs the reading of what changed. Bounded; the longest unused go first.
 */
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { compilePolicy } from '../policy/compile.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { CompiledPolicy, PolicyUse } from '../policy/types.ts';

export interface Documents {
  /**
   * Refused for text that is no policy for this use: what is stored was checked when it was
   * written, so that is logged as an error. `source` tells whose document it is.
   */
  compiled(text: string, use: PolicyUse, source: string): Outcome<CompiledPolicy>;
}

/** Of each use. */
export interface DocumentLimits {
  readonly most: number;
  readonly mostCharacters: number;
}

const defaultLimits: DocumentLimits = { most: 20_000, mostCharacters: 32_000_000 };

export function makeDocuments(log: Logger, limits = defaultLimits): Documents {
  const kept = { identity: makeKept(limits), resource: makeKept(limits), trust: makeKept(limits) };

  return {
    compiled(text, use, source) {
      const found = kept[use].get(text);
      if (found) return found;
      const parsed = parsePolicy(text, use);
      if (!parsed.ok) {
        const fields = { source, use, reason: parsed.reason };
        log.error('a stored policy cannot be read: what it decides is refused', undefined, fields);
      }
      const made = parsed.ok ? ok(compilePolicy(parsed.value)) : parsed;
      kept[use].set(text, made);
      return made;
    },
  };
}

interface Kept {
  get(text: string): Outcome<CompiledPolicy> | undefined;
  set(text: string, made: Outcome<CompiledPolicy>): void;
}

function makeKept(limits: DocumentLimits): Kept {
  /** In order of last use: a hit is moved to the end. */
  const byText = new Map<string, Outcome<CompiledPolicy>>();
  let characters = 0;
  return {
    get(text) {
      const found = byText.get(text);
      if (!found) return undefined;
      byText.delete(text);
      byText.set(text, found);
      return found;
    },
    set(text, made) {
      byText.set(text, made);
      characters += text.length;
      for (const oldest of byText.keys()) {
        if (byText.size <= limits.most && characters <= limits.mostCharacters) break;
        byText.delete(oldest);
        characters -= oldest.length;
      }
    },
  };
}
