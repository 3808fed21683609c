/**
 * Notices when a data folder was put back to an older state, which encryption alone cannot tell:
 * a count that only grows is kept in the folder and, beside it, in the anchor. Who can change both
 * is not noticed.
 */
import type { SealFile } from '../engines/unsealing/seal-file.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import type { Collection, MetadataStore } from '../ports/metadata-store.ts';
import type { Config } from './config.ts';
import { anchorPath, readPrivate, writeDurably } from './seal-folder.ts';

interface GenerationRow {
  readonly generation: number;
}

interface Anchor extends GenerationRow {
  /** Tells the folder from every other. */
  readonly folder: string;
  readonly sealGeneration: number;
}

const generations: Collection<GenerationRow> = { name: 'server/generation' };
const onlyKey = 'generation';
const anchorLimitBytes = 4_096;

export interface Generations {
  /** Counts one further, in the folder and then in the anchor. Throws when it cannot. */
  advance(): Promise<void>;
}

export interface GenerationParts {
  readonly config: Config;
  readonly store: MetadataStore;
  readonly folder: string;
  readonly sealGeneration: number;
}

/** Refused, with what to do, for a folder that is older than its anchor, or has lost it. */
export async function checkGeneration(parts: GenerationParts): Promise<Outcome<Generations>> {
  const { config, store } = parts;
  const read = await readAnchor(config);
  if (!read.ok) return read;
  const anchor = read.value;
  const row = await store.get(generations, onlyKey);
  const wrong = config.acceptRollback ? undefined : wrongWith(parts, { row, anchor });
  if (wrong !== undefined) {
    return refuse(`${wrong}. If that is meant, start it once with --accept-rollback`);
  }
  let generation = Math.max(row?.generation ?? 0, ofFolder(parts, anchor)?.generation ?? 0);
  const advance = async () => {
    const next = generation + 1;
    await store.write((tx) => tx.put(generations, onlyKey, { generation: next }));
    // In this order: an anchor that is ahead would make an honest crash look like a rollback.
    await writeAnchor(parts, next);
    generation = next;
  };
  try {
    await advance();
  } catch (cause) {
    return refuse(
      `cannot write the anchor ${anchorPath(config)}: ${reasonOf(cause)}; ` +
        'name another with --anchor-file',
    );
  }
  return ok({ advance });
}

interface Seen {
  readonly row: GenerationRow | undefined;
  readonly anchor: Anchor | undefined;
}

function wrongWith(parts: GenerationParts, { row, anchor }: Seen): string | undefined {
  const { config, sealGeneration } = parts;
  const path = anchorPath(config);
  const own = ofFolder(parts, anchor);
  if (!own) {
    // A folder that was never counted is new, whatever lay here before it.
    if (!row) return undefined;
    return anchor
      ? `the anchor ${path} is of another data folder than ${config.data}`
      : `the anchor ${path}, which tells whether ${config.data} is its newest state, is missing`;
  }
  const inFolder = row?.generation ?? 0;
  const older = (is: number, was: number) =>
    `${config.data} was put back to an older state: it counts ${is}, and ${path} has seen ${was}`;
  if (inFolder < own.generation) return older(inFolder, own.generation);
  if (sealGeneration < own.sealGeneration) {
    return `${older(sealGeneration, own.sealGeneration)} (changes of seal.json)`;
  }
  return undefined;
}

function ofFolder({ folder }: GenerationParts, anchor: Anchor | undefined): Anchor | undefined {
  return anchor?.folder === folder ? anchor : undefined;
}

async function readAnchor(config: Config): Promise<Outcome<Anchor | undefined>> {
  const path = anchorPath(config);
  const read = await readPrivate(path, anchorLimitBytes);
  if (!read.ok || read.value === undefined) return read.ok ? ok(undefined) : read;
  try {
    const value = JSON.parse(read.value.toString('utf8')) as Partial<Anchor> | null;
    const { folder, generation, sealGeneration } = value ?? {};
    const counts = [generation, sealGeneration];
    if (typeof folder === 'string' && counts.every(Number.isSafeInteger)) {
      return ok({ folder, generation: Number(generation), sealGeneration: Number(sealGeneration) });
    }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return refuse(`the anchor ${path} is damaged: put back a copy, or remove it`);
}

async function writeAnchor(parts: GenerationParts, generation: number): Promise<void> {
  const { config, folder, sealGeneration } = parts;
  const anchor: Anchor = { folder, generation, sealGeneration };
  await writeDurably(anchorPath(config), `${JSON.stringify(anchor)}\n`);
}

/** After a change of `seal.json`: an older one is noticed from now on, not from the next start. */
export async function noteSealGeneration(
  config: Config,
  { folder, generation: sealGeneration }: SealFile,
): Promise<void> {
  const read = await readAnchor(config);
  if (!read.ok || read.value?.folder !== folder) return;
  const anchor: Anchor = { ...read.value, sealGeneration };
  await writeDurably(anchorPath(config), `${JSON.stringify(anchor)}\n`);
}
