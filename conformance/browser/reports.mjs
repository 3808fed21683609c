/**
 * Opens every page of a folder in a browser as readers do: in light and dark, on a telephone, on a
 * desk and on paper. Says what is wrong with them, closes with `N passed, N failed`, and leaves
 * pictures of what it saw. It knows nothing of what a report says.
 *
 *     node conformance/browser/reports.mjs PAGES [--out FOLDER]
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { drawingFaults, paperFaults, structureFaults } from './in-page.mjs';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const schemes = ['light', 'dark'];
const widths = [360, 1280];
const height = 800;
/** Of A4 within usual margins, at 96 dots an inch. */
const paperWidth = 718;
/** What WCAG asks at level AA, and what its authors advise. */
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const mostExamples = 3;

/** @returns one page for every file, since a new one takes a second, and `close()`. */
export async function openBrowser() {
  const browser = await chromium.launch({
    executablePath,
    args: ['--disable-gpu', '--font-render-hinting=none'],
  });
  const page = await browser.newPage();
  await page.addInitScript({ content: axe.source });
  return { page, close: () => browser.close() };
}

/**
 * @param page of `openBrowser`
 * @param file the path of a page
 * @param output the folder for pictures
 * @returns a list of `{ state, faults }`, one for each way the page was looked at
 */
export async function checkPage(page, file, output) {
  const heard = [];
  const stop = listen(page, file, heard);
  await page.emulateMedia({ media: 'screen', colorScheme: schemes[0] });
  await page.goto(pathToFileURL(file).href);
  const outline = await page.evaluate(structureFaults);
  const results = [{ state: 'outline', faults: outline }];
  const name = basename(file, '.html');
  for (const colorScheme of schemes) {
    for (const width of widths) {
      await page.emulateMedia({ media: 'screen', colorScheme });
      await page.setViewportSize({ width, height });
      const faults = [...(await page.evaluate(drawingFaults)), ...(await axeFaults(page))];
      results.push({ state: `${colorScheme} ${width}`, faults });
      const path = join(output, `${name}-${colorScheme}-${width}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    await page.emulateMedia({ media: 'print', colorScheme });
    await page.setViewportSize({ width: paperWidth, height });
    const faults = await page.evaluate(paperFaults);
    results.push({ state: `${colorScheme} paper`, faults });
  }
  await page.pdf({ path: join(output, `${name}.pdf`), format: 'A4' });
  stop();
  outline.push(...heard);
  return results;
}

/** Notes what the page asks for beside itself, and what it complains of, until the result is called. */
function listen(page, file, heard) {
  const own = pathToFileURL(file).href;
  const listeners = {
    request: (request) => {
      if (request.url() !== own) heard.push(`asks for ${request.url().slice(0, 120)}`);
    },
    console: (message) => heard.push(`says on the console: ${message.text()}`),
    pageerror: (error) => heard.push(`fails: ${error.message}`),
  };
  for (const [event, listener] of Object.entries(listeners)) page.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) page.off(event, listener);
  };
}

async function axeFaults(page) {
  const violations = await page.evaluate(
    async (values) => (await globalThis.axe.run({ runOnly: { type: 'tag', values } })).violations,
    axeTags,
  );
  return violations.map(({ id, help, nodes }) => {
    const where = nodes.slice(0, mostExamples).map(({ target }) => target.join(' '));
    return `${id}: ${help} (${nodes.length}: ${where.join('; ')})`;
  });
}

/** A fault is told once, with the ways of looking in which it was seen. */
function byFault(results) {
  const seen = new Map();
  for (const { state, faults } of results) {
    for (const fault of faults) seen.set(fault, [...(seen.get(fault) ?? []), state]);
  }
  return seen;
}

async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string' } },
  });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0 || !existsSync(folder)) {
    console.error('usage: node conformance/browser/reports.mjs PAGES [--out FOLDER]');
    console.error('PAGES must be one folder that exists');
    return 2;
  }
  const files = readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.html'))
    .map((file) => resolve(folder, file));
  const output = resolve(values.out ?? join(tmpdir(), 'modelkeep-pages'));
  mkdirSync(output, { recursive: true });
  const browser = await openBrowser();
  let [passed, failed] = [0, 0];
  try {
    for (const file of files.toSorted()) {
      const results = await checkPage(browser.page, file, output);
      for (const [fault, states] of byFault(results)) {
        console.log(`${basename(file)} [${states.join(', ')}] ${fault}`);
      }
      const sound = results.filter(({ faults }) => faults.length === 0).length;
      passed += sound;
      failed += results.length - sound;
    }
  } finally {
    await browser.close();
  }
  // A folder without a page is no proof of anything.
  if (files.length === 0) failed += 1;
  console.log(`${files.length} pages; what they look like is in ${output}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
