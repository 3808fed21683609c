/** The check of pages checked: a sound page passes, and each thing that is wrong is found. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkPage, openBrowser } from './reports.mjs';

let browser;
const folder = mkdtempSync(join(tmpdir(), 'modelkeep-pages-'));

before(async () => {
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const picture = (text = '') =>
  `<svg viewBox="0 0 300 40" width="300" role="img" aria-labelledby="p">
<title id="p">A course</title><path d="M0 0L300 40" stroke="#3b6fb6"/>${text}</svg>`;

const sound = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>A page</title>
<style>body{background:#fff;color:#111;margin:8px}</style></head>
<body><main><h1>A page</h1><h2>Numbers</h2>${picture('<text x="9" y="20">a text</text>')}
<table><thead><tr><th scope="col">name</th></tr></thead><tbody><tr><th scope="row">a</th></tr>
</tbody></table></main></body></html>`;

async function faultsOf(html) {
  const file = join(folder, 'page.html');
  writeFileSync(file, html);
  const results = await checkPage(browser.page, file, folder);
  return results.flatMap(({ state, faults }) => faults.map((fault) => `[${state}] ${fault}`));
}

test('a sound page has no faults', async () => {
  assert.deepEqual(await faultsOf(sound), []);
});

/** What is to be found, by what is put for what. Those of one page do not hide each other. */
const pages = [
  {
    'has a <script>': ['<h2>', '<script>1</script><h2>'],
    'has a handler onclick': ['<h2>', '<h2 onclick="1">'],
    'asks for file:': ['</table>', '</table><img alt="" src="other.png">'],
    'has a <link>': ['<style>', '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><style>'],
    'has no lang': ['<html lang="en">', '<html>'],
    'has not exactly one h1': ['</main>', '<h1>Again</h1></main>'],
    'has an svg without a name': ['aria-labelledby="p"', ''],
    'wide in a window of 360': ['</main>', '<p style="width:500px">far</p></main>'],
    'contrast 1.61: "a text"': ['<text', '<text fill="#ccc"'],
    'on paper: A page': ['</style>', '@media print{h1{color:#ddd}}</style>'],
  },
  {
    'has an h4 after an h1': ['<h2>Numbers</h2>', '<h4>Numbers</h4>'],
    'has a th without a scope': [' scope="row"', ''],
    'color-contrast': ['<h4>', '<p style="color:#aaa">pale</p><h4>'],
    'contrast 1.61: a path': ['stroke="#3b6fb6"', 'fill="none" stroke="#ccc"'],
    'cut off: "beyond"': ['</svg>', '<text x="280" y="36">beyond</text></svg>'],
    'over "another"': ['</svg>', '<text x="20" y="21">another</text></svg>'],
    '6.0 pixels high': ['</svg>', '<text x="150" y="20" font-size="6">small</text></svg>'],
    'cut off on paper': [
      '</main>',
      '<div style="overflow:auto"><p style="width:900px">x</p></div></main>',
    ],
  },
];

test('each thing that is wrong is found', async () => {
  for (const wrong of pages) {
    let html = sound;
    for (const [from, to] of Object.values(wrong)) {
      assert.ok(html.includes(from), from);
      html = html.replace(from, to);
    }
    const faults = await faultsOf(html);
    const missed = Object.keys(wrong).filter((fault) => !faults.some((one) => one.includes(fault)));
    assert.deepEqual(missed, [], faults.join('\n'));
  }
});
