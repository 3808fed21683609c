/** How plans of roles, activities and findings are shown in a terminal. */

import type { Finding, Listing } from '../server/role-offline.ts';
import type { RoleAnswer } from '../server/role-plans.ts';

export function reportLines({ role, plan, diff, proof }: RoleAnswer): readonly string[] {
  const state = !role.exists
    ? 'to be made'
    : role.managed
      ? 'to be changed'
      : 'made by other means: needs --adopt';
  const held = (expected: string) =>
    proof.filter((one) => one.expected === expected && one.holds).length;
  return [
    `role        ${role.arn} (${state})`,
    `activities  ${plan.activities.join(', ')}`,
    ...diff.flatMap(({ document, change, lines }) => [
      '',
      `${change.padEnd(8)} ${document}`,
      ...lines.map(({ sign, text }) => `${sign} ${text}`),
    ]),
    '',
    `proof       ${held('allowed')} requests are allowed as they must be, ` +
      `${held('refused')} are refused as they must be`,
  ];
}

export function activityLines({ personas, activities }: Listing): readonly string[] {
  const words = (names: readonly string[]) => (names.length > 0 ? names.join(', ') : 'nothing');
  return [
    'personas',
    ...personas.flatMap(({ id, meaning, activities: own }) => [
      `  ${id.padEnd(26)} ${meaning}`,
      ...own.map((activity) => `      ${activity}`),
    ]),
    'activities',
    ...activities.flatMap(({ id, meaning, needs, options }) => [
      `  ${id.padEnd(26)} ${meaning}`,
      `      needs ${words(needs)}; can use ${words(options)}`,
    ]),
  ];
}

export function findingLines(path: string, findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return [`${path}: nothing found`];
  return findings.map(
    ({ severity, code, message, position }) =>
      `${path}:${position.line}:${position.column} ${severity} ${code}: ${message}`,
  );
}
