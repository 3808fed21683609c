/**
 * A document as patterns see it: the leaves, under their dotted paths. Arrays add no step to a
 * path, so all elements' leaves are found under one; which element had them is not kept.
 */

export type Scalar = string | number | boolean | null;

/** A path that is there has been seen, even with no value under it. */
export type Fields = ReadonlyMap<string, readonly Scalar[]>;

/** The leaves of a JSON value. An empty object or array has none. */
export function fieldsOf(document: unknown): Fields {
  const fields = new Map<string, Scalar[]>();
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const element of value) visit(element, path);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        visit(member, path === '' ? key : `${path}.${key}`);
      }
    } else if (isScalar(value)) {
      const values = fields.get(path);
      if (values) values.push(value);
      else fields.set(path, [value]);
    }
  };
  visit(document, '');
  return fields;
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
