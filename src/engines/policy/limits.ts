/** How large policies may be: the quotas of their uses, and the bounds of reading any. */

/** Characters that are read at all, before a quota is looked at. */
export const documentCharactersLimit = 131_072;
/** Objects and lists in one another; a policy needs five. */
export const nestingLimit = 20;

/** Characters, white space not counted: see `sizeOf`. */
export const policyQuotas = {
  managed: 6_144,
  /** All inline policies of one user, group or role together. */
  userInline: 2_048,
  groupInline: 5_120,
  roleInline: 10_240,
  trust: 2_048,
  session: 2_048,
} as const;

/** The size of a document as quotas count it: without white space. */
export function sizeOf(text: string): number {
  let blanks = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) blanks += 1;
  }
  return text.length - blanks;
}
