/** The page of a run: what a reader sees first, what is drawn, and that no data becomes markup. */
import { expect, test } from 'vitest';
import type { ReportBody } from './body.ts';
import { mostFindings } from './findings.ts';
import { type MonitorPage, mostTrends, renderMonitorPage } from './page.ts';

const hostile = '<script>alert("x")</script>';

const body: ReportBody = {
  monitor: 'Model quality',
  summary: '2 of 12 metrics are worse than their baseline.',
  rows: 1_000,
  findings: [
    {
      subject: hostile,
      check: 'LessThanThreshold',
      description: "Metric f2 with 0.46 +/- 0.01 was LessThanThreshold '0.625'",
      advice: { action: 'Retrain with recent data.', evidence: [`f2 fell ${hostile}`] },
    },
  ],
  figures: [{ name: 'f2', value: 0.46, deviation: 0.01, threshold: 0.625, badIs: 'below' }],
  comparisons: [
    {
      name: hostile,
      verdict: 'large',
      shape: { edges: [0, 1, 2], before: [0.5, 0.5], after: [0.1, 0.9] },
    },
  ],
  tables: [{ caption: 'Confusion', columns: ['actual', '0', '1'], rows: [[hostile, 3, 0.123456]] }],
  charts: [
    {
      kind: 'lines',
      title: 'ROC',
      xLabel: 'false positives',
      yLabel: 'true positives',
      series: [
        {
          name: 'ROC',
          points: [
            [0, 0],
            [0.5, Number.NaN],
            [1, 1],
          ],
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Attributions',
      series: ['baseline', 'current'],
      items: [{ label: hostile, values: [0.4, -0.2] }],
    },
  ],
  notes: [hostile],
};

const page: MonitorPage = {
  body,
  title: 'Model quality of churn',
  facts: [['Window', '2026-01-05 09:00 UTC to 2026-01-05 10:00 UTC']],
  atMs: Date.parse('2026-01-05T10:00:00Z'),
  past: [
    { atMs: Date.parse('2026-01-04T10:00:00Z'), figures: { f2: 0.63 } },
    { atMs: Date.parse('2026-01-03T10:00:00Z'), figures: { other: 1 } },
  ],
};

test('the verdict, the reason and what to do stand before everything else', () => {
  const html = renderMonitorPage(page);
  const order = [
    '1 violation<',
    'Retrain with recent data.',
    'LessThanThreshold',
    'ROC',
    'Confusion',
  ];
  const places = order.map((text) => html.indexOf(text));
  expect(places.every((place) => place > 0)).toBe(true);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('no text of the data becomes markup, and nothing is fetched or run', () => {
  const html = renderMonitorPage(page);
  expect(html).not.toContain('<script');
  expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(6);
  expect(html).not.toMatch(/(src|href)="http/);
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
});

test('a figure is drawn over the runs that knew it, with its threshold', () => {
  const html = renderMonitorPage(page);
  expect(html).toContain('f2 over the runs: 0.63, 0.46');
  expect(html).toContain('class="limit"');
  expect(html).toContain('<span class="bad">0.46 ± 0.01</span>');
});

test('every picture has a title and an id of its own', () => {
  const html = renderMonitorPage(page);
  const labels = [...html.matchAll(/aria-labelledby="([^"]+)"/g)].map(([, id]) => id);
  expect(labels).toHaveLength(4);
  expect(new Set(labels).size).toBe(4);
  for (const id of labels) expect(html).toContain(`<title id="${id}">`);
});

test('a run with nothing to show is a page all the same', () => {
  const empty = { findings: [], figures: [], comparisons: [], tables: [], charts: [], notes: [] };
  const html = renderMonitorPage({ ...page, body: { ...body, ...empty }, past: [] });
  expect(html).toContain('No violations');
  expect(html).not.toContain('<section>');
});

test('more figures than lines stand in a table', () => {
  const figures = Array.from({ length: mostTrends + 3 }, (_, i) => ({ name: `m${i}`, value: i }));
  const html = renderMonitorPage({ ...page, body: { ...body, figures } });
  expect(html.match(/<figure>/g)).toHaveLength(mostTrends + 1);
  expect(html).toContain(`m${mostTrends + 2}`);
});

test('the first run has no course: its figures stand in a table', () => {
  const html = renderMonitorPage({ ...page, past: [] });
  expect(html).toContain('Figures of this run');
  expect(html).toContain('<td>0.46 ± 0.01</td><td>below 0.625</td>');
  expect(html).not.toContain('over the runs');
});

test('one run before is one, and the hours are told when both were on one day', () => {
  const past = [{ atMs: Date.parse('2026-01-05T09:00:00Z'), figures: { f2: 0.63 } }];
  const html = renderMonitorPage({ ...page, past });
  expect(html).toContain('This run, and the run before');
  expect(html).toContain('>09:00</text>');
  expect(html).toContain('>10:00</text>');
});

test('of very many violations the first are shown, and how many are not', () => {
  const [finding] = body.findings;
  const findings = Array.from({ length: mostFindings + 7 }, () => finding ?? raise());
  const html = renderMonitorPage({ ...page, body: { ...body, findings } });
  expect(html.match(/<code>/g)).toHaveLength(mostFindings);
  expect(html).toContain('7 more stand in the violations document');
  expect(html).toContain(`${mostFindings + 7} violations<`);
});

test('violations with the same advice stand together, and what speaks for all is told once', () => {
  const finding = (subject: string, action: string, own: string) => ({
    subject,
    check: 'LessThanThreshold',
    description: 'is worse',
    advice: { action, evidence: [`${own} fell.`, 'Few rows were judged.'] },
  });
  const findings = [
    finding('f1', 'Wait for rows.', 'f1'),
    finding('auc', 'Retrain.', 'auc'),
    finding('f2', 'Wait for rows.', 'f2'),
  ];
  const html = renderMonitorPage({ ...page, body: { ...body, findings } });
  expect(html.match(/<h3>Wait for rows.<\/h3>/g)).toHaveLength(1);
  expect(html.match(/Few rows were judged/g)).toHaveLength(2);
  const order = ['Wait for rows.', 'f1 fell.', 'f2 fell.', 'Retrain.', 'auc fell.'];
  const places = order.map((text) => html.indexOf(text));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('where nothing was judged the page does not say that all is well', () => {
  const unjudged = { findings: [], comparisons: [], figures: [{ name: 'CI', value: 0.2 }] };
  const html = renderMonitorPage({ ...page, past: [], body: { ...body, ...unjudged } });
  expect(html).toContain('Not judged');
  expect(html).not.toContain('No violations');
  expect(html).not.toContain('<th scope="col">Bad</th>');
});

test('a column without a name has no head', () => {
  const tables = [{ caption: 'T', columns: ['name', ''], rows: [['a', 'beyond']] }];
  const html = renderMonitorPage({ ...page, body: { ...body, tables } });
  expect(html).toContain('<th scope="col">name</th><td></td>');
});

test('a column of numbers is set to the right with its head, a column of texts is not', () => {
  const rows = [
    ['a', 'told', 1.5],
    ['b', 'told', '–'],
  ];
  const tables = [{ caption: 'Mixed', columns: ['name', 'text', 'value'], rows }];
  const html = renderMonitorPage({ ...page, body: { ...body, tables } });
  expect(html).toContain('<th scope="col">text</th><th scope="col" class="number">value</th>');
  expect(html).toContain('<td>told</td><td class="number">–</td>');
});

test('pictures are as wide as the window, and their texts keep their size', () => {
  const html = renderMonitorPage(page);
  const pictures = html.match(/<svg[^>]*role="img"[^>]*>/g) ?? [];
  expect(pictures).toHaveLength(4);
  for (const picture of pictures) {
    expect(picture).toContain('width="100%"');
    expect(picture).not.toContain('viewBox');
  }
  // Only what is stretched has units of its own, and holds no text.
  for (const [plot] of html.matchAll(/<svg [^>]*viewBox.*?<\/svg>/g)) {
    expect(plot).not.toContain('<text');
  }
});

test('what is no number has no bar, and is told', () => {
  const items = [{ label: 'x', values: [Number.POSITIVE_INFINITY, 2] }];
  const chart = { kind: 'bars' as const, title: 'T', series: ['baseline', 'current'], items };
  const empty = { figures: [], comparisons: [], charts: [chart] };
  const html = renderMonitorPage({ ...page, body: { ...body, ...empty } });
  expect(html.match(/<rect/g)).toHaveLength(1);
  expect(html).toContain('>–</text>');
  expect(html).not.toContain('Infinity');
});

function raise(): never {
  throw new Error('the page of the tests has a finding');
}
