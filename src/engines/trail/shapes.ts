/**
 * What must be known of an operation's input or output to write it down: which members are bytes,
 * streams or sensitive. The service models of the wire layer have this shape.
 */

export interface Shape {
  readonly kind: string;
  /** Of structures. */
  readonly name?: string;
  readonly members?: readonly ShapeMember[];
  /** Of lists. */
  readonly item?: { readonly type: Shape };
  /** Of maps. */
  readonly key?: { readonly type: Shape };
  readonly value?: { readonly type: Shape };
  readonly sensitive?: true;
  /** Bytes or events that are not held in memory. */
  readonly streaming?: true;
}

export interface ShapeMember {
  readonly name: string;
  readonly type: Shape;
}
