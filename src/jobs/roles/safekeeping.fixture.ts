/** Real keys and secrets over the store of a test, as the roles of that test may use them. */
import { setupSecrets } from '../../engines/secrets/secrets.fixture.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Roles } from './roles.fixture.ts';
import { makeSafekeeping } from './safekeeping.ts';

export function keptFor(roles: Roles, store: MetadataStore) {
  const { keys, secrets, clock, make, addKey, setState } = setupSecrets({ store });
  const safekeeping = makeSafekeeping({ access: roles.access(), clock, keys, secrets });
  return { keys, secrets, make, addKey, setState, safekeeping };
}
