/**
 * The violations of a page, under what to do about them: violations with the same advice stand
 * together, and evidence that speaks for all of them is told once.
 */
import type { Finding } from './body.ts';
import { escaped } from './markup.ts';

/** Violations with their advice; a document beside the page has them all. */
export const mostFindings = 100;

interface Group {
  readonly action: string;
  /** Of every finding of the group; none of a single one. */
  readonly evidence: readonly string[];
  /** Each with the evidence that is its own. */
  readonly findings: readonly Finding[];
}

/** Empty without findings. Groups and findings stand in the order of the document. */
export function findingsMarkup(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  const shown = findings.slice(0, mostFindings);
  const left = findings.length - shown.length;
  const rest = left > 0 ? `<p>${left} more stand in the violations document.</p>` : '';
  return `<ol class="advice">${grouped(shown).map(groupMarkup).join('\n')}</ol>${rest}`;
}

function grouped(findings: readonly Finding[]): readonly Group[] {
  const byAction = new Map<string, Finding[]>();
  for (const finding of findings) {
    const same = byAction.get(finding.advice.action);
    if (same) same.push(finding);
    else byAction.set(finding.advice.action, [finding]);
  }
  return [...byAction].map(([action, of]) => groupOf(action, of));
}

function groupOf(action: string, findings: readonly Finding[]): Group {
  const [first, ...others] = findings.map(({ advice }) => advice.evidence);
  const shared = (one: string) => others.every((list) => list.includes(one));
  const common = others.length === 0 ? [] : (first ?? []).filter(shared);
  const own = (finding: Finding): Finding => {
    const evidence = finding.advice.evidence.filter((one) => !common.includes(one));
    return { ...finding, advice: { action, evidence } };
  };
  return { action, evidence: common, findings: findings.map(own) };
}

function groupMarkup({ action, evidence, findings }: Group): string {
  const items = findings.map(findingMarkup).join('\n');
  return (
    `<li><h3>${escaped(action)}</h3>${listOf(evidence)}` + `<ul class="findings">${items}</ul></li>`
  );
}

function findingMarkup({ subject, check, description, advice }: Finding): string {
  return (
    `<li><strong>${escaped(subject)}</strong> <code>${escaped(check)}</code>` +
    `<p>${escaped(description)}</p>${listOf(advice.evidence)}</li>`
  );
}

function listOf(sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<ul>${sentences.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>`;
}
