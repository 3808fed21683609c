/** The `explanations` part of an analysis document, written and read. Bias is in other hands. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { KernelShap, LabelShap } from './aggregate.ts';
import type { PdpPart } from './pdp.ts';

export interface ExplanationsDocument {
  readonly version: '1.0';
  readonly explanations: {
    readonly kernel_shap?: KernelShap;
    readonly pdp?: readonly PdpPart[];
  };
}

export function explanationsDocument(
  kernelShap: KernelShap | undefined,
  pdp?: readonly PdpPart[],
): ExplanationsDocument {
  return {
    version: '1.0',
    explanations: { ...(kernelShap && { kernel_shap: kernelShap }), ...(pdp && { pdp }) },
  };
}

export interface ReadExplanations {
  readonly kernelShap: KernelShap;
  readonly notes: readonly string[];
}

/**
 * Global values of a document that other software may have written: keys that are not known are
 * passed over, labels or features that are not numbers are left out with a note.
 */
export function readExplanations(document: unknown): Outcome<ReadExplanations> {
  if (!isRecord(document)) return refuse('the baseline is not a JSON object');
  const { explanations } = document;
  if (!isRecord(explanations)) return refuse('the baseline has no "explanations"');
  const { kernel_shap: kernelShap } = explanations;
  if (!isRecord(kernelShap)) {
    return refuse(
      'the baseline has no "explanations.kernel_shap": it was made without the shap method',
    );
  }
  const notes: string[] = [];
  const labels: [string, LabelShap][] = [];
  for (const [label, part] of Object.entries(kernelShap)) {
    const read = labelOf(label, part, notes);
    if (read) labels.push([label, read]);
  }
  if (labels.length === 0) {
    return refuse('no label of the baseline\'s "kernel_shap" has "global_shap_values"');
  }
  return ok({ kernelShap: Object.fromEntries(labels), notes });
}

function labelOf(label: string, part: unknown, notes: string[]): LabelShap | undefined {
  const values = isRecord(part) ? part.global_shap_values : undefined;
  if (!isRecord(part) || !isRecord(values)) {
    notes.push(`The baseline's ${label} has no "global_shap_values" and is not compared.`);
    return undefined;
  }
  const numbers: [string, number][] = [];
  for (const [feature, value] of Object.entries(values)) {
    if (typeof value === 'number' && Number.isFinite(value)) numbers.push([feature, value]);
    else notes.push(`The baseline's value of ${feature} for ${label} is not a number: left out.`);
  }
  if (numbers.length === 0) {
    notes.push(`The baseline's ${label} has no values and is not compared.`);
    return undefined;
  }
  const { expected_value: expected } = part;
  return {
    global_shap_values: Object.fromEntries(numbers),
    expected_value: typeof expected === 'number' ? expected : Number.NaN,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
