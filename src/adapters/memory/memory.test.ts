/** The memory adapters under the suites every adapter must pass. */
import { describe } from 'vitest';
import { journalsContract } from '../../ports/journals.contract.ts';
import { metadataStoreContract } from '../../ports/metadata-store.contract.ts';
import { objectStoreContract } from '../../ports/object-store.contract.ts';
import { memoryJournals } from './journals.ts';
import { memoryMetadataStore } from './metadata-store.ts';
import { memoryObjectStore } from './object-store.ts';

describe('metadata in memory', () => metadataStoreContract(async () => memoryMetadataStore()));
describe('objects in memory', () => objectStoreContract(async () => memoryObjectStore()));
describe('journals in memory', () => journalsContract(async () => memoryJournals()));
