/**
 * Asks the registry for known advisories of what is shipped: exits 1 when one is high or critical. Where
 * the registry has no such service (mirrors often have none), says that nothing was checked and exits 0;
 * with `--required` that is a failure too.
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const timeoutMs = 60_000;
const severe = ['high', 'critical'];

/**
 * @param {string} text what `npm audit --json` printed.
 * @returns {{ checked: false, reason: string } | { checked: true, severe: string[], others: number }}
 */
export function verdictOf(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    return { checked: false, reason: `npm audit printed no JSON: ${text.slice(0, 200)}` };
  }
  if (told.vulnerabilities === undefined) {
    const reason = told.message ?? told.error?.summary ?? told.error?.code ?? 'no answer';
    return { checked: false, reason: String(reason).split('\n')[0] };
  }
  const found = Object.values(told.vulnerabilities);
  const bad = found.filter(({ severity }) => severe.includes(severity));
  return {
    checked: true,
    severe: bad.map(({ name, severity, via }) => {
      const titles = via.map((one) => (typeof one === 'string' ? one : `${one.title} ${one.url}`));
      return `${name}: ${severity}: ${titles.join('; ')}`;
    }),
    others: found.length - bad.length,
  };
}

function main(args) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const asked = spawnSync(npm, ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  const verdict = verdictOf(asked.stdout ?? '');
  if (!verdict.checked) {
    console.log(`advisories: NOT CHECKED, the registry does not tell: ${verdict.reason}`);
    return args.includes('--required') ? 1 : 0;
  }
  for (const line of verdict.severe) console.log(line);
  const { severe: bad, others } = verdict;
  console.log(`advisories: ${bad.length} high or critical, ${others} others in what is shipped`);
  return bad.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2));
