/** The encryption context as a header carries it: base64 of a JSON object of texts. */

export const contextHeader = 'x-amz-server-side-encryption-context';

/** Undefined for what is none. */
export function readContext(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  const value = parsed(Buffer.from(text, 'base64').toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (!entries.every(([, one]) => typeof one === 'string')) return undefined;
  return Object.fromEntries(entries) as Record<string, string>;
}

export function writeContext(context: Readonly<Record<string, string>>): string {
  return Buffer.from(JSON.stringify(context)).toString('base64');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
