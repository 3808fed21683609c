/** Regular expressions of the service models, written for Java, as JavaScript's. */

const posixClasses = {
  Alnum: '0-9A-Za-z',
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Lower: 'a-z',
  Upper: 'A-Z',
  Punct: '!-\\/:-@\\[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Space: '\\s',
  XDigit: '0-9A-Fa-f',
  ASCII: '\\x00-\\x7f',
  Blank: ' \\t',
  IsAlphabetic: '\\p{Alphabetic}',
  IsDigit: '\\p{Nd}',
};

/**
 * Patterns that backtrack without bound, and others that match the same texts. `screen.mjs` finds
 * them.
 */
const bounded = {
  '^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$':
    '\\t*[^\\x00-\\x1F:\\x7F][^\\x00-\\x08\\x0A-\\x1F:\\x7F]*',
  '^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$': '\\t*[\\x20-\\x7E][\\t\\x20-\\x7E]*',
  '[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?': '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
  'https://([.\\-_a-zA-Z0-9]+/?){3,1016}':
    'https://(?=([.\\-_a-zA-Z0-9]/?){3})[.\\-_a-zA-Z0-9]+(/[.\\-_a-zA-Z0-9]+)*/?',
};

/**
 * The source of a JavaScript pattern for use with the flag `u`, matching whole texts, or undefined
 * where the original uses what JavaScript does not have (possessive quantifiers, inline flags).
 */
export function toJavaScript(pattern) {
  const source = bounded[pattern] ?? rewrite(pattern);
  try {
    new RegExp(`^(?:${source})$`, 'u');
    return source;
  } catch {
    return undefined;
  }
}

function rewrite(original) {
  const dotAll = original.startsWith('(?s)');
  const pattern = dotAll ? original.slice(4) : original;
  let out = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern[i];
    if (char === '\\') {
      const piece = /^\\(p\{(\w+)\}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|.)/su.exec(
        pattern.slice(i),
      );
      if (!piece) return pattern;
      out += escaped(piece, inClass);
      i += piece[0].length - 1;
    } else if (char === '[' && inClass) {
      out += '\\[';
    } else if (char === '-' && inClass && /\\[wsd]$/.test(out)) {
      out += '\\-';
    } else if (char === '.' && !inClass && dotAll) {
      out += '[\\s\\S]';
    } else if (char === '$' && !inClass) {
      // Java lets an anchor be repeated, to no effect.
      out += '$';
      i += /^\$(\{\d+(,\d*)?\})?/.exec(pattern.slice(i))[0].length - 1;
    } else if (!inClass && (char === '{' || char === '}')) {
      const quantifier = /^\{\d+(,\d*)?\}/.exec(pattern.slice(i))?.[0];
      out += quantifier ?? `\\${char}`;
      i += (quantifier?.length ?? 1) - 1;
    } else if (char === ']' && !inClass) {
      out += '\\]';
    } else {
      if (char === '[') inClass = true;
      if (char === ']') inClass = false;
      out += char;
    }
  }
  return out;
}

function escaped([text, body, property], inClass) {
  if (property) {
    const members = posixClasses[property];
    if (members === undefined) return text;
    return inClass ? members : `[${members}]`;
  }
  if (body === 'Z' || body === 'z') return '$';
  if (body === 'A') return '^';
  if (body === 'h') return inClass ? ' \\t' : '[ \\t]';
  if (body === '-') return inClass ? '\\-' : '-';
  // Under `u` only what has a meaning may be escaped.
  if (/^[^\w^$\\.*+?()[\]{}|/-]$/u.test(body) || body === '_') return body;
  return text;
}
