/**
 * What one run of a monitor found, as one HTML page: no script, nothing fetched, readable in light
 * and dark, on paper, and without seeing the pictures. Every text of the data is escaped.
 */
import type { Figure, Finding, ReportBody, ReportChart, ReportTable } from './body.ts';
import { chartOf, trendOf } from './charts.ts';
import { findingsMarkup } from './findings.ts';
import { element, escaped, short } from './markup.ts';
import { pageStyle } from './style.ts';
import { pictureOf } from './svg.ts';

export interface MonitorPage {
  readonly body: ReportBody;
  readonly title: string;
  /** What was watched, when and against what: a name and a value each. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly atMs: number;
  /** Earlier runs of the same schedule, oldest first. */
  readonly past: readonly PastRun[];
}

export interface PastRun {
  readonly atMs: number;
  /** By the names of the figures. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Lines over the runs; further figures stand in the table alone. */
export const mostTrends = 12;
/** Pictures of distributions; the columns that moved less stand in no picture. */
const mostPictures = 24;

export function renderMonitorPage(page: MonitorPage): string {
  const { body, title } = page;
  const sections = [
    findingsOf(body.findings),
    trendsOf(page),
    chartsOf(body.charts),
    distributionsOf(body),
    ...body.tables.map((table) => section(table.caption, tableOf(table))),
    firstFiguresOf(page),
    notesOf(body.notes),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p class="verdict">${verdictOf(body)} ${escaped(body.summary)}</p>
${factsOf(page)}
</header>
<main>
${sections.filter((one) => one !== '').join('\n')}
</main>
<footer><p>${escaped(reading[body.monitor])}</p></footer>
</body>
</html>
`;
}

/** How to read a page of each kind, in a sentence. */
const reading: Readonly<Record<ReportBody['monitor'], string>> = {
  'Data quality':
    'A distance compares the shape of a column with the baseline: 0 is equal, 1 shares nothing. ' +
    'Columns are judged against the thresholds of the constraints document.',
  'Model quality':
    'A metric is compared with its baseline value as it is; the deviation after ± is of repeated ' +
    'samples of these rows and says how far chance alone moves it.',
  Bias:
    'A metric is compared with its baseline by magnitude: farther from zero is worse. Intervals ' +
    'are of resampled rows; a change within them may be chance.',
  'Feature attribution':
    'The score compares the order of the features by attribution with the baseline: 1 is the ' +
    'same order, under 0.9 is drift. The distance beside it sees magnitudes too.',
};

/** Without a baseline nothing was judged, and nothing is good. */
function verdictOf({ findings, figures, comparisons }: ReportBody): string {
  const count = findings.length;
  const isJudged = figures.some(({ threshold }) => threshold !== undefined);
  if (count === 0 && figures.length > 0 && comparisons.length === 0 && !isJudged) {
    return '<span class="badge plain">Not judged</span>';
  }
  if (count === 0) return '<span class="badge good">No violations</span>';
  return `<span class="badge bad">${count} ${count === 1 ? 'violation' : 'violations'}</span>`;
}

function factsOf({ facts }: MonitorPage): string {
  const items = facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`);
  return `<dl class="facts">${items.join('')}</dl>`;
}

function section(heading: string, content: string): string {
  return `<section><h2>${escaped(heading)}</h2>${content}</section>`;
}

function findingsOf(findings: readonly Finding[]): string {
  return findings.length === 0 ? '' : section('Violations', findingsMarkup(findings));
}

function scrolled(label: string, content: string): string {
  const attributes = { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label };
  return element('div', attributes, content);
}

/** A first run has no course yet: its figures stand in a table. */
function firstFiguresOf({ body, past }: MonitorPage): string {
  if (body.figures.length === 0 || past.length > 0) return '';
  return section('Figures of this run', tableOf(figuresTable(body.figures)));
}

function trendsOf({ body, past, atMs }: MonitorPage): string {
  const { figures } = body;
  if (figures.length === 0 || past.length === 0) return '';
  const pictures = figures.slice(0, mostTrends).map((figure, at) => {
    const points = past.flatMap(({ atMs: x, figures: known }) => {
      const y = known[figure.name];
      return y === undefined ? [] : [[x, y] as const];
    });
    const current = [atMs, figure.value] as const;
    return `<figure><figcaption>${captionOf(figure)}</figcaption>${trendOf(
      figure,
      [...points, current],
      `trend${at}`,
    )}</figure>`;
  });
  const runs = past.length === 1 ? 'the run before' : `${past.length} runs before`;
  const rest = figures.slice(mostTrends);
  const others = rest.length === 0 ? '' : tableOf(figuresTable(rest));
  return section(
    `This run, and ${runs}`,
    `<div class="trends">${pictures.join('')}</div>${others}`,
  );
}

function captionOf(figure: Figure): string {
  const { name, threshold, badIs = 'above' } = figure;
  const limit = threshold === undefined ? '&nbsp;' : `bad ${badIs} ${short(threshold)}`;
  const kind = isBad(figure) ? 'bad' : 'plain';
  const shown = `<span class="${kind}">${spreadOf(figure)}</span>`;
  return `${escaped(name)} ${shown} <small>${limit}</small>`;
}

function isBad({ value, threshold, badIs = 'above' }: Figure): boolean {
  if (threshold === undefined) return false;
  return badIs === 'below' ? value < threshold : value > threshold;
}

function spreadOf({ value, deviation }: Figure): string {
  return deviation === undefined ? short(value) : `${short(value)} ± ${short(deviation)}`;
}

function figuresTable(figures: readonly Figure[]): ReportTable {
  const isJudged = figures.some(({ threshold }) => threshold !== undefined);
  return {
    caption: 'Figures of this run',
    columns: ['Figure', 'Value', ...(isJudged ? ['Bad'] : [])],
    rows: figures.map((figure) => {
      const { name, threshold, badIs = 'above' } = figure;
      const limit = threshold === undefined ? '' : `${badIs} ${short(threshold)}`;
      return [name, spreadOf(figure), ...(isJudged ? [limit] : [])];
    }),
  };
}

function chartsOf(charts: readonly ReportChart[]): string {
  if (charts.length === 0) return '';
  const sections = charts.map((chart, at) => section(chart.title, chartOf(chart, `chart${at}`)));
  return `<div class="charts">${sections.join('')}</div>`;
}

function distributionsOf({ comparisons }: ReportBody): string {
  const shown = comparisons.filter(({ shape }) => shape).slice(0, mostPictures);
  if (shown.length === 0) return '';
  const key =
    '<p class="keys"><span class="key before"></span> baseline ' +
    '<span class="key after"></span> this run</p>';
  const pictures = shown.map((one, at) => {
    const kind = `v-${one.verdict.replaceAll(' ', '-')}`;
    const caption = `${escaped(one.name)} <span class="${kind}">${one.verdict}</span>`;
    return `<figure><figcaption>${caption}</figcaption>${pictureOf(one, at)}</figure>`;
  });
  const left = comparisons.length - shown.length;
  const rest = left > 0 ? `<p>${left} columns that moved less are not shown.</p>` : '';
  return section('Distributions', `${key}<div class="pictures">${pictures.join('')}</div>${rest}`);
}

/** A column with a number in it is set to the right, its head too. */
function tableOf({ caption, columns, rows }: ReportTable): string {
  const isNumeric = columns.map((_, at) => at > 0 && rows.some((row) => isNumber(row[at])));
  // A column without a name has no head: an empty one would be read out.
  const head = columns.map((name, at) =>
    name === '' ? '<td></td>' : `<th scope="col"${classOf(isNumeric[at])}>${escaped(name)}</th>`,
  );
  const lines = rows.map((cells) => {
    const [first = '', ...rest] = cells.map((cell) =>
      isNumber(cell) ? short(cell) : escaped(cell),
    );
    const others = rest.map((cell, at) => `<td${classOf(isNumeric[at + 1])}>${cell}</td>`);
    return `<tr><th scope="row">${first}</th>${others.join('')}</tr>`;
  });
  return scrolled(
    caption,
    `<table><thead><tr>${head.join('')}</tr></thead><tbody>${lines.join('\n')}</tbody></table>`,
  );
}

function isNumber(cell: string | number | undefined): cell is number {
  return typeof cell === 'number';
}

function classOf(isNumeric: boolean | undefined): string {
  return isNumeric ? ' class="number"' : '';
}

function notesOf(notes: readonly string[]): string {
  if (notes.length === 0) return '';
  const items = notes.map((note) => `<li>${escaped(note)}</li>`).join('');
  return section('What to know before you believe it', `<ul>${items}</ul>`);
}
