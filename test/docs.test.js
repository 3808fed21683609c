var __rewriteRelativeImportExtension = (this && this.__rewriteRelativeImportExtension) || function (path, preserveJsx) {
    if (typeof path === "string" && /^\.\.?\//.test(path)) {
        return path.replace(/\.(tsx)$|((?:\.d)?)((?:\.[^./]+?)?)\.([cm]?)ts$/i, function (m, tsx, d, ext, cm) {
            return tsx ? preserveJsx ? ".jsx" : ".js" : d && (!ext || !cm) ? m : (d + ext + "." + cm.toLowerCase() + "js");
        });
    }
    return path;
};
/**
 * The documentation says what the sources say: generated parts are up to date, every dependency has its
 * reason, every command its row, links lead somewhere. Needs dist/, which `npm test` builds first.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
const longestLine = 120;
const read = (path) => readFileSync(path, 'utf8');
/** Loaded as node loads it: it reads the built code by its own path. */
const load = (path) => import(__rewriteRelativeImportExtension(pathToFileURL(join(process.cwd(), path)).href));
const files = [
    'README.md',
    'ARCHITECTURE.md',
    'STYLE.md',
    'CONTRIBUTING.md',
    'examples/flights/README.md',
    ...readdirSync('docs').map((name) => `docs/${name}`),
];
describe('generated documents', () => {
    test.each(['docs/configuration.md', 'docs/compatibility.md', 'README.md'])('%s is what `npm run docs` writes', async (path) => {
        const { documents } = await load('tools/docs.mjs');
        const texts = await documents();
        expect(read(path)).toBe(texts[path]);
    });
    test('operations are found in every kind of table', async () => {
        const { compatibility } = await load('tools/docs.mjs');
        const services = await compatibility();
        const stateOf = (id, operation) => {
            const service = services.find((one) => one.id === id);
            if (service?.works.includes(operation))
                return 'works';
            if (service?.refuses.includes(operation))
                return 'refuses';
            return service?.missing.includes(operation) ? 'missing' : 'unknown';
        };
        expect(stateOf('s3', 'ListObjectsV2')).toBe('works');
        expect(stateOf('sagemaker', 'CreateModel')).toBe('refuses');
        expect(stateOf('sagemaker', 'ListMonitoringExecutions')).toBe('works');
        expect(stateOf('sagemaker-runtime', 'InvokeEndpoint')).toBe('works');
        expect(stateOf('sagemaker-runtime', 'InvokeEndpointAsync')).toBe('missing');
        expect(stateOf('s3', 'NoSuchOperation')).toBe('unknown');
    });
});
test('every dependency has its sentence, and no other package has one', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'));
    const wanted = Object.keys({ ...dependencies, ...devDependencies });
    const entries = [...read('docs/dependencies.md').matchAll(/^- `([^`]+)`: \S/gm)];
    expect(new Set(entries.map(([, name]) => name))).toEqual(new Set(wanted));
    expect(entries.length).toBe(wanted.length);
});
test('every command has its row in the README, and no other has one', () => {
    const [, table = ''] = /const commands[^=]*= \{([^}]*)\}/.exec(read('src/cli/main.ts')) ?? [];
    const commands = table.split(',').map((name) => name.trim());
    const rows = [...read('README.md').matchAll(/^\| `modelkeep (\w+)/gm)].map(([, name]) => name);
    expect(new Set(rows)).toEqual(new Set(commands.filter((name) => name !== '')));
});
test('the README keeps the place of the transcript and the disclaimer', () => {
    const text = read('README.md');
    expect(text).toMatch(/<!-- demo transcript -->\n```\n/);
    expect(text).toContain('not affiliated with');
});
describe.each(files)('%s', (path) => {
    const text = read(path);
    /** Transcripts and code may be as wide as they are. */
    const prose = text.replace(/^```[\s\S]*?^```/gm, '');
    test('is at most 120 columns wide', () => {
        const wide = prose.split('\n').filter((line) => Array.from(line).length > longestLine);
        expect(wide).toEqual([]);
    });
    test('links to files and headings that are there', () => {
        const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
        const local = targets.filter((target) => !/^https?:/.test(target));
        const broken = local.filter((target) => {
            const [file = '', heading] = target.split('#');
            const to = file === '' ? path : join(dirname(path), file);
            return !existsSync(to) || (heading !== undefined && !headingsOf(to).includes(heading));
        });
        expect(broken).toEqual([]);
    });
    test('names sources that are there', () => {
        const named = [...prose.matchAll(/`((?:src|test|tools|docs|examples)\/[^`\s*{]+)`/g)];
        const gone = named.map(([, source = '']) => source).filter((source) => !existsSync(source));
        expect(gone).toEqual([]);
    });
});
function headingsOf(path) {
    return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'));
}
test('the architecture names folders and files of src that are there', () => {
    const layers = 'kernel|ports|engines|jobs|adapters|wire|services|gateway|server|cli';
    const pattern = new RegExp(`\`((?:${layers})/[A-Za-z0-9/._-]+)\``, 'g');
    const named = [...read('ARCHITECTURE.md').matchAll(pattern)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((path) => !existsSync(join('src', path)))).toEqual([]);
});
