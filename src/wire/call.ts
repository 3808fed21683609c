/** A call as the wire layer makes it. The class is what makes it cheap: there is one a request. */
import type { Scope } from '../kernel/arn.ts';
import type { Call, Caller, TlsFacts } from './operation.ts';

/** Says when the client has gone away; few ask, and the signal is made when one does. */
export interface Gone {
  readonly signal: AbortSignal;
}

/** What is known of a call when its request was verified. */
export type Opening = Omit<Call, 'signal' | 'refused'>;

export class WireCall implements Call {
  readonly scope: Scope;
  readonly caller: Caller;
  readonly requestId: string;
  readonly endpointUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly checksums: Readonly<Record<string, string>>;
  readonly sourceAddress?: string;
  readonly tls?: TlsFacts;
  /** Set before the operation runs, when some of its items are refused. */
  refused?: ReadonlyMap<string, string>;
  readonly #gone: Gone;

  constructor(opening: Opening, gone: Gone) {
    this.scope = opening.scope;
    this.caller = opening.caller;
    this.requestId = opening.requestId;
    this.endpointUrl = opening.endpointUrl;
    this.headers = opening.headers;
    this.url = opening.url;
    this.checksums = opening.checksums;
    if (opening.sourceAddress !== undefined) this.sourceAddress = opening.sourceAddress;
    if (opening.tls) this.tls = opening.tls;
    this.#gone = gone;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }
}

/** Calls that have the parts of their service as well. */
export type Contexts<Parts> = new (opening: Opening, gone: Gone) => WireCall & Parts;

/** The parts are inherited: copied into each call they would cost more than most operations do. */
export function contextsOf<Parts extends object>(parts: Parts): Contexts<Parts> {
  const Context = class extends WireCall {};
  Object.assign(Context.prototype, parts);
  return Context as Contexts<Parts>;
}
