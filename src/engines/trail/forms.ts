/**
 * Lines of the trail without what they have in common. Most of a record is the same in all records
 * of one caller and operation: its form, which is written once a stretch, and records of it say its
 * number and their own values. Read again, lines are what they were, byte by byte.
 *
 *     {"eventVersion":…}                a record of its own
 *     #["{\"eventVersion\":…","…"]      a form, numbered by its place among the forms: 0, 1, …
 *     0⇥2026-01-02T03:04:05Z⇥…          a record: a form's number and the values between its texts
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import { wholeLinesOf } from './lines.ts';

/** The texts around values: one more than there are values. The same object for the same texts. */
export type LineForm = readonly string[];

/** A line as it is written down. */
export interface WrittenLine {
  /** JSON; of a line that has a form its values, with `between` between them. */
  readonly text: string;
  readonly form?: LineForm;
}

/** JSON has it escaped. */
export const between = '\t';
const beginOfForm = '#';
/** Of one stretch; lines of further forms are written whole. */
const mostForms = 1_000;

export function wholeLine({ text, form }: WrittenLine): string {
  return form ? filled(form, text.split(between)) : text;
}

/** The forms of one stretch, for who writes it. */
export class WrittenForms {
  /** Of a form that was used once: undefined. */
  readonly #numbers = new Map<LineForm, number | undefined>();
  #written = 0;

  /** What is written for a line; its form before it when that comes for the second time. */
  textOf(line: WrittenLine): string {
    const { text, form } = line;
    if (!form) return `${text}\n`;
    const known = this.#numbers.get(form);
    if (known !== undefined) return `${known}${between}${text}\n`;
    if (this.#numbers.has(form)) {
      const number = this.#written;
      this.#written += 1;
      this.#numbers.set(form, number);
      return `${beginOfForm}${JSON.stringify(form)}\n${number}${between}${text}\n`;
    }
    if (this.#numbers.size < mostForms) this.#numbers.set(form, undefined);
    return `${wholeLine(line)}\n`;
  }
}

/** JSON lines as they were recorded, of what was written; what cannot be read stays as it is. */
export async function* withForms(content: ByteStream): ByteStream {
  const forms: (LineForm | undefined)[] = [];
  for await (const block of wholeLinesOf(content)) {
    let text = '';
    for (const line of block.split('\n')) {
      if (line.startsWith(beginOfForm)) forms.push(formOf(line));
      else if (line !== '') text += `${lineWith(forms, line)}\n`;
    }
    if (text !== '') yield Buffer.from(text);
  }
}

/** A form that cannot be read keeps its number: those behind it must not be taken for it. */
function formOf(line: string): LineForm | undefined {
  try {
    return JSON.parse(line.slice(beginOfForm.length)) as LineForm;
  } catch {
    return undefined;
  }
}

function lineWith(forms: readonly (LineForm | undefined)[], line: string): string {
  if (line.startsWith('{')) return line;
  const [number, ...values] = line.split(between);
  const form = forms[Number(number)];
  return form && values.length === form.length - 1 ? filled(form, values) : line;
}

function filled(form: LineForm, values: readonly string[]): string {
  let text = form[0] ?? '';
  for (const [at, value] of values.entries()) text += value + (form[at + 1] ?? '');
  return text;
}
