/** Tells the trail which data events any of the trails that log wants: others cost nothing. */
import { type Selectors, type TrailRow, trailRows } from '../../engines/trail/digests/rows.ts';
import { selectionOf, takesData } from '../../engines/trail/digests/selection.ts';
import type { Trail } from '../../engines/trail/trail.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

/** Not known before the call has been answered; judged again when events are delivered. */
const knownLate: ReadonlySet<string> = new Set([
  'errorCode',
  'eventType',
  'sessionCredentialFromConsole',
]);
const pageRows = 500;

/** To be asked at the start, and after a change of what trails log. */
export async function chooseDataEvents({
  store,
  trail,
}: {
  readonly store: MetadataStore;
  readonly trail: Pick<Trail, 'chooseData'>;
}): Promise<void> {
  const logging = await loggingTrails(store);
  const wanted = logging
    .map(({ selectors }) => selectors)
    .filter((selectors) => takesData(selectors))
    .map((selectors) => selectionOf(coarse(selectors)));
  trail.chooseData((kind) => wanted.some((takes) => takes(kind)));
}

async function loggingTrails(store: MetadataStore): Promise<readonly TrailRow[]> {
  const found: TrailRow[] = [];
  const range = { index: 'logging', equals: 'yes', limit: pageRows };
  for (let after: string | undefined; ; ) {
    const page = await store.listBy(trailRows, {
      ...range,
      ...(after === undefined ? {} : { after: { value: 'yes', key: after } }),
    });
    found.push(...page.map(({ row }) => row));
    after = page.at(-1)?.key;
    if (page.length < pageRows) return found;
  }
}

function coarse(selectors: Selectors | undefined): Selectors | undefined {
  if (selectors?.kind !== 'advanced') return selectors;
  const each = selectors.each.map(({ fields }) => ({
    fields: fields.filter(({ field }) => !knownLate.has(field)),
  }));
  return { kind: 'advanced', each };
}
