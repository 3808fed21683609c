/**
 * A comparison as one HTML page: no script, nothing fetched, readable in light and dark and without
 * seeing the pictures. Every text of the data is escaped.
 */
import type { FeatureComparison, Report, Verdict } from './compare.ts';
import { escaped, percent, short, shortened } from './markup.ts';
import { measureRows } from './measures.ts';
import { pictureOf } from './svg.ts';
import { summaryOf } from './text.ts';

export function renderHtml(report: Report): string {
  const { baseline, current, features } = report;
  const title = `${baseline.name} and ${current.name}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}: what moved</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>What moved</h1>
<p>${legendOf('before', 'baseline', baseline)} ${legendOf('after', 'current', current)}</p>
<p>${escaped(summaryOf(report))}</p>
</header>
<main>
<div class="scroll" tabindex="0" role="region" aria-label="All columns">
<table>
<caption>All columns, those that moved most first</caption>
<thead><tr>${headings}</tr></thead>
<tbody>
${features.map(row).join('\n')}
</tbody>
</table>
</div>
${features.map(section).join('\n')}
</main>
<footer>${legend}</footer>
</body>
</html>
`;
}

function legendOf(side: 'before' | 'after', what: string, of: Report['baseline']): string {
  const name = `<strong>${escaped(of.name)}</strong>`;
  return `<span class="key ${side}"></span> ${what} ${name}, ${count(of.rows)} rows`;
}

const style = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#fff;--line:#d6dbe1;
--card:#f6f8fa;--before:#3b6fb6;--after:#c65f10;--bad:#a3211b;--warn:#805700;--good:#1d6b36}
@media screen and (prefers-color-scheme:dark){
:root{--ink:#e6e9ee;--soft:#9aa5b3;--paper:#12161c;--line:#323b47;
--card:#1a2029;--before:#7fb0f0;--after:#f2a25c;--bad:#ff8f87;--warn:#e8bf5a;--good:#7bd397}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{margin:0 0 .5rem}h2{margin:0;font-size:1.1rem;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;
padding:1rem;margin:1rem 0}
section p{margin:.25rem 0;color:var(--soft);overflow-wrap:anywhere}
svg{width:100%;height:auto;display:block;margin-top:.5rem}
svg text{fill:var(--soft);font:12px system-ui,sans-serif}
.key{display:inline-block;width:.8em;height:.8em;border-radius:.15em;margin:0 .2em 0 .8em}
.key.before{background:var(--before)}.key.after{background:var(--after)}
.fill-before{fill:var(--before);fill-opacity:.35;stroke:var(--before);stroke-width:1.5}
.fill-after{fill:var(--after);fill-opacity:.3;stroke:var(--after);stroke-width:1.5}
.v-large,.v-missing,.v-type-changed{color:var(--bad);font-weight:600}
.v-moderate,.v-new{color:var(--warn);font-weight:600}.v-none{color:var(--good)}
a{color:var(--before)}footer{color:var(--soft);font-size:.9rem}
details{margin-top:.5rem}summary{cursor:pointer;color:var(--soft)}
section table{width:auto;font-size:.95rem}section td:nth-child(2){text-align:right}
section td:nth-child(3){text-align:left;color:var(--soft);white-space:normal}
@media print{body{max-width:none;padding:0;font-size:11pt}section,tr{break-inside:avoid}
.scroll{overflow:visible}details{display:none}th,td{white-space:normal;overflow-wrap:anywhere;
padding:.2rem .3rem;font-size:9pt}}
`;

const headings = [
  ['Column', 'name of the column'],
  ['Verdict', 'how far it moved'],
  ['Distance', 'largest difference of the cumulative distributions, or of a share'],
  ['W1/σ', 'Wasserstein distance in standard deviations of the baseline'],
  ['PSI', 'population stability index'],
  ['JS', 'Jensen-Shannon distance'],
  ['Mean shift', 'in standard deviations of the baseline'],
  ['Missing', 'share of missing cells, before and after'],
]
  .map(([name, title]) => `<th scope="col" title="${title}">${name}</th>`)
  .join('');

const legend =
  '<p>A column drifted where a distance is 0.1 or more <em>and</em> larger than samples of these ' +
  'sizes differ by chance; it is large from 0.2 (distance), 0.5 (W1/σ), 0.25 (PSI) or 0.3 (JS). ' +
  'Missing cells count from 5 points, values of new categories from one in a hundred. Too few: ' +
  'under 30 values on a side. Probabilities (p) only inform: with enough rows any difference is ' +
  'significant.</p>';

function row(feature: FeatureComparison, at: number): string {
  const { distance, before, after } = feature;
  const missing = [before, after].map((side) => (side ? percent(side.missing01) : '–')).join(' → ');
  const cells = [
    figure(distance?.simple),
    figure(feature.measures?.wasserstein),
    figure(feature.measures?.psi),
    figure(feature.measures?.js),
    feature.meanShift === undefined ? '–' : `${feature.meanShift.toFixed(2)} σ`,
    missing,
  ];
  const name = `<a href="#c${at}">${escaped(feature.name)}</a>`;
  return (
    `<tr><th scope="row">${name}</th><td>${badge(feature.verdict)}</td>` +
    `${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  );
}

function badge(verdict: Verdict): string {
  return `<span class="v-${verdict.replaceAll(' ', '-')}">${verdict}</span>`;
}

function section(feature: FeatureComparison, at: number): string {
  const { name, verdict, reasons = [] } = feature;
  const picture = pictureOf(feature, at);
  const why = reasons.length === 0 ? '' : `<p>${escaped(reasons.join(' · '))}</p>`;
  return (
    `<section id="c${at}" aria-labelledby="h${at}"><h2 id="h${at}">${escaped(name)}</h2>` +
    `<p>${badge(verdict)} · ${escaped(describe(feature))}</p>${why}${picture}` +
    `${detailsOf(feature)}</section>`
  );
}

/** Every measure, behind a click. */
function detailsOf(feature: FeatureComparison): string {
  const rows = measureRows(feature).map(
    ({ name, value, note }) =>
      `<tr><th scope="row">${escaped(name)}</th><td>${value}</td><td>${escaped(note)}</td></tr>`,
  );
  if (rows.length === 0) return '';
  const table = `<table><tbody>${rows.join('')}</tbody></table>`;
  return `<details><summary>All measures</summary>${table}</details>`;
}

function describe({
  before,
  after,
  newCategories = [],
  deviationRatio,
}: FeatureComparison): string {
  const parts: string[] = [];
  if (before && after && before.type !== after.type)
    parts.push(`${before.type} became ${after.type}`);
  else parts.push((before ?? after)?.type ?? 'Unknown');
  if (before?.numbers && after?.numbers) {
    parts.push(
      `mean ${short(before.numbers.mean)} → ${short(after.numbers.mean)}`,
      `standard deviation ${short(before.numbers.deviation)} → ${short(after.numbers.deviation)}` +
        (deviationRatio === undefined ? '' : ` (× ${deviationRatio.toFixed(2)})`),
      `range ${short(before.numbers.min)}–${short(before.numbers.max)} → ` +
        `${short(after.numbers.min)}–${short(after.numbers.max)}`,
    );
  } else if (before && after) {
    parts.push(`${count(before.distinct)} → ${count(after.distinct)} different values`);
  }
  if (newCategories.length > 0) {
    const list = newCategories.map(
      ({ value, share01 }) => `“${shortened(value, longestValue)}” ${percent(share01)}`,
    );
    parts.push(`new: ${list.join(', ')}`);
  }
  return parts.join(' · ');
}

const longestValue = 60;

function figure(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(3);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
